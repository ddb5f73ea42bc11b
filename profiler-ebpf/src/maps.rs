//! The maps, each bounded, and the small operations on them.

use aya_ebpf::bindings::BPF_F_MMAPABLE;
use aya_ebpf::macros::map;
use aya_ebpf::maps::{Array, HashMap, PerCpuArray, Queue, RingBuf};
use profiler_common::histogram::{BUCKETS, KINDS, Kind, bucket_of};
use profiler_common::socket::{MAX_SOCKETS, NOTES, Note};
use profiler_common::syscall::NEAR_CALLS;
use profiler_common::{
    Bursts, Counters, Fifo, Forwards, GoEvent, Goroutines, MAX_THREADS, Site, SiteSum, Socket,
    Stamp, SyscallStat, Thread, Ticks, WaitedFor, Wakes, forward, goroutine, ticks, wakes,
};

/// Thread groups that are followed besides `TARGET_TGID`.
#[map]
pub static TARGETS: HashMap<u32, u32> = HashMap::with_max_entries(256, 0);
/// Monotonic start of the window in ns; 0 outside of it, when nothing is recorded.
#[map]
pub static WINDOW: Array<u64> = Array::with_max_entries(1, 0);
/// Threads begun on each CPU.
#[map]
pub static SERIAL: PerCpuArray<u32> = PerCpuArray::with_max_entries(1, 0);
/// Live threads, each in a slot of its own. Memory that may be mapped begins with a page, which a `Thread` relies on to
/// lie in whole cache lines.
#[map]
pub static THREADS: Array<Thread> = Array::with_max_entries(MAX_THREADS, BPF_F_MMAPABLE);
/// Slot of a thread id.
#[map]
pub static SLOTS: HashMap<u32, u32> = HashMap::with_max_entries(MAX_THREADS, 0);
/// Slots by the low bits of a thread id, to be believed if the slot's thread is the one that was looked for: an array is
/// cheaper to look into than a hash.
#[map]
pub static NEAR_SLOTS: Array<u32> = Array::with_max_entries(NEAR, 0);
/// Entries of `NEAR_SLOTS`, a power of two: thread ids less than that apart do not meet.
pub const NEAR: u32 = 1 << 15;
/// Slots not in use; the loader puts all of them in.
#[map]
pub static FREE_SLOTS: Queue<u32> = Queue::with_max_entries(MAX_THREADS, 0);
/// Slot of the thread that was last seen running on each CPU: most events come from it.
#[map]
pub static RUNNING: PerCpuArray<u32> = PerCpuArray::with_max_entries(1, 0);
/// The system calls in `syscall::NEAR_CALLS`, a row of places for each slot of `THREADS`.
#[map]
pub static CALLS: Array<SyscallStat> =
    Array::with_max_entries(MAX_THREADS * NEAR_CALLS.len() as u32, BPF_F_MMAPABLE);
/// Ticks of threads that wait for events, each in a row of its own; nobody has the first.
#[map]
pub static TICKS: Array<Ticks> = Array::with_max_entries(ticks::ROWS, 0);
/// Rows of `TICKS` not in use; the loader puts all but the first in.
#[map]
pub static FREE_ROWS: Queue<u32> = Queue::with_max_entries(ticks::ROWS, 0);
/// Other system calls, and those of threads that ended, by `syscall::key`.
#[map]
pub static SYSCALLS: HashMap<u64, SyscallStat> = HashMap::with_max_entries(65_536, 0);
/// Failed system calls by `syscall::error_key`.
#[map]
pub static ERRORS: HashMap<u32, u64> = HashMap::with_max_entries(1024, 0);
/// Wake-ups of pairs of threads, each pair in its place, of which each CPU has its own.
#[map]
pub static NEAR_WAKES: PerCpuArray<[Wakes; wakes::NEAR_WAKES]> =
    PerCpuArray::with_max_entries(1, 0);
