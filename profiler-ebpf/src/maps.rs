//! The maps, each bounded, and the small operations on them.

pub mod go;

use aya_ebpf::bindings::BPF_F_MMAPABLE;
use aya_ebpf::macros::map;
use aya_ebpf::maps::{Array, HashMap, PerCpuArray, Queue, RingBuf};
use core::borrow::Borrow;
use profiler_common::call_stack::{MAX_STACKS, STACK_SLOTS};
use profiler_common::histogram::{BUCKETS, KINDS, Kind, bucket_of};
use profiler_common::off_cpu::{MAX_SLEEP_STACKS, MAX_WAIT_STACKS, MAX_WAITS};
use profiler_common::peer::{self, MAX_UNIX_PEERS};
use profiler_common::process::{MAX_CGROUPS, MAX_PROCESSES, TARGET_CACHE_LEN};
use profiler_common::python::MAX_PYTHON_THREADS;
use profiler_common::slot::{atomic_add, opaque};
use profiler_common::socket::{MAX_PORTS, MAX_SOCKETS, SOCK_CACHE_LEN};
use profiler_common::syscall::HOT_SYSCALLS;
use profiler_common::timeline::Event;
use profiler_common::wait_object::MAX_WAIT_OBJECTS;
use profiler_common::{
    CallSite, CallSiteSum, CallStack, CgroupKey, Counters, EventLoop, Fifo, Forked, GcBursts,
    GcCall, GcCalls, Goroutines, MAX_THREADS, OpenWait, PeerKey, PeerTraffic, PythonStack,
    PythonThread, RecvStamp, Relays, RunQueueBlame, SleepStack, Slot, SockCacheEntry, Socket,
    StackEntry, SyscallStat, Thread, Tracking, UnixName, WaitKey, WaitObject, WaitSampler,
    WaitStack, WaitSum, event_loop, goroutine, relay, wakes,
};

/// Thread groups that are tracked, with the monotonic time at which they joined the target, ns; 0
/// if they belonged to it from the start or were forked. An ended one leaves the map, since its id
/// may be another's next.
#[map]
pub static TARGETS: HashMap<u32, u64> = HashMap::with_max_entries(MAX_PROCESSES, 0);
/// Thread groups of `TARGETS` by the low bits of their id: most look-ups are of processes that are
/// not tracked, and one in an array takes less than one in a hash. See `process::SHARED`.
#[map]
pub static TARGET_CACHE: Array<u32> = Array::with_max_entries(TARGET_CACHE_LEN, 0);
/// Cgroups whose processes belong to the target, with those of the groups below.
#[map]
pub static CGROUPS: HashMap<CgroupKey, u8> = HashMap::with_max_entries(MAX_CGROUPS, 0);
/// Processes that tracked ones forked in the window, and processes that joined one of `CGROUPS`.
#[map]
pub static FORKED: HashMap<u32, Forked> = HashMap::with_max_entries(MAX_PROCESSES, 0);
/// Monotonic start of the window, ns; 0 outside the window, when nothing is recorded.
#[map]
pub static WINDOW: Array<u64> = Array::with_max_entries(1, 0);
/// The monotonic clock minus the scheduler's, ns; 0 while it is not known. See
/// `profiler_common::sched_clock`.
#[map]
pub static SCHED_CLOCK: Array<u64> = Array::with_max_entries(1, 0);
/// Threads that each CPU began to track.
#[map]
pub static SERIAL: PerCpuArray<u32> = PerCpuArray::with_max_entries(1, 0);
/// Live threads, one a slot. Memory that can be mapped begins with a page, so that a `Thread` lies
/// in whole cache lines.
#[map]
pub static THREADS: Array<Thread> = Array::with_max_entries(MAX_THREADS, BPF_F_MMAPABLE);
/// Slot of a thread id.
#[map]
pub static SLOTS: HashMap<u32, u32> = HashMap::with_max_entries(MAX_THREADS, 0);
/// Slot by the low bits of a thread id, valid if the thread in the slot has that id. A look-up in
/// an array takes less than one in a hash.
#[map]
pub static TID_SLOT_CACHE: Array<u32> = Array::with_max_entries(TID_SLOT_CACHE_LEN, 0);
/// Entries of `TID_SLOT_CACHE`, a power of two.
pub const TID_SLOT_CACHE_LEN: u32 = 1 << 15;
/// Free slots of `THREADS`; the loader adds all of them.
#[map]
pub static FREE_SLOTS: Queue<u32> = Queue::with_max_entries(MAX_THREADS, 0);
/// Slot of the thread that last ran on each CPU: most events come from it.
#[map]
pub static RUNNING: PerCpuArray<u32> = PerCpuArray::with_max_entries(1, 0);
/// The system calls in `syscall::HOT_SYSCALLS`, one row for each slot of `THREADS`.
#[map]
pub static CALLS: Array<SyscallStat> =
    Array::with_max_entries(MAX_THREADS * HOT_SYSCALLS.len() as u32, BPF_F_MMAPABLE);
