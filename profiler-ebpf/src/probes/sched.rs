//! Scheduler time: on-CPU, run queue and off-CPU time, switches, migrations, and run-queue blame.
//!
//! Hooks: `sched_switch`, `sched_migrate_task`.
//! Writes: `THREADS` (times, switches, migrations), `RUNNING`, `FIFO`, `GC_BURSTS`,
//! `RUN_QUEUE_BLAME`, `HISTOGRAMS`, and by `timeline` events.

use crate::clock;
use crate::config::{
    ABSENT, FIFO_PAIRING, OFF_CFS_RQ_THROTTLED, OFF_TASK_CFS_RQ, OFF_TASK_EXEC_RUNTIME,
    OFF_TASK_FLAGS, OFF_TASK_LAST_ARRIVAL, OFF_TASK_MAJ_FLT, OFF_TASK_NIVCSW, OFF_TASK_NVCSW,
    OFF_TASK_PID, OFF_TASK_RUN_DELAY, OFF_TASK_STATE, PAIRING, POOL_PAIRING, SWITCH_HAS_STATE,
};
use crate::hook::{Access, Args, Object, hooks};
use crate::maps::{FIFO, RUN_QUEUE_BLAME, count, entry, observe, slot, window_start};
use crate::namespace::any_tgid_of;
use crate::probes::fault;
use crate::probes::lifetime::{comm_of, finish};
use crate::probes::wake::gc_bursts_of;
use crate::timeline;
use crate::track::{Ids, Tracked, ids_of, ids_of_leaving, in_slot, lookup, now, run_next, running};
use profiler_common::event_loop::waits_for_events;
use profiler_common::histogram::Kind;
use profiler_common::numbers::IO_URING_WORKER;
use profiler_common::thread::quota::CfsRunQueue;
use profiler_common::thread::{
    Accounting, FLAG_BASE, FLAG_BORN, FLAG_EXITING, FLAG_IN_SYSCALL, FLAG_MAJOR_BASE,
};
use profiler_common::timeline::{EventKind, OTHER_THREAD, PREEMPTED};
use profiler_common::{LONG_WAIT_NS, OTHER_PROCESSES, RecvStamp, RunQueueBlame};

hooks! {
    "sched_switch" => switch as sched_switch, sched_switch_raw;
    "sched_migrate_task" => migrate as sched_migrate_task, sched_migrate_task_raw;
}

/// `PF_IO_WORKER` of the kernel's task flags: a thread of the kernel's own in a process.
const PF_IO_WORKER: u32 = 0x10;
/// `TASK_DEAD` of the kernel's task states: the last switch of a thread.
const TASK_DEAD: u64 = 0x80;

#[inline(always)]
fn switch<A: Access>(args: Args<A>) {
    let (prev, next) = (args.object::<1>(), args.object::<2>());
    // The previous task is still the current one.
    let (leaves, arrives) = (ids_of_leaving(prev), ids_of(next));
    if leaves.is_none() && arrives.is_none() {
        return;
    }
    let now = now();
    note_switch(args, (prev, leaves), (next, arrives), now);
    if let Some(thread) = leaves.and_then(running) {
        let preempted = args.word::<0>() & 0xff != 0;
        leave(thread, prev, prev_state(args, prev), preempted, now);
    }
    if let Some(thread) = arrives.and_then(|ids| run_next(ids, next.address())) {
        arrive(thread, prev, next, now);
    }
}

/// Adds a switch to the timeline.
#[inline(always)]
fn note_switch<A: Access>(
    args: Args<A>,
    (prev, leaves): (Object<A>, Option<Ids>),
    (next, arrives): (Object<A>, Option<Ids>),
    now: u64,
) {
    if !timeline::is_on() {
        return;
    }
    let preempted = if args.word::<0>() & 0xff != 0 {
        PREEMPTED
    } else {
        0
    };
    let state = prev_state(args, prev) | preempted;
    let next = occupant(next, arrives);
    timeline::add(
        EventKind::Switch,
        occupant(prev, leaves),
        now,
        (next.into(), state),
    );
}

/// Returns the id of a tracked thread, 0 for the idle task, and [`OTHER_THREAD`] for others.
#[inline(always)]
fn occupant<A: Access>(task: Object<A>, tracked: Option<Ids>) -> u32 {
    match tracked {
        Some(ids) => ids.tid,
        None if task.read::<u32>(OFF_TASK_PID.load()) == 0 => 0,
        None => OTHER_THREAD,
    }
}

#[inline(always)]
fn prev_state<A: Access>(args: Args<A>, prev: Object<A>) -> u64 {
    if SWITCH_HAS_STATE.load() == 1 {
        args.word::<3>() & 0xffff_ffff
    } else {
        prev.read::<u32>(OFF_TASK_STATE.load()).into()
    }
}

/// Counts a switch as the kernel counts `nvcsw` and `nivcsw`: it is voluntary if the task is not
/// runnable and was not preempted.
#[inline(always)]
fn leave<A: Access>(thread: Tracked, task: Object<A>, state: u64, preempted: bool, now: u64) {
    let voluntary = !preempted && state != 0;
    if voluntary {
        drop_stale_receives(thread, now);
    }
    if let Some(bursts) = gc_bursts_of(task) {
        bursts.leave(thread.switched_in_ns().get(), now);
        if voluntary {
            bursts.block();
        }
    }
    if let Some(seen_ns) = thread.seen_switch_in() {
        clock::compare(seen_ns, task.read(OFF_TASK_LAST_ARRIVAL.load()));
    }
    let before = timeline::idle_on_cpu(thread);
    thread.switch_out(now, voluntary, accounting(task));
    timeline::add_stolen(thread, before, now);
    thread.leave_run_queue(cfs_run_queue(task));
    note_major(thread, task);
    thread.account_faults(fault::counted(task), false);
    if thread.has(FLAG_EXITING) && state & TASK_DEAD != 0 {
        finish(thread, task);
    }
}

