//! Wake-ups: how long threads were off, who woke whom, and bursts of gc threads.
//!
//! Hooks: `sched_waking` (in the waker's context), `sched_wakeup` (once on a run queue),
//! `sched_wakeup_new`.
//! Writes: `THREADS` (state, times, wake-ups), `WAKE_CACHE`, `WAKES`, `GC_BURSTS`, `HISTOGRAMS`,
//! by `off_cpu.rs` kept waits, and by `timeline` events.

use crate::config::{GC_THREAD_COMM, OFF_TASK_COMM};
use crate::hook::{Access, Args, Object, hooks};
use crate::maps::{GC_BURSTS, WAKE_CACHE, WAKES, observe, slot, tally, window_start};
use crate::probes::lifetime::insert_born;
use crate::probes::off_cpu;
use crate::timeline;
use crate::track::{Tracked, current, ids_of, lookup, now, thread};
use aya_ebpf::helpers::bpf_get_current_pid_tgid;
use profiler_common::histogram::Kind;
use profiler_common::thread::{FLAG_IN_SYSCALL, OFF_CPU, RUNNABLE};
use profiler_common::timeline::{self as events, EventKind};
use profiler_common::{GcBursts, Slot, WAKER_IDLE, WAKER_OTHER, wakes};

hooks! {
    "sched_waking" => waking as sched_waking, sched_waking_raw;
    "sched_wakeup" => wakeup as sched_wakeup, sched_wakeup_raw;
    "sched_wakeup_new" => wakeup_new as sched_wakeup_new, sched_wakeup_new_raw;
}

/// Returns the state of the task that a hook is about, if it is tracked.
#[inline(always)]
fn subject<A: Access>(task: Object<A>) -> Option<Tracked> {
    thread(ids_of(task)?, task.address(), OFF_CPU)
}

/// Runs under the wakee's `pi_lock`, not under its run queue's lock. The wakee may be running: only
/// `waking_ns` is written.
#[inline(always)]
fn waking<A: Access>(args: Args<A>) {
    let task = args.object::<0>();
    let Some(wakee) = subject(task) else { return };
    let now = now();
    wakee.waking_ns().set(now);
    if let Some(bursts) = gc_bursts_of(task)
        && let Some(span) = bursts.wake(now)
    {
        observe(Kind::GcBurst, span);
    }
    let waker = current();
    let waker_id = match waker {
        Some(waker) => waker.serial().get(),
        None if bpf_get_current_pid_tgid() as u32 == 0 => WAKER_IDLE,
        None => WAKER_OTHER,
    };
    note_waking(wakee, waker, now);
    count_wake(wakee, wakes::key(waker_id, wakee.serial().get()));
    off_cpu::woken(args.context(), (wakee, task), (waker, waker_id), now);
}

/// Adds a wake-up to the timeline. A thread that runs outside of a system call was interrupted.
#[inline(always)]
fn note_waking(wakee: Tracked, waker: Option<Tracked>, now: u64) {
    if !timeline::is_on() {
        return;
    }
    let running = bpf_get_current_pid_tgid() as u32;
    let by = match waker {
        Some(waker) if waker.has(FLAG_IN_SYSCALL) => events::WAKER_THREAD,
        Some(_) => events::WAKER_INTERRUPT,
        None if running == 0 => events::WAKER_IDLE,
        None => events::WAKER_OTHER,
    };
    let tid = waker.map_or(running, |waker| waker.tid().get());
    let numbers = (tid.into(), by);
    timeline::add(EventKind::Waking, wakee.tid().get(), now, numbers);
}

/// Counts a wake-up of a pair of threads; where a pair has no room, of the wakee alone, whose
/// `pi_lock` is held.
#[inline(always)]
fn count_wake(wakee: Tracked, key: u64) {
    if let Some(cache) = WAKE_CACHE.get_ptr_mut(0) {
        // SAFETY: the cache is this CPU's own.
        let cache = unsafe { &mut *cache };
        if cache[wakes::index_of(key)].count(key) {
            return;
        }
    }
    tally(&WAKES, &key, |counters| {
        counters.unpaired_wakes += 1;
        wakee.unpaired_wakes().add(1);
    });
}

/// Returns the bursts that a task's wake-ups belong to, if it is a gc thread.
///
/// Two CPUs that begin a burst at the same moment would count it twice. But gc threads are asleep
/// then, and one waker wakes the first of them.
#[inline(always)]
pub fn gc_bursts_of<A: Access>(task: Object<A>) -> Option<Slot<'static, GcBursts>> {
    let name = GC_THREAD_COMM.load();
    if name == 0 || task.read::<u64>(OFF_TASK_COMM.load()) != name {
        return None;
    }
    slot(&GC_BURSTS, 0)
}

#[inline(always)]
fn wakeup<A: Access>(args: Args<A>) {
    let task = args.object::<0>();
    if let Some(thread) = subject(task)
        && let Some(off) = thread.wake(now())
    {
        observe(Kind::OffCpu, off);
        if let Some(bursts) = gc_bursts_of(task) {
            bursts.unblock();
        }
    }
}

/// A new thread is put on a run queue for the first time, which the kernel counts as no wake-up.
#[inline(always)]
fn wakeup_new<A: Access>(args: Args<A>) {
    let task = args.object::<0>();
    let Some(ids) = ids_of(task) else { return };
    // Threads that the kernel makes for io_uring begin without a fork.
    if window_start().is_some() && lookup(ids.tid).is_none() {
        insert_born(ids, task.address());
    }
    if let Some(thread) = subject(task) {
        let now = now();
        thread.advance(now);
        thread.state().set(RUNNABLE);
        note_waking(thread, current(), now);
    }
}