/// Event loops, one a row. No thread has the first row.
#[map]
pub static EVENT_LOOPS: Array<EventLoop> = Array::with_max_entries(event_loop::ROWS, 0);
/// Free rows of `EVENT_LOOPS`; the loader adds all but the first.
#[map]
pub static FREE_EVENT_LOOPS: Queue<u32> = Queue::with_max_entries(event_loop::ROWS, 0);
/// Other system calls, and those of threads that ended, by `syscall::key`.
#[map]
pub static SYSCALLS: HashMap<u64, SyscallStat> = HashMap::with_max_entries(65_536, 0);
/// Failed system calls by `syscall::error_key`.
#[map]
pub static ERRORS: HashMap<u32, u64> = HashMap::with_max_entries(1024, 0);
/// Wake-ups by pairs of threads, one cache a CPU.
#[map]
pub static WAKE_CACHE: PerCpuArray<wakes::WakeCache> = PerCpuArray::with_max_entries(1, 0);
/// Other wake-ups by `wakes::key`: of pairs whose entry in the cache another pair has. Thousands of
/// threads have more pairs than fit: `Thread::unpaired_wakes` counts the wake-ups of those.
#[map]
pub static WAKES: HashMap<u64, u64> = HashMap::with_max_entries(32_768, 0);
/// Run-queue blame by thread group.
#[map]
pub static RUN_QUEUE_BLAME: HashMap<u32, RunQueueBlame> = HashMap::with_max_entries(1024, 0);
/// TCP sockets of the target, one a slot and a cache line.
#[map]
pub static SOCKETS: Array<Socket> = Array::with_max_entries(MAX_SOCKETS, BPF_F_MMAPABLE);
/// Slot of a socket's address.
#[map]
pub static SOCKET_SLOTS: HashMap<u64, u32> = HashMap::with_max_entries(MAX_SOCKETS, 0);
/// Where sockets were last found, by their hash.
#[map]
pub static SOCK_CACHE: Array<SockCacheEntry> = Array::with_max_entries(SOCK_CACHE_LEN, 0);
/// How many sockets have been tracked.
#[map]
pub static TRACKING: Array<Tracking> = Array::with_max_entries(1, 0);
/// Free slots of `SOCKETS`; the loader adds all of them.
#[map]
pub static FREE_SOCKETS: Queue<u32> = Queue::with_max_entries(MAX_SOCKETS, 0);
/// Ports that processes listen on, the target's and others.
#[map]
pub static LISTENING: HashMap<u16, u8> = HashMap::with_max_entries(MAX_PORTS, 0);
/// Rows of peers other than clients. Keys of others are there from the start.
#[map]
pub static PEERS: HashMap<PeerKey, u32> = HashMap::with_max_entries(peer::ROWS, 0);
/// Traffic with these peers by row, which a socket keeps: finding the key takes many times as long.
#[map]
pub static PEER_TRAFFIC: Array<PeerTraffic> = Array::with_max_entries(peer::ROWS, BPF_F_MMAPABLE);
/// Free rows of `PEER_TRAFFIC`; the loader adds them.
#[map]
pub static FREE_PEERS: Queue<u32> = Queue::with_max_entries(peer::ROWS, 0);
/// Traffic by the name of a Unix socket.
#[map]
pub static UNIX_PEERS: HashMap<UnixName, PeerTraffic> =
    HashMap::with_max_entries(MAX_UNIX_PEERS, 0);
