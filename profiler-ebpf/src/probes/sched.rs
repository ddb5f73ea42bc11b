//! Scheduler time, context switches, migrations, and who woke whom.
//!
//! Hooks: `sched_switch`, `sched_waking` (in the waker's context), `sched_wakeup` (when it is on a run queue),
//! `sched_wakeup_new`, `sched_migrate_task`, `sched_process_fork`, `sched_process_exit`, `sched_process_free`.

use crate::config::{
    COLLECTOR_NAME, FIFO_PAIRING, OFF_TASK_COMM, OFF_TASK_EXEC_RUNTIME, OFF_TASK_MAJ_FLT,
    OFF_TASK_NIVCSW, OFF_TASK_NVCSW, OFF_TASK_RUN_DELAY, OFF_TASK_STATE, OFF_TASK_TGID, PAIRING,
    POOL_PAIRING, SWITCH_HAS_STATE,
};
use crate::hook::{Args, Object, hooks};
use crate::maps::{
    BURSTS, EXITED, FIFO, NEAR_WAKES, WAITED, WAKES, add, count, observe, tally, window_start,
};
use crate::probes::syscall::keep_calls;
use crate::track::{
    begin, current, existing, followed, forget, in_slot, now, run_next, running, thread,
};
use aya_ebpf::helpers::bpf_get_current_pid_tgid;
use aya_log_ebpf::warn;
use profiler_common::histogram::Kind;
use profiler_common::thread::{
    Account, FLAG_BORN, FLAG_EXITING, FLAG_IN_SYSCALL, FLAG_MAJOR_BASE, OFF_CPU, RUNNABLE,
};
use profiler_common::ticks::waits_for_events;
use profiler_common::{
    Bursts, LATE_PROCESSES, LONG_WAIT_NS, Thread, ThreadExit, WAKER_IDLE, WAKER_OTHER, WaitedFor,
    wakes,
};

hooks! {
    "sched_switch" => switch as sched_switch, sched_switch_raw;
    "sched_waking" => waking as sched_waking, sched_waking_raw;
    "sched_wakeup" => wakeup as sched_wakeup, sched_wakeup_raw;
    "sched_wakeup_new" => wakeup_new as sched_wakeup_new, sched_wakeup_new_raw;
    "sched_migrate_task" => migrate as sched_migrate_task, sched_migrate_task_raw;
    "sched_process_fork" => fork as sched_process_fork, sched_process_fork_raw;
    "sched_process_exit" => exit as sched_process_exit, sched_process_exit_raw;
    "sched_process_free" => free as sched_process_free, sched_process_free_raw;
}

/// `TASK_DEAD` of the kernel's task states: the last switch of a thread.
const TASK_DEAD: u64 = 0x80;

#[inline(always)]
fn switch(args: Args) {
    let (prev, next) = (args.object::<1>(), args.object::<2>());
    // The previous task is still the current one.
    let (leaves, arrives) = (followed(prev), followed(next));
    if leaves.is_none() && arrives.is_none() {
        return;
    }
    let now = now();
    if let Some(thread) = leaves.and_then(running) {
        let preempted = args.word::<0>() & 0xff != 0;
        leave(thread, prev, prev_state(args, prev), preempted, now);
    }
    if let Some(thread) = arrives.and_then(run_next) {
        arrive(thread, prev, now);
    }
}

#[inline(always)]
fn prev_state(args: Args, prev: Object) -> u64 {
    if SWITCH_HAS_STATE.load() == 1 {
        args.word::<3>() & 0xffff_ffff
    } else {
        prev.read::<u32>(OFF_TASK_STATE.load()).into()
    }
}

/// The rule by which the kernel counts `nvcsw` and `nivcsw`: a switch is voluntary if the task is not runnable and
/// was not preempted.
#[inline(always)]
fn leave(thread: &mut Thread, task: Object, state: u64, preempted: bool, now: u64) {
    let voluntary = !preempted && state != 0;
    if voluntary {
        dealt_with(thread, now);
    }
    if let Some(bursts) = bursts_of(task) {
        bursts.leave(thread.ran_ns, now);
    }
    let account = Account {
        exec_ns: task.read(OFF_TASK_EXEC_RUNTIME.load()),
        run_delay_ns: task.read(OFF_TASK_RUN_DELAY.load()),
    };
    thread.switch_out(now, voluntary, account);
    note_major(thread, task);
    if thread.flags & FLAG_EXITING != 0 && state & TASK_DEAD != 0 {
        finish(thread, task);
    }
}

