//! Threads that begin and end.
//!
//! Hooks: `sched_process_fork`, `sched_process_exit`, `sched_process_free`. Where `sched_switch` is
//! attached, the last switch of a thread ends it.
//! Writes: `THREADS`, `SLOTS`, `SYSCALLS`, `EXITED`; for processes `TARGETS`, `TARGET_CACHE`,
//! `FORKED`, `HEAP_ENDS`.

use crate::config::{
    FOLLOW_FORKS, OFF_TASK_COMM, OFF_TASK_EXEC_RUNTIME, OFF_TASK_NIVCSW, OFF_TASK_NVCSW,
    OFF_TASK_RUN_DELAY,
};
use crate::hook::{Access, Args, Object, hooks};
use crate::maps::{EXITED, count, window_start};
use crate::namespace::{tgid_of, tid_of};
use crate::probes::cgroup::forked_into;
use crate::probes::fault;
use crate::probes::syscall::{end_worker, keep_hot_syscalls};
use crate::targets::{insert_process, is_target, remove_process};
use crate::track::{Ids, Tracked, current, ids_of, in_slot, insert, lookup, now, remove};
use aya_log_ebpf::warn;
use profiler_common::numbers::IO_URING_WORKER;
use profiler_common::thread::{
    FLAG_BASE, FLAG_BORN, FLAG_EXITING, FLAG_FAULTS_BASE, FLAG_FOUND_ASLEEP, FLAG_IN_SYSCALL,
    OFF_CPU,
};
use profiler_common::{Forked, ThreadExit};

hooks! {
    "sched_process_fork" => fork as sched_process_fork, sched_process_fork_raw;
    "sched_process_exit" => exit as sched_process_exit, sched_process_exit_raw;
    "sched_process_free" => free as sched_process_free, sched_process_free_raw;
}

/// Tracks a new thread. A new process is tracked with its parent or its cgroup, from its first
/// instruction on.
#[inline(always)]
fn fork<A: Access>(args: Args<A>) {
    let (parent, child) = (args.object::<0>(), args.object::<1>());
    if window_start().is_none() {
        return;
    }
    let tgid = tgid_of(child);
    if tgid != 0 && tid_of(child) == tgid {
        // Of a process that has ended, if it is known already: the kernel uses ids again.
        if is_target(tgid) {
            remove_process(tgid);
        }
        if (FOLLOW_FORKS.load() == 1 && is_target(tgid_of(parent))) || forked_into(child) {
            let forked = Forked {
                parent: tgid_of(parent),
                reserved: 0,
                started_ns: now(),
            };
            insert_process(tgid, forked, 0);
        }
    }
    let Some(ids) = ids_of(child) else { return };
    insert_born(ids, child.address());
}

/// Begins to track a thread that has just begun.
#[inline(always)]
pub fn insert_born(ids: Ids, task: u64) {
    if let Some(slot) = insert(ids, task, OFF_CPU, now())
        && let Some(thread) = in_slot(slot)
    {
        // It has entered no system call, and the kernel's accounting of it begins at zero.
        thread.change_flags(FLAG_BORN | FLAG_BASE | FLAG_FAULTS_BASE, FLAG_FOUND_ASLEEP);
    }
}

#[inline(always)]
fn exit<A: Access>(_args: Args<A>) {
    let Some(thread) = current() else { return };
    let now = now();
    if thread.has(FLAG_IN_SYSCALL) && thread.syscall_nr().get() == IO_URING_WORKER {
        end_worker(thread, now);
    }
    thread.begin_exit(now);
}

/// Ends a thread that no CPU runs any more, so that the kernel's accounting of it is final. Where
/// switches are hooked, its last one has ended it already.
#[inline(always)]
fn free<A: Access>(args: Args<A>) {
    let task = args.object::<0>();
    let Some(ids) = ids_of(task) else { return };
    if window_start().is_some()
        && let Some(thread) = lookup(ids.tid)
        && thread.has(FLAG_EXITING)
    {
        finish(thread, task);
    }
    // A process is freed with its main thread, once all others are gone. Another may have the id by
    // then.
    if ids.tid == ids.tgid && lookup(ids.tid).is_none() {
        remove_process(ids.tgid);
    }
}

/// Writes an ended thread to the ring buffer and ends its tracking.
#[inline(always)]
pub fn finish<A: Access>(thread: Tracked, task: Object<A>) {
    keep_hot_syscalls(thread);
    let faults = fault::counted(task);
    thread.account_faults(faults, true);
    if let Some(mut reserved) = EXITED.reserve::<ThreadExit>(0) {
        // In place: it is too large for the stack.
        fill(reserved.as_mut_ptr(), thread, task, faults);
        reserved.submit(0);
        count(|counters| counters.exits_produced += 1);
    } else {
        count(|counters| counters.exits_dropped += 1);
        warn!((), "no room for the end of thread {}", thread.tid().get());
    }
    remove(thread);
}

#[inline(always)]
fn fill<A: Access>(exit: *mut ThreadExit, thread: Tracked, task: Object<A>, faults: u32) {
    let thread = thread.pointer();
    // SAFETY: `exit` is memory that this program reserved.
    let copy = unsafe { &raw mut (*exit).thread };
    // SAFETY: both sides are valid and aligned, and a slot is no reserved memory.
    unsafe { copy.copy_from_nonoverlapping(thread, 1) };
    macro_rules! set {
        ($($field:ident = $value:expr;)*) => {$(
            let value = $value;
            // SAFETY: `exit` is memory that this program reserved.
            unsafe { (*exit).$field = value };
        )*};
    }
    set! {
        kernel_exec_ns = task.read(OFF_TASK_EXEC_RUNTIME.load());
        kernel_run_delay_ns = task.read(OFF_TASK_RUN_DELAY.load());
        kernel_voluntary = task.read(OFF_TASK_NVCSW.load());
        kernel_involuntary = task.read(OFF_TASK_NIVCSW.load());
        kernel_faults = u64::from(faults);
        comm = comm_of(task);
    }
}

/// Returns the name of a task.
#[inline(always)]
pub fn comm_of<A: Access>(task: Object<A>) -> [u8; 16] {
    let comm = OFF_TASK_COMM.load();
    let halves: [u64; 2] = [task.read(comm), task.read(comm + 8)];
    let [first, second] = [halves[0].to_ne_bytes(), halves[1].to_ne_bytes()];
    let mut name = [0; 16];
    name[..8].copy_from_slice(&first);
    name[8..].copy_from_slice(&second);
    name
}