/// Other wake-ups, by `wakes::key`: of pairs whose place another has.
#[map]
pub static WAKES: HashMap<u64, u64> = HashMap::with_max_entries(32_768, 0);
/// Who had the CPU that threads of the target waited for, by thread group.
#[map]
pub static WAITED: HashMap<u32, WaitedFor> = HashMap::with_max_entries(1024, 0);
/// Sockets of the target, each in a slot of its own. An array of pages begins with one, so that a `Socket` is a cache line.
#[map]
pub static SOCKETS: Array<Socket> = Array::with_max_entries(MAX_SOCKETS, BPF_F_MMAPABLE);
/// Slot of a socket's address.
#[map]
pub static SOCKET_SLOTS: HashMap<u64, u32> = HashMap::with_max_entries(MAX_SOCKETS, 0);
/// What was last found out about sockets, by their hash.
#[map]
pub static SOCKET_NOTES: Array<Note> = Array::with_max_entries(NOTES, 0);
/// Slots of `SOCKETS` not in use; the loader puts all of them in.
#[map]
pub static FREE_SOCKETS: Queue<u32> = Queue::with_max_entries(MAX_SOCKETS, 0);
/// Ports the target listens on.
#[map]
pub static LISTENING: HashMap<u16, u8> = HashMap::with_max_entries(256, 0);
/// Page faults by address in units of 64 KiB.
#[map]
pub static FAULTS: HashMap<u64, u64> = HashMap::with_max_entries(65_536, 0);
/// Samples of user code by `code_key`.
#[map]
pub static CODE: HashMap<u64, u64> = HashMap::with_max_entries(32_768, 0);
/// Page faults by `site::fault_key` and `site::kernel_fault_key`.
#[map]
pub static FAULT_SITES: HashMap<u64, u64> = HashMap::with_max_entries(32_768, 0);
/// Calls that manage memory, by who made them.
#[map]
pub static MEMORY_SITES: HashMap<Site, SiteSum> = HashMap::with_max_entries(8_192, 0);
/// Where the heap of a thread group ended when `brk` last told.
#[map]
pub static HEAP_ENDS: HashMap<u32, u64> = HashMap::with_max_entries(256, 0);
/// The last receives of goroutines, by `goroutine::set_of`. An array of pages, so that a set is a cache line.
#[map]
pub static GOROUTINES: Array<Goroutines> = Array::with_max_entries(goroutine::SETS, BPF_F_MMAPABLE);
/// Receives waiting for their send, where threads differ.
#[map]
pub static FIFO: Array<Fifo> = Array::with_max_entries(1, 0);
/// Wake-ups of threads that collect garbage.
#[map]
pub static BURSTS: Array<Bursts> = Array::with_max_entries(1, 0);
/// Histograms: a row of buckets for each `Kind`. The kernel finds an entry of such an array by a table of its entries, so that few
/// large ones are cheaper than many small ones: the table stays in one cache line.
#[map]
pub static HISTOGRAMS: PerCpuArray<[u64; BUCKETS]> = PerCpuArray::with_max_entries(KINDS as u32, 0);
/// What forwards were made of, by the bucket of their length, in rows for the same reason.
#[map]
pub static FORWARDS: PerCpuArray<[Forwards; forward::ROW]> =
    PerCpuArray::with_max_entries(forward::ROWS, 0);
/// Counters of the whole target.
#[map]
pub static COUNTERS: PerCpuArray<Counters> = PerCpuArray::with_max_entries(1, 0);
/// What the runtime's own functions were seen doing, by `GoEvent`.
#[map]
pub static RUNTIME_EVENTS: PerCpuArray<u64> =
    PerCpuArray::with_max_entries(GoEvent::EVERY.len() as u32, 0);
/// Threads that ended.
#[map]
pub static EXITED: RingBuf = RingBuf::with_byte_size(1 << 19, 0);

/// Start of the window, or nothing outside of it.
#[inline(always)]
pub fn window_start() -> Option<u64> {
    WINDOW.get(0).copied().filter(|start| *start != 0)
}

/// Adds a value to a distribution.
#[inline(always)]
pub fn observe(kind: Kind, value: u64) {
    if let Some(row) = HISTOGRAMS.get_ptr_mut(kind as u32) {
        // SAFETY: the row is this CPU's own.
        let row = unsafe { &mut *row };
        if let Some(count) = row.get_mut(unknown(bucket_of(value))) {
            *count += 1;
        }
    }
}

/// Adds a forward to those of its length.
#[inline(always)]
pub fn forwarded(stamp: &Stamp, now: u64) {
    let bucket = bucket_of(now.saturating_sub(stamp.arrival_ns));
    if let Some(row) = FORWARDS.get_ptr_mut((bucket / forward::ROW) as u32) {
        // SAFETY: the row is this CPU's own.
        let row = unsafe { &mut *row };
        row[unknown(bucket) % forward::ROW].add(stamp, now);
    }
}

/// The number, of which the compiler knows nothing any more: it would leave out a check that the verifier, which cannot follow so
/// far, insists on.
#[inline(always)]
fn unknown(number: usize) -> usize {
    let mut number = number;
    // SAFETY: it moves a register to itself.
    unsafe { core::arch::asm!("{0} = {0}", inout(reg) number) };
    number
}

/// Changes this CPU's counters.
#[inline(always)]
pub fn count(change: impl FnOnce(&mut Counters)) {
    if let Some(counters) = COUNTERS.get_ptr_mut(0) {
        // SAFETY: the set is this CPU's own.
        change(unsafe { &mut *counters });
    }
}

/// Adds one to an entry of a counting map; `lost` is told when the map is full.
#[inline(always)]
pub fn tally<K>(map: &HashMap<K, u64>, key: &K, lost: impl FnOnce(&mut Counters)) {
    if let Some(tally) = map.get_ptr_mut(key) {
        add(tally, 1);
    } else if map.insert(key, 1u64, 0).is_err() {
        count(lost);
    }
}

/// Adds to a number that other CPUs may change at the same time.
///
/// The BPF target has no atomic types in `core` (it lacks compare-and-swap before its third version), but the
/// instruction itself is as old as BPF.
#[inline(always)]
pub fn add(number: *mut u64, by: u64) {
    // SAFETY: the pointer comes from a map look-up, which gives aligned memory that lives as long as the program.
    unsafe { core::arch::asm!("lock *(u64 *)({0} + 0) += {1}", in(reg) number, in(reg) by) };
}