/// Page faults by address in units of 64 KiB.
#[map]
pub static FAULTS: HashMap<u64, u64> = HashMap::with_max_entries(65_536, 0);
/// CPU samples of user code by `code_key`.
#[map]
pub static CODE: HashMap<u64, u64> = HashMap::with_max_entries(32_768, 0);
/// CPU samples by thread and call stack: a table of two halves, in which an entry lies at one of a
/// few places that follow from its key. It takes less than a hash, whose parts no cache holds.
#[map]
pub static STACKS: Array<StackEntry> = Array::with_max_entries(2 * STACK_SLOTS, BPF_F_MMAPABLE);
/// The half of `STACKS` that samples go to, 0 or 1.
#[map]
pub static STACKS_HALF: Array<u64> = Array::with_max_entries(1, 0);
/// Where a stack is read to: it is too large for a program's own stack.
#[map]
pub static STACK_SCRATCH: PerCpuArray<CallStack> = PerCpuArray::with_max_entries(1, 0);
/// Threads that run Python, by their id. The loader fills it.
#[map]
pub static PYTHON_THREADS: HashMap<u32, PythonThread> =
    HashMap::with_max_entries(MAX_PYTHON_THREADS, 0);
/// 1 once `PYTHON_THREADS` has threads: a look-up there takes many times as long.
#[map]
pub static HAS_PYTHON: Array<u64> = Array::with_max_entries(1, 0);
/// Python frames of call stacks, by the hash of the stack.
#[map]
pub static PYTHON_STACKS: HashMap<u64, PythonStack> = HashMap::with_max_entries(MAX_STACKS, 0);
/// Where Python frames are read to.
#[map]
pub static PYTHON_SCRATCH: PerCpuArray<PythonStack> = PerCpuArray::with_max_entries(3, 0);
/// The choice of the waits that are kept.
#[map]
pub static WAIT_SAMPLER: PerCpuArray<WaitSampler> = PerCpuArray::with_max_entries(1, 0);
/// Kept waits of threads that have not returned from their system call yet, by slot.
#[map]
pub static OPEN_WAITS: Array<OpenWait> = Array::with_max_entries(MAX_THREADS, BPF_F_MMAPABLE);
/// Slot, plus 1, of the thread whose kept wait has ended, from one program of `sys_exit` to the
/// next; 0 for none.
#[map]
pub static WAIT_RETURNS: PerCpuArray<u32> = PerCpuArray::with_max_entries(1, 0);
/// Kept waits.
#[map]
pub static WAITS: HashMap<WaitKey, WaitSum> = HashMap::with_max_entries(MAX_WAITS, 0);
/// User code of sleepers and wakers, by the hash of the stack.
#[map]
pub static WAIT_STACKS: HashMap<u64, WaitStack> = HashMap::with_max_entries(MAX_WAIT_STACKS, 0);
/// Stacks of sleepers in the kernel, by their hash.
#[map]
pub static SLEEP_STACKS: HashMap<u64, SleepStack> = HashMap::with_max_entries(MAX_SLEEP_STACKS, 0);
/// Where the user code of a waker and of a sleeper is read to.
#[map]
pub static WAIT_SCRATCH: PerCpuArray<WaitStack> = PerCpuArray::with_max_entries(2, 0);
/// Where the stack of a sleeper in the kernel is read to.
#[map]
pub static SLEEP_SCRATCH: PerCpuArray<SleepStack> = PerCpuArray::with_max_entries(1, 0);
/// Files and peers that threads waited for, by `WaitObject::key`.
#[map]
pub static WAIT_OBJECTS: HashMap<u64, WaitObject> = HashMap::with_max_entries(MAX_WAIT_OBJECTS, 0);
/// Page faults by `call_site::fault_key` and `call_site::kernel_fault_key`.
#[map]
pub static FAULT_SITES: HashMap<u64, u64> = HashMap::with_max_entries(32_768, 0);
/// System calls that manage memory, by stack.
#[map]
pub static MEMORY_STACKS: HashMap<CallSite, CallSiteSum> = HashMap::with_max_entries(8_192, 0);
/// End of the heap of a thread group, as `brk` last returned it.
#[map]
pub static HEAP_ENDS: HashMap<u32, u64> = HashMap::with_max_entries(MAX_PROCESSES, 0);
/// The last receives of goroutines, by `goroutine::set_of`. A set is a cache line.
#[map]
pub static GOROUTINES: Array<Goroutines> = Array::with_max_entries(goroutine::SETS, BPF_F_MMAPABLE);
/// Receives waiting for their send, where pairing is first in, first out.
#[map]
pub static FIFO: Array<Fifo> = Array::with_max_entries(1, 0);
/// Wake-ups of gc threads.
#[map]
pub static GC_BURSTS: Array<GcBursts> = Array::with_max_entries(1, 0);
/// Garbage collections and safepoints under way, by `gc_calls::key`.
#[map]
pub static GC_OPEN: HashMap<u64, GcCall> = HashMap::with_max_entries(1024, 0);
/// Garbage collections and safepoints that have ended.
#[map]
pub static GC_CALLS: PerCpuArray<GcCalls> =
    PerCpuArray::with_max_entries(profiler_common::gc_calls::ENTRIES, 0);