/// The thread goes to sleep: drops the stamps of receives that cause no send any more.
#[inline(always)]
fn dealt_with(thread: &mut Thread, now: u64) {
    match PAIRING.load() {
        POOL_PAIRING => thread.received.recv_ns = 0,
        FIFO_PAIRING if thread.tid == thread.tgid => loop_waits(thread, now),
        _ => (),
    }
}

/// The loop thread blocks: whether it has dealt with something is known if it waits for events.
#[inline(always)]
fn loop_waits(thread: &Thread, now: u64) {
    if thread.flags & FLAG_IN_SYSCALL == 0 || !waits_for_events(thread.syscall_nr) {
        return;
    }
    let Some(fifo) = FIFO.get_ptr_mut(0) else {
        return;
    };
    // SAFETY: the loop thread is the queue's only reader.
    let fifo = unsafe { &mut *fifo };
    let dealt_with_ns = if fifo.receiver == thread.slot {
        now
    } else if let Some(receiver) = in_slot(fifo.receiver) {
        thread.since_ns.min(receiver.enter_ns)
    } else {
        return;
    };
    fifo.flush(dealt_with_ns);
}

/// The kernel's count of major faults is only known after the fault: taken at each switch, which a major fault causes.
#[inline(always)]
fn note_major(thread: &mut Thread, task: Object) {
    let major = task.read::<u64>(OFF_TASK_MAJ_FLT.load()) as u32;
    thread.major_last = major;
    if thread.flags & FLAG_MAJOR_BASE == 0 {
        thread.flags |= FLAG_MAJOR_BASE;
        thread.major_base = if thread.flags & FLAG_BORN != 0 {
            0
        } else {
            major
        };
    }
}

#[inline(always)]
fn arrive(thread: &mut Thread, prev: Object, now: u64) {
    // An older one has brought it to a CPU before.
    let woken = thread.waking_ns > thread.ran_ns;
    if let Some(waited) = thread.switch_in(now) {
        observe(Kind::RunQueue, waited);
        if waited >= LONG_WAIT_NS {
            charge(prev, waited);
        }
    }
    if woken {
        observe(Kind::WakeupToRun, now.saturating_sub(thread.waking_ns));
    }
}

/// Charges a wait to the process that had the CPU when it ended.
#[inline(always)]
fn charge(task: Object, wait_ns: u64) {
    let tgid: u32 = task.read(OFF_TASK_TGID.load());
    if charge_to(tgid, wait_ns) {
        return;
    }
    let first = WaitedFor {
        count: 1,
        wait_ns,
        comm: comm_of(task),
    };
    // A long recording sees more processes than fit; those that come late are one.
    if WAITED.insert(tgid, first, 0).is_err() && !charge_to(LATE_PROCESSES, wait_ns) {
        count(|counters| counters.lost_waits += 1);
    }
}

/// Charges a wait to an entry, if it is there.
#[inline(always)]
fn charge_to(tgid: u32, wait_ns: u64) -> bool {
    let Some(charged) = WAITED.get_ptr_mut(tgid) else {
        return false;
    };
    // SAFETY: a value of a preallocated map stays in place.
    let (count, sum) = unsafe { (&raw mut (*charged).count, &raw mut (*charged).wait_ns) };
    add(count, 1);
    add(sum, wait_ns);
    true
}

/// Hands an ended thread to the ring buffer and forgets it, so that its id may be used again.
#[inline(always)]
fn finish(thread: &mut Thread, task: Object) {
    let tid = thread.tid;
    keep_calls(thread);
    if let Some(mut entry) = EXITED.reserve::<ThreadExit>(0) {
        // In place: it is too large for the stack.
        let exit = entry.as_mut_ptr();
        // SAFETY: the reserved memory is ours until it is submitted, and every field of it is written.
        unsafe {
            (*exit).thread = *thread;
            (*exit).kernel_exec_ns = task.read(OFF_TASK_EXEC_RUNTIME.load());
            (*exit).kernel_run_delay_ns = task.read(OFF_TASK_RUN_DELAY.load());
            (*exit).kernel_voluntary = task.read(OFF_TASK_NVCSW.load());
            (*exit).kernel_involuntary = task.read(OFF_TASK_NIVCSW.load());
            (*exit).comm = comm_of(task);
        }
        entry.submit(0);
        count(|counters| counters.exits_produced += 1);
    } else {
        count(|counters| counters.exits_dropped += 1);
        warn!((), "no room for the end of thread {}", tid);
    }
    forget(thread);
}

