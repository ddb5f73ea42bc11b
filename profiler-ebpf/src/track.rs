//! Which threads are tracked, and where their state is kept.

use crate::clock::on_monotonic_clock;
use crate::config::{OFF_TASK_LAST_ARRIVAL, OFF_TASK_LAST_QUEUED};
use crate::hook::{Access, Helper, Object, task_address};
use crate::maps::{
    FREE_SLOTS, RUNNING, SERIAL, SLOTS, THREADS, TID_SLOT_CACHE, TID_SLOT_CACHE_LEN, count, slot,
    window_start,
};
use crate::namespace::{is_inner, tgid_of, tid_of};
use crate::targets::{is_target, later_join};
use aya_ebpf::bindings::BPF_NOEXIST;
use aya_ebpf::helpers::{bpf_get_current_pid_tgid, bpf_get_smp_processor_id, bpf_ktime_get_ns};
use aya_log_ebpf::{debug, warn};
use profiler_common::socket::NO_SLOT;
use profiler_common::thread::{ON_CPU, RUNNABLE};
use profiler_common::{Slot, Thread};

/// The state of a tracked thread.
pub type Tracked = Slot<'static, Thread>;

/// The identity of a thread.
#[derive(Clone, Copy)]
pub struct Ids {
    /// Thread group id.
    pub tgid: u32,
    /// Thread id.
    pub tid: u32,
}

/// Monotonic time, ns.
#[inline(always)]
pub fn now() -> u64 {
    // SAFETY: the helper takes no argument and cannot fail.
    unsafe { bpf_ktime_get_ns() }
}

/// Returns the identity of a task, if it is tracked.
#[inline(always)]
pub fn ids_of<A: Access>(task: Object<A>) -> Option<Ids> {
    let tgid = tgid_of(task);
    if !is_target(tgid) {
        return None;
    }
    let tid = tid_of(task);
    Some(Ids { tgid, tid })
}

/// Returns the identity of the task that leaves its CPU, if it is tracked. A task that has ended
/// may have given back its number in a PID namespace.
#[inline(always)]
pub fn ids_of_leaving<A: Access>(task: Object<A>) -> Option<Ids> {
    let ids = ids_of(task);
    if ids.is_some() || !is_inner() {
        return ids;
    }
    let thread = in_slot(last_running()?)?;
    let (tgid, tid) = (thread.tgid().get(), thread.tid().get());
    (tid != 0 && thread.task().get() == task.address()).then_some(Ids { tgid, tid })
}

/// Returns the identity of the running thread, if it is tracked.
#[inline(always)]
pub fn current_ids() -> Option<Ids> {
    if is_inner() {
        return ids_of(Helper::current_task());
    }
    let ids = bpf_get_current_pid_tgid();
    let (tgid, tid) = ((ids >> 32) as u32, ids as u32);
    is_target(tgid).then_some(Ids { tgid, tid })
}

/// Returns the running thread, if it is tracked and the window is open.
#[inline(always)]
pub fn current() -> Option<Tracked> {
    running(current_ids()?)
}

/// Returns the running thread, which has these ids, if the window is open.
#[inline(always)]
pub fn running(ids: Ids) -> Option<Tracked> {
    let start = window_start()?;
    let last = last_running()?;
    // The entry may be out of date: a free slot has no thread id, and a reused one another.
    if let Some(thread) = in_slot(last)
        && thread.tid().get() == ids.tid
    {
        return Some(thread);
    }
    find_running(ids, last, start)
}

/// Finds the running thread where this CPU's entry has another.
#[inline(always)]
fn find_running(ids: Ids, last: u32, start: u64) -> Option<Tracked> {
    let task = task_address();
    if let Some(thread) = in_slot(last)
        && thread.tid().get() != 0
        && thread.task().get() == task
    {
        change_tid(thread, ids.tid);
        return Some(thread);
    }
    let found = slot_of(ids.tid).or_else(|| insert_running(ids, task, start))?;
    set_running(found);
    in_slot(found)
}

/// Begins to track the running thread. It may have got its CPU unseen, after the start of the
/// window.
#[inline(always)]
fn insert_running(ids: Ids, task: u64, start: u64) -> Option<u32> {
    let found = insert(ids, task, ON_CPU, start)?;
    let noted = Helper::current_task().read(OFF_TASK_LAST_ARRIVAL.load());
    if let Some(arrived_ns) = on_monotonic_clock(noted) {
        in_slot(found)?.arrived(arrived_ns);
    }
    Some(found)
}

/// Gives a thread another id: `exec` in a thread other than the leader takes over the leader's.
#[inline(always)]
fn change_tid(thread: Tracked, tid: u32) {
    remove_tid(thread);
    thread.tid().set(tid);
    let slot = thread.slot().get();
    // The id was the leader's, whose entry is of no use any more.
    let _ = SLOTS.insert(tid, slot, 0);
    cache_slot(tid, slot);
}

/// Notes that a thread runs on this CPU from now on.
#[inline(always)]
pub fn run_next(ids: Ids, task: u64) -> Option<Tracked> {
    let start = window_start()?;
    let found = slot_of(ids.tid).or_else(|| insert_queued(ids, task, start))?;
    set_running(found);
    in_slot(found)
}