/// Histograms: a row of buckets for each `Kind`. The kernel finds an entry by a table of entries,
/// so that few large ones keep that table in one cache line.
#[map]
pub static HISTOGRAMS: PerCpuArray<[u64; BUCKETS]> = PerCpuArray::with_max_entries(KINDS as u32, 0);
/// Relays by the bucket of their latency, in rows for the same reason.
#[map]
pub static RELAYS: PerCpuArray<[Relays; relay::ROW]> =
    PerCpuArray::with_max_entries(relay::ROWS, 0);
/// Counters of the whole target.
#[map]
pub static COUNTERS: PerCpuArray<Counters> = PerCpuArray::with_max_entries(1, 0);
/// The timeline: a ring for each possible CPU, one after the other. The loader gives it its size.
#[map]
pub static TIMELINE_EVENTS: Array<Event> = Array::with_max_entries(1, BPF_F_MMAPABLE);
/// Events ever added to each CPU's ring.
#[map]
pub static TIMELINE_HEADS: PerCpuArray<u64> = PerCpuArray::with_max_entries(1, 0);
/// Room for the end of every thread that can be alive: they may end at the same moment.
const EXITED_BYTES: u32 = 1 << 23;
/// Threads that ended.
#[map]
pub static EXITED: RingBuf = RingBuf::with_byte_size(EXITED_BYTES, 0);

/// Returns the start of the window, or nothing outside it.
#[inline(always)]
pub fn window_start() -> Option<u64> {
    let start = WINDOW.get_ptr(0)?;
    // SAFETY: the loader changes the value, in one write.
    let start = unsafe { start.read_volatile() };
    (start != 0).then_some(start)
}

/// Returns the slot at an index of an array.
#[inline(always)]
pub fn slot<T>(map: &'static Array<T>, index: u32) -> Option<Slot<'static, T>> {
    let value = map.get_ptr_mut(index)?;
    // SAFETY: an array's memory stays in place, and no reference to it is ever made.
    Some(unsafe { Slot::from_map(value) })
}

/// Returns the entry of a key of a hash.
#[inline(always)]
pub fn entry<K, V>(map: &'static HashMap<K, V>, key: impl Borrow<K>) -> Option<Slot<'static, V>> {
    let value = map.get_ptr_mut(key)?;
    // SAFETY: a value of a preallocated hash stays in place, and no reference to it is ever made.
    Some(unsafe { Slot::from_map(value) })
}

/// Adds a value to a histogram.
#[inline(always)]
pub fn observe(kind: Kind, value: u64) {
    if let Some(row) = HISTOGRAMS.get_ptr_mut(kind as u32) {
        // SAFETY: the row is this CPU's own.
        let row = unsafe { &mut *row };
        if let Some(count) = row.get_mut(opaque(bucket_of(value))) {
            *count += 1;
        }
    }
}

/// Adds a relay to those of its latency.
#[inline(always)]
pub fn observe_relay(stamp: &RecvStamp, now: u64) {
    let bucket = bucket_of(now.saturating_sub(stamp.arrival_ns));
    if let Some(row) = RELAYS.get_ptr_mut((bucket / relay::ROW) as u32) {
        // SAFETY: the row is this CPU's own.
        let row = unsafe { &mut *row };
        row[opaque(bucket) % relay::ROW].add(stamp, now);
    }
}

/// Changes this CPU's counters.
#[inline(always)]
pub fn count(change: impl FnOnce(&mut Counters)) {
    if let Some(counters) = COUNTERS.get_ptr_mut(0) {
        // SAFETY: the set is this CPU's own.
        change(unsafe { &mut *counters });
    }
}

/// Adds one to an entry of a counting map. `lost` counts a loss if the map is full.
#[inline(always)]
pub fn tally<K>(map: &'static HashMap<K, u64>, key: &K, lost: impl FnOnce(&mut Counters)) {
    if let Some(tally) = map.get_ptr_mut(key) {
        // SAFETY: a look-up in a map gives aligned memory that outlives the program's run.
        unsafe { atomic_add(tally, 1) };
    } else if map.insert(key, 1u64, 0).is_err() {
        count(lost);
    }
}