#[inline(always)]
fn comm_of(task: Object) -> [u8; 16] {
    let comm = OFF_TASK_COMM.load();
    let halves: [u64; 2] = [task.read(comm), task.read(comm + 8)];
    let [first, second] = [halves[0].to_ne_bytes(), halves[1].to_ne_bytes()];
    let mut name = [0; 16];
    name[..8].copy_from_slice(&first);
    name[8..].copy_from_slice(&second);
    name
}

#[inline(always)]
fn waking(args: Args) {
    let Some((tgid, tid)) = followed(args.object::<0>()) else {
        return;
    };
    let Some(wakee) = thread(tgid, tid, OFF_CPU) else {
        return;
    };
    let now = now();
    wakee.waking_ns = now;
    if let Some(bursts) = bursts_of(args.object::<0>())
        && let Some(span) = bursts.wake(now)
    {
        observe(Kind::CollectorBurst, span);
    }
    let waker = match current() {
        Some(waker) => waker.serial,
        None if bpf_get_current_pid_tgid() as u32 == 0 => WAKER_IDLE,
        None => WAKER_OTHER,
    };
    count_wake(wakes::key(waker, wakee.serial));
}

#[inline(always)]
fn count_wake(key: u64) {
    if let Some(places) = NEAR_WAKES.get_ptr_mut(0) {
        // SAFETY: the places are this CPU's own.
        let places = unsafe { &mut *places };
        if places[wakes::place_of(key)].count(key) {
            return;
        }
    }
    tally(&WAKES, &key, |counters| counters.lost_wakes += 1);
}

/// Where wake-ups of a task are added up, if it collects garbage.
#[inline(always)]
fn bursts_of(task: Object) -> Option<&'static mut Bursts> {
    let name = COLLECTOR_NAME.load();
    if name == 0 || task.read::<u64>(OFF_TASK_COMM.load()) != name {
        return None;
    }
    let bursts = BURSTS.get_ptr_mut(0)?;
    // SAFETY: an array's memory stays in place. Two CPUs that begin a burst at the same moment would count it twice: the
    // threads are asleep then, and whoever wakes the first of them is alone.
    Some(unsafe { &mut *bursts })
}

#[inline(always)]
fn wakeup(args: Args) {
    let Some((tgid, tid)) = followed(args.object::<0>()) else {
        return;
    };
    let Some(thread) = thread(tgid, tid, OFF_CPU) else {
        return;
    };
    if let Some(off) = thread.wake(now()) {
        observe(Kind::OffCpu, off);
    }
}

/// A new thread is put on a run queue for the first time: no wake-up in anyone's count.
#[inline(always)]
fn wakeup_new(args: Args) {
    let Some((tgid, tid)) = followed(args.object::<0>()) else {
        return;
    };
    if let Some(thread) = thread(tgid, tid, OFF_CPU) {
        thread.advance(now());
        thread.state = RUNNABLE;
    }
}

#[inline(always)]
fn migrate(args: Args) {
    let Some((_, tid)) = followed(args.object::<0>()) else {
        return;
    };
    if window_start().is_none() {
        return;
    }
    // A thread is also placed on a CPU when it is made and when it is first seen here; only moves count.
    if let Some(thread) = existing(tid) {
        thread.moved(now);
    }
}

#[inline(always)]
fn fork(args: Args) {
    let Some((tgid, tid)) = followed(args.object::<1>()) else {
        return;
    };
    if window_start().is_none() {
        return;
    }
    if begin(tgid, tid, OFF_CPU, now()).is_some()
        && let Some(thread) = existing(tid)
    {
        thread.flags |= FLAG_BORN;
    }
}

#[inline(always)]
fn exit(_args: Args) {
    if let Some(thread) = current() {
        thread.begin_to_end(now());
    }
}

/// Nothing of an ended thread runs any more, so that the kernel's account of it is whole. Where switches are watched, its last
/// one has told already.
#[inline(always)]
fn free(args: Args) {
    let task = args.object::<0>();
    if let Some((_, tid)) = followed(task)
        && window_start().is_some()
        && let Some(thread) = existing(tid)
        && thread.flags & FLAG_EXITING != 0
    {
        finish(thread, task);
    }
}
