//! Requests to block devices: how long they wait for their device, and how long it takes.
//!
//! Hooks: `block_rq_insert`, `block_rq_issue`, `block_rq_merge`, `block_rq_complete`.
//! Writes: `BLOCK_REQUESTS`, `BLOCK_ROWS`, `FREE_BLOCK_ROWS`, `BLOCK_SUMS`, `COUNTERS` (losses).

use crate::config::{
    ABSENT, OFF_DISK_MAJOR, OFF_DISK_MINOR, OFF_QUEUE_DISK, OFF_REQUEST_FLAGS, OFF_REQUEST_LEN,
    OFF_REQUEST_QUEUE, OFF_TASK_FLAGS,
};
use crate::hook::{Access, Args, Object, hooks};
use crate::maps::{count, entry, slot, window_start};
use crate::track::{current_ids, now};
use aya_ebpf::bindings::{BPF_F_MMAPABLE, BPF_NOEXIST};
use aya_ebpf::macros::map;
use aya_ebpf::maps::{Array, HashMap, Queue};
use profiler_common::block_io::{MAX_REQUESTS, OF_KERNEL, OF_OTHERS, OF_TARGET, ROWS, operation};
use profiler_common::{BlockKey, BlockRequest, BlockSum};

hooks! {
    "block_rq_insert" => insert as block_rq_insert, block_rq_insert_raw;
    "block_rq_issue" => issue as block_rq_issue, block_rq_issue_raw;
    "block_rq_merge" => merge as block_rq_merge, block_rq_merge_raw;
    "block_rq_complete" => complete as block_rq_complete, block_rq_complete_raw;
}

/// `task_struct.flags` of a thread of the kernel (`PF_KTHREAD`).
const PF_KTHREAD: u32 = 0x0020_0000;

/// Requests under way, by their address.
#[map]
static BLOCK_REQUESTS: HashMap<u64, BlockRequest> = HashMap::with_max_entries(MAX_REQUESTS, 0);
/// Rows of devices. Keys without a device are there from the start.
#[map]
static BLOCK_ROWS: HashMap<BlockKey, u32> = HashMap::with_max_entries(ROWS, 0);
/// Free rows of `BLOCK_SUMS`; the loader adds them.
#[map]
static FREE_BLOCK_ROWS: Queue<u32> = Queue::with_max_entries(ROWS, 0);
/// Finished requests by row.
#[map]
static BLOCK_SUMS: Array<BlockSum> = Array::with_max_entries(ROWS, BPF_F_MMAPABLE);

/// The scheduler of a device gets a request. One that the driver hands back comes a second time: it
/// keeps its submitter, and has waited since the first.
#[inline(always)]
fn insert<A: Access>(args: Args<A>) {
    let request = args.object::<0>();
    if is_seen() && BLOCK_REQUESTS.get_ptr(request.address()).is_none() {
        begin(request, 0, 0);
    }
}

/// A device gets a request, which may not have been in a queue.
#[inline(always)]
fn issue<A: Access>(args: Args<A>) {
    if !is_seen() {
        return;
    }
    let request = args.object::<0>();
    match entry(&BLOCK_REQUESTS, request.address()) {
        Some(begun) => {
            begun.bytes().set(request.read(OFF_REQUEST_LEN.load()));
            begun.issued_ns().set(now());
        }
        None => begin(request, request.read(OFF_REQUEST_LEN.load()), now()),
    }
}

/// A request becomes part of another one, before its device gets it.
#[inline(always)]
fn merge<A: Access>(args: Args<A>) {
    if is_seen() {
        let _ = BLOCK_REQUESTS.remove(args.word::<0>());
    }
}

/// A request, or a part of it, is done. Runs in an interrupt, mostly.
#[inline(always)]
fn complete<A: Access>(args: Args<A>) {
    if !is_seen() {
        return;
    }
    let request = args.object::<0>();
    let Some(begun) = entry(&BLOCK_REQUESTS, request.address()) else {
        return;
    };
    let rest: u32 = request.read(OFF_REQUEST_LEN.load());
    if (args.word::<2>() as u32) < rest {
        return;
    }
    if begun.issued_ns().get() != 0
        && let Some(sum) = slot(&BLOCK_SUMS, begun.row().get())
    {
        // The status is one byte.
        sum.finish(begun, args.word::<1>() as u8 != 0, now());
    }
    let _ = BLOCK_REQUESTS.remove(request.address());
}

/// Whether the window is open, and the layout of requests is known.
#[inline(always)]
fn is_seen() -> bool {
    OFF_QUEUE_DISK.load() != ABSENT && window_start().is_some()
}

/// Begins a request of the running thread. One that its device got at once waited for no time.
#[inline(always)]
fn begin<A: Access>(request: Object<A>, bytes: u32, issued_ns: u64) {
    let disk = request
        .follow(OFF_REQUEST_QUEUE.load())
        .follow(OFF_QUEUE_DISK.load());
    let key = BlockKey::new(
        disk.read(OFF_DISK_MAJOR.load()),
        disk.read(OFF_DISK_MINOR.load()),
        operation(request.read(OFF_REQUEST_FLAGS.load())),
        submitter::<A>(),
    );
    let begun = BlockRequest {
        inserted_ns: if issued_ns == 0 { now() } else { issued_ns },
        issued_ns,
        row: row_of(key),
        bytes,
    };
    if BLOCK_REQUESTS.insert(request.address(), begun, 0).is_err() {
        count(|counters| counters.lost_block_requests += 1);
    }
}

/// Returns whose thread is running. Insert and issue run in the thread that submits the request, or
/// later in one of the kernel's.
#[inline(always)]
fn submitter<A: Access>() -> u8 {
    if current_ids().is_some() {
        return OF_TARGET;
    }
    let flags: u32 = A::current_task().read(OFF_TASK_FLAGS.load());
    match flags & PF_KTHREAD {
        0 => OF_OTHERS,
        _ => OF_KERNEL,
    }
}

/// Returns the row of a key, or that of all devices without a row.
#[inline(always)]
fn row_of(key: BlockKey) -> u32 {
    if let Some(row) = known_row(key) {
        return row;
    }
    if let Ok(Some(free)) = FREE_BLOCK_ROWS.pop()
        && BLOCK_ROWS.insert(key, free, BPF_NOEXIST.into()).is_err()
    {
        // Another CPU added it at the same moment.
        let _ = FREE_BLOCK_ROWS.push(free, 0);
    }
    let row = known_row(key).or_else(|| known_row(key.other_devices()));
    row.unwrap_or(0)
}

#[inline(always)]
fn known_row(key: BlockKey) -> Option<u32> {
    let row = BLOCK_ROWS.get_ptr(key)?;
    // SAFETY: a value of a preallocated hash stays in place, and a number is written whole.
    Some(unsafe { row.read_volatile() })
}
