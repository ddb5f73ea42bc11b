//! Which threads are followed, and where their state is kept.

use crate::config::{MANY_TARGETS, OFF_TASK_PID, OFF_TASK_TGID, TARGET_TGID};
use crate::hook::Object;
use crate::maps::{
    FREE_SLOTS, NEAR, NEAR_SLOTS, RUNNING, SERIAL, SLOTS, TARGETS, THREADS, count, window_start,
};
use aya_ebpf::bindings::BPF_NOEXIST;
use aya_ebpf::helpers::{bpf_get_current_pid_tgid, bpf_get_smp_processor_id, bpf_ktime_get_ns};
use aya_log_ebpf::{debug, warn};
use profiler_common::Thread;
use profiler_common::thread::{ON_CPU, RUNNABLE};

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
    running(current_ids()?)
}

/// The running thread, whose thread group and id these are, if the window is open.
#[inline(always)]
pub fn running((tgid, tid): (u32, u32)) -> Option<&'static mut Thread> {
    let start = window_start()?;
    let running = RUNNING.get_ptr_mut(0)?;
    // SAFETY: the number is this CPU's own.
    let running = unsafe { &mut *running };
    // What is noted may be out of date: a freed slot has no thread id, and a reused one has another.
    if let Some(thread) = in_slot(*running)
        && thread.tid == tid
    {
        return Some(thread);
    }
    *running = slot_of(tid).or_else(|| begin(tgid, tid, ON_CPU, start))?;
    in_slot(*running)
}

/// Notes which thread runs on this CPU from now on.
#[inline(always)]
pub fn run_next((tgid, tid): (u32, u32)) -> Option<&'static mut Thread> {
    let start = window_start()?;
    let slot = slot_of(tid).or_else(|| begin(tgid, tid, RUNNABLE, start))?;
    if let Some(running) = RUNNING.get_ptr_mut(0) {
        // SAFETY: the number is this CPU's own.
        unsafe { *running = slot };
    }
    in_slot(slot)
}

/// A followed thread's state. On first sight it has been in `state` since the window began.
#[inline(always)]
pub fn thread(tgid: u32, tid: u32, state: u32) -> Option<&'static mut Thread> {
    let start = window_start()?;
    in_slot(slot_of(tid).or_else(|| begin(tgid, tid, state, start))?)
}

/// A followed thread's state, if there is one.
#[inline(always)]
pub fn existing(tid: u32) -> Option<&'static mut Thread> {
    in_slot(slot_of(tid)?)
}

#[inline(always)]
fn slot_of(tid: u32) -> Option<u32> {
    let near = NEAR_SLOTS.get_ptr_mut(tid % NEAR)?;
    // SAFETY: an array's memory stays in place, and a number is written whole.
    let near = unsafe { &mut *near };
    if in_slot(*near)?.tid != tid {
        let slot = SLOTS.get_ptr(tid)?;
        // SAFETY: a value of a preallocated map stays in place, and a slot is written once.
        *near = unsafe { *slot };
    }
    Some(*near)
}

/// The thread in a slot, or what is left of the last one there.
#[inline(always)]
pub fn in_slot(slot: u32) -> Option<&'static mut Thread> {
    let thread = THREADS.get_ptr_mut(slot)?;
    // SAFETY: an array's memory stays in place. Only the CPU that runs a thread, or wakes it while it is off,
    // writes its state: the scheduler orders the two.
    Some(unsafe { &mut *thread })
}

/// Begins to follow a thread that has been in `state` since `since_ns`; returns its slot.
#[inline(never)]
pub fn begin(tgid: u32, tid: u32, state: u32, since_ns: u64) -> Option<u32> {
    let Ok(Some(slot)) = FREE_SLOTS.pop() else {
        count(|counters| counters.lost_threads += 1);
        warn!((), "no room for thread {}", tid);
        return None;
    };
    let thread = in_slot(slot)?;
    // Without its id, so that nobody takes the slot for the thread's before it is.
    *thread = Thread::new(tgid, 0, next_serial(), state, since_ns);
    thread.slot = slot;
    if SLOTS.insert(tid, slot, BPF_NOEXIST.into()).is_err() {
        // Another CPU began with it at the same moment: its slot counts.
        let _ = FREE_SLOTS.push(slot, 0);
        return slot_of(tid);
    }
    thread.tid = tid;
    debug!(
        (),
        "thread {} of process {} first seen in state {}", tid, tgid, state
    );
    Some(slot)
}

/// Forgets a thread, so that its id and its slot may be used again.
#[inline(always)]
pub fn forget(thread: &mut Thread) {
    let tid = core::mem::take(&mut thread.tid);
    // Neither can fail: the entry is there, and the queue has room for every slot.
    let _ = SLOTS.remove(tid);
    let _ = FREE_SLOTS.push(thread.slot, 0);
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