/// Begins to track a thread that is about to get a CPU. It may have been woken unseen, after the
/// start of the window.
#[inline(always)]
fn insert_queued(ids: Ids, task: u64, start: u64) -> Option<u32> {
    let found = insert(ids, task, RUNNABLE, start)?;
    let noted = Object::<Helper>::at(task as *const u8).read(OFF_TASK_LAST_QUEUED.load());
    if let Some(queued_ns) = on_monotonic_clock(noted) {
        in_slot(found)?.queued(queued_ns);
    }
    Some(found)
}

/// Returns the state of a tracked thread. One that is first seen has been in `state` since
/// the programs track its process.
#[inline(always)]
pub fn thread(ids: Ids, task: u64, state: u32) -> Option<Tracked> {
    let start = window_start()?;
    in_slot(slot_of(ids.tid).or_else(|| insert(ids, task, state, start))?)
}

/// Returns the state of a thread, if it is tracked.
#[inline(always)]
pub fn lookup(tid: u32) -> Option<Tracked> {
    in_slot(slot_of(tid)?)
}

#[inline(always)]
fn last_running() -> Option<u32> {
    let last = RUNNING.get_ptr(0)?;
    // SAFETY: the number is this CPU's own.
    Some(unsafe { last.read_volatile() })
}

#[inline(always)]
fn set_running(slot: u32) {
    if let Some(running) = RUNNING.get_ptr_mut(0) {
        // SAFETY: the number is this CPU's own.
        unsafe { running.write_volatile(slot) };
    }
}

#[inline(always)]
fn slot_of(tid: u32) -> Option<u32> {
    let cached = TID_SLOT_CACHE.get_ptr(tid % TID_SLOT_CACHE_LEN)?;
    // SAFETY: an array's memory stays in place, and a number is written whole.
    let cached = unsafe { cached.read_volatile() };
    if in_slot(cached)?.tid().get() == tid {
        return Some(cached);
    }
    let slot = SLOTS.get_ptr(tid)?;
    // SAFETY: a value of a preallocated hash stays in place, and a number is written whole.
    let slot = unsafe { slot.read_volatile() };
    cache_slot(tid, slot);
    Some(slot)
}

#[inline(always)]
fn cache_slot(tid: u32, slot: u32) {
    if let Some(cached) = TID_SLOT_CACHE.get_ptr_mut(tid % TID_SLOT_CACHE_LEN) {
        // SAFETY: an array's memory stays in place, and a number is written whole.
        unsafe { cached.write_volatile(slot) };
    }
}

/// Returns the thread in a slot; without an id if the slot is free.
///
/// Several CPUs may write to it at once. The run queue's lock orders switches and the wake-ups that
/// end a sleep. `sched_waking` runs under the thread's `pi_lock` instead, and a wake-up of a
/// running thread beside its system calls: these write `waking_ns` and `wakeups` only.
#[inline(always)]
pub fn in_slot(index: u32) -> Option<Tracked> {
    slot(&THREADS, index)
}

/// Begins to track a thread that has been in `state` since `since_ns`, or since its process joined
/// the target if that was later; returns its slot.
#[inline(always)]
pub fn insert(ids: Ids, task: u64, state: u32, since_ns: u64) -> Option<u32> {
    let slot = insert_at(ids.tgid, ids.tid, task, state, since_ns);
    (slot != NO_SLOT).then_some(slot)
}

/// Returns the slot, or `NO_SLOT` if there is no room. Not inlined: a BPF function takes at most
/// five words, and returns one.
#[inline(never)]
fn insert_at(tgid: u32, tid: u32, task: u64, state: u32, since_ns: u64) -> u32 {
    let Ok(Some(slot)) = FREE_SLOTS.pop() else {
        count(|counters| counters.lost_threads += 1);
        warn!((), "no room for thread {}", tid);
        return NO_SLOT;
    };
    let Some(thread) = in_slot(slot) else {
        return NO_SLOT;
    };
    let since_ns = later_join(tgid, since_ns);
    // Without its id, so that no program finds the thread before its slot is known.
    thread.store(Thread::new(tgid, 0, next_serial(), state, since_ns));
    thread.slot().set(slot);
    thread.first_tid().set(tid);
    thread.task().set(task);
    if SLOTS.insert(tid, slot, BPF_NOEXIST.into()).is_err() {
        // Another CPU began to track it at the same moment: its slot counts.
        let _ = FREE_SLOTS.push(slot, 0);
        return slot_of(tid).unwrap_or(NO_SLOT);
    }
    thread.tid().set(tid);
    debug!(
        (),
        "thread {} of process {} first seen in state {}", tid, tgid, state
    );
    slot
}

/// Ends the tracking of a thread, so that its id and its slot can be used again.
#[inline(always)]
pub fn remove(thread: Tracked) {
    remove_tid(thread);
    thread.tid().set(0);
    // Cannot fail: the queue has room for every slot.
    let _ = FREE_SLOTS.push(thread.slot().get(), 0);
}

/// Removes the entry of a thread's id, unless another thread has taken the id over.
#[inline(always)]
fn remove_tid(thread: Tracked) {
    let tid = thread.tid().get();
    let Some(slot) = SLOTS.get_ptr(tid) else {
        return;
    };
    // SAFETY: a value of a preallocated hash stays in place, and a number is written whole.
    if unsafe { slot.read_volatile() } == thread.slot().get() {
        let _ = SLOTS.remove(tid);
    }
}

/// Returns a number that no other thread has: each CPU counts in its own residue class.
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
