//! Which threads are followed, and where their state is kept.

use crate::config::{MANY_TARGETS, OFF_TASK_PID, OFF_TASK_TGID, TARGET_TGID};
use crate::hook::Object;
use crate::maps::{SERIAL, TARGETS, THREADS, count, window_start};
use aya_ebpf::helpers::{bpf_get_current_pid_tgid, bpf_get_smp_processor_id, bpf_ktime_get_ns};
use aya_log_ebpf::{debug, warn};
use profiler_common::Thread;
use profiler_common::thread::ON_CPU;

/// Monotonic time, ns.
#[inline(always)]
pub fn now() -> u64 {
    // SAFETY: the helper takes no argument and cannot fail.
    unsafe { bpf_ktime_get_ns() }
}

/// Whether a thread group is followed.
#[inline(always)]
pub fn is_target(tgid: u32) -> bool {
    tgid == TARGET_TGID.load() || (MANY_TARGETS.load() == 1 && TARGETS.get_ptr(tgid).is_some())
}

/// Thread group and thread id of a task, if it is followed.
#[inline(always)]
pub fn followed(task: Object) -> Option<(u32, u32)> {
    let tgid: u32 = task.read(OFF_TASK_TGID.load());
    if !is_target(tgid) {
        return None;
    }
    Some((tgid, task.read(OFF_TASK_PID.load())))
}

/// Thread group and thread id of the running thread, if it is followed.
#[inline(always)]
pub fn current_ids() -> Option<(u32, u32)> {
    let ids = bpf_get_current_pid_tgid();
    let (tgid, tid) = ((ids >> 32) as u32, ids as u32);
    is_target(tgid).then_some((tgid, tid))
}

/// The running thread, if it is followed and the window is open.
#[inline(always)]
pub fn current() -> Option<&'static mut Thread> {
    let (tgid, tid) = current_ids()?;
    thread(tgid, tid, ON_CPU)
}

/// A followed thread's state. On first sight it has been in `state` since the window began.
#[inline(always)]
pub fn thread(tgid: u32, tid: u32, state: u32) -> Option<&'static mut Thread> {
    let start = window_start()?;
    existing(tid).or_else(|| begin(tgid, tid, state, start))
}

/// A followed thread's state, if there is one.
#[inline(always)]
pub fn existing(tid: u32) -> Option<&'static mut Thread> {
    // SAFETY: a value of a preallocated map stays in place. Only the CPU that runs a thread, or wakes it while it
    // is off, writes its state: the scheduler orders the two.
    THREADS
        .get_ptr_mut(tid)
        .map(|thread| unsafe { &mut *thread })
}

/// Begins to follow a thread that has been in `state` since `since_ns`.
#[inline(never)]
pub fn begin(tgid: u32, tid: u32, state: u32, since_ns: u64) -> Option<&'static mut Thread> {
    let fresh = Thread::new(tgid, tid, next_serial(), state, since_ns);
    if THREADS.insert(tid, fresh, 0).is_err() {
        count(|counters| counters.lost_threads += 1);
        warn!((), "no room for thread {}", tid);
    }
    debug!(
        (),
        "thread {} of process {} first seen in state {}", tid, tgid, state
    );
    existing(tid)
}

/// A number no other thread has: CPUs count on their own, each in its residue class.
#[inline(always)]
fn next_serial() -> u32 {
    const MAX_CPUS: u32 = 1 << 12;
    let Some(begun) = SERIAL.get_ptr_mut(0) else {
        return 0;
    };
    // SAFETY: the number is this CPU's own.
    let begun = unsafe { &mut *begun };
    *begun += 1;
    // SAFETY: the helper takes no argument and cannot fail.
    let cpu = unsafe { bpf_get_smp_processor_id() };
    *begun * MAX_CPUS + cpu
}