/// The kernel's accounting of a task.
#[inline(always)]
fn accounting<A: Access>(task: Object<A>) -> Accounting {
    Accounting {
        exec_ns: task.read(OFF_TASK_EXEC_RUNTIME.load()),
        run_delay_ns: task.read(OFF_TASK_RUN_DELAY.load()),
        voluntary: task.read::<u64>(OFF_TASK_NVCSW.load()) as u32,
        involuntary: task.read::<u64>(OFF_TASK_NIVCSW.load()) as u32,
    }
}

/// The CFS run queue of a task, where the kernel has CPU quotas.
#[inline(always)]
fn cfs_run_queue<A: Access>(task: Object<A>) -> CfsRunQueue {
    let (queue, throttled) = (OFF_TASK_CFS_RQ.load(), OFF_CFS_RQ_THROTTLED.load());
    if queue == ABSENT || throttled == ABSENT {
        return CfsRunQueue::default();
    }
    let queue = task.follow(queue);
    CfsRunQueue {
        address: queue.address(),
        throttled_ns: queue.read(throttled),
    }
}

/// Drops the stamps of receives that cause no send any more, since the thread goes to sleep.
#[inline(always)]
fn drop_stale_receives(thread: Tracked, now: u64) {
    match PAIRING.load() {
        POOL_PAIRING => thread.received().set(RecvStamp::default()),
        FIFO_PAIRING if thread.first_tid().get() == thread.tgid().get() => loop_waits(thread, now),
        _ => (),
    }
}

/// Flushes the queue of receives, if the loop thread blocks to wait for events.
#[inline(always)]
fn loop_waits(thread: Tracked, now: u64) {
    if !thread.has(FLAG_IN_SYSCALL) || !waits_for_events(thread.syscall_nr().get()) {
        return;
    }
    let Some(fifo) = slot(&FIFO, 0) else { return };
    let receiver = fifo.receiver().get();
    let dealt_with_ns = if receiver == thread.slot().get() {
        now
    } else if let Some(receiver) = in_slot(receiver) {
        thread.since_ns().get().min(receiver.enter_ns().get())
    } else {
        return;
    };
    fifo.flush(dealt_with_ns);
}

/// Stores the kernel's count of major faults. It is right only after the fault, so it is read at
/// each switch, which a major fault causes.
#[inline(always)]
fn note_major<A: Access>(thread: Tracked, task: Object<A>) {
    let major = task.read::<u64>(OFF_TASK_MAJ_FLT.load()) as u32;
    thread.major_last().set(major);
    if !thread.has(FLAG_MAJOR_BASE) {
        let base = if thread.has(FLAG_BORN) { 0 } else { major };
        thread.major_base().set(base);
        thread.change_flags(FLAG_MAJOR_BASE, 0);
    }
}

#[inline(always)]
fn arrive<A: Access>(thread: Tracked, prev: Object<A>, next: Object<A>, now: u64) {
    // An older wake-up has brought it to a CPU before.
    let waking_ns = thread.waking_ns().get();
    let woken = waking_ns > thread.switched_in_ns().get();
    let first = thread.switched_in_ns().get() == 0;
    if !thread.has(FLAG_BASE) {
        thread.note_base(accounting(next));
    }
    if let Some(waited) = thread.switch_in(now) {
        let mut queued = waited;
        if waited >= LONG_WAIT_NS {
            let throttled = thread.throttled(cfs_run_queue(next), waited);
            queued -= throttled;
            if throttled != 0 {
                timeline::add(
                    EventKind::Throttled,
                    thread.tid().get(),
                    now,
                    (throttled, 0),
                );
            }
            if queued >= LONG_WAIT_NS {
                blame(prev, queued);
            }
        }
        observe(Kind::RunQueue, queued);
    }
    if first && next.read::<u32>(OFF_TASK_FLAGS.load()) & PF_IO_WORKER != 0 {
        thread.enter(IO_URING_WORKER, now);
    }
    if woken {
        observe(Kind::WakeupToRun, now.saturating_sub(waking_ns));
    }
}

/// Charges a wait to the process that had the CPU when it ended.
#[inline(always)]
fn blame<A: Access>(task: Object<A>, wait_ns: u64) {
    let tgid = any_tgid_of(task);
    if charge(tgid, wait_ns) {
        return;
    }
    let first = RunQueueBlame {
        count: 1,
        wait_ns,
        comm: comm_of(task),
    };
    // A long recording sees more processes than fit. Those that come late share an entry.
    let full = RUN_QUEUE_BLAME.insert(tgid, first, 0).is_err();
    if full && !charge(OTHER_PROCESSES, wait_ns) {
        count(|counters| counters.lost_blame += 1);
    }
}

/// Charges a wait to an entry; returns whether there is one.
#[inline(always)]
fn charge(tgid: u32, wait_ns: u64) -> bool {
    let Some(blamed) = entry(&RUN_QUEUE_BLAME, tgid) else {
        return false;
    };
    blamed.count().add_shared(1);
    blamed.wait_ns().add_shared(wait_ns);
    true
}

/// A thread is also given a CPU when it is created and when it is first seen here. Only migrations
/// after that count.
#[inline(always)]
fn migrate<A: Access>(args: Args<A>) {
    let Some(ids) = ids_of(args.object::<0>()) else {
        return;
    };
    if window_start().is_some()
        && let Some(thread) = lookup(ids.tid)
    {
        thread.migrated(now);
    }
}
