//! The target's threads: as the programs tracked them, joined with the kernel's accounting.

pub mod since;

use super::proc_snapshot::{ProcSnapshot, TaskAccounting};
use super::tasks::comm;
use super::window::Span;
use profiler_common::thread::{FLAG_BASE, FLAG_BORN, FLAG_IN_SYSCALL, ON_CPU, RUNNABLE};
use profiler_common::{Slot, Thread as Tracked, ThreadExit};
use std::collections::{BTreeMap, BTreeSet};

/// A thread as the programs tracked it, with the kernel's accounting of it.
#[derive(Clone, Debug)]
pub struct JoinedThread {
    /// The programs' record, closed at the end of the window.
    pub tracked: Tracked,
    /// Name.
    pub name: String,
    /// End of the thread, monotonic ns; `None` if it was alive at the end of the window.
    pub exited_ns: Option<u64>,
    /// Growth of the kernel's accounting in the window; `None` where it could not be read at both
    /// ends.
    pub kernel: Option<TaskAccounting>,
    /// The part of `kernel.run_delay_ns` from before the window: the kernel books a wait when it is
    /// over.
    pub early_ns: u64,
    /// A wait for a CPU that was under way at the end of the window: `kernel` may lack it.
    pub open_wait_ns: u64,
}

impl JoinedThread {
    /// Returns the start, or when its process joined the target, ns from the start of the window;
    /// `None` if the thread was there already.
    pub fn started_in(&self, span: Span) -> Option<u64> {
        let is_born = self.tracked.flags & FLAG_BORN != 0;
        let is_later = is_born || self.tracked.first_seen_ns > span.start_ns;
        is_later.then(|| self.tracked.first_seen_ns.saturating_sub(span.start_ns))
    }

    /// Returns the end, ns from the start of the window.
    pub fn exited_in(&self, span: Span) -> Option<u64> {
        self.exited_ns.map(|at| at.saturating_sub(span.start_ns))
    }

    /// Returns the growth of the kernel's run time and run delay. Leaves out what the kernel booked
    /// as run delay although the thread slept, or before the window. 0 without the accounting.
    pub fn runnable_ns(&self) -> u64 {
        self.kernel.as_ref().map_or(0, |kernel| {
            let not_waiting = self.early_ns + self.tracked.delayed_dequeue_ns;
            kernel.exec_ns + kernel.run_delay_ns.saturating_sub(not_waiting)
        })
    }
}

/// Joins tracked threads, ended threads, and threads without any event in the window.
pub fn join(
    live: &[Tracked],
    exits: &[ThreadExit],
    before: &ProcSnapshot,
    after: &ProcSnapshot,
    span: Span,
) -> Vec<JoinedThread> {
    let mut threads: Vec<_> = exits.iter().map(|exit| ended(exit, before)).collect();
    threads.extend(
        live.iter()
            .map(|tracked| alive(tracked, before, after, span)),
    );
    add_silent(&mut threads, before, after, span);
    threads.sort_by_key(|thread| (thread.tracked.first_seen_ns, thread.tracked.tid));
    threads
}

/// Adds the threads without any event in the window.
fn add_silent(
    threads: &mut Vec<JoinedThread>,
    before: &ProcSnapshot,
    after: &ProcSnapshot,
    span: Span,
) {
    let ids = |thread: &JoinedThread| [thread.tracked.first_tid, thread.tracked.tid];
    let seen: BTreeSet<u32> = threads.iter().flat_map(ids).collect();
    let unseen = before.threads.keys().filter(|tid| !seen.contains(tid));
    threads.extend(unseen.filter_map(|tid| silent(*tid, before, after, span)));
}

/// Returns the CPU time in the window of processes that have ended, by the kernel's accounting of
/// their threads. `None` if that of a thread is not known.
pub fn cpu_clock_of_ended(threads: &[JoinedThread], after: &ProcSnapshot) -> Option<u64> {
    let ended = |thread: &&JoinedThread| !after.processes.contains_key(&thread.tracked.tgid);
    let threads = threads.iter().filter(ended);
    threads
        .map(|thread| Some(thread.kernel.as_ref()?.exec_ns))
        .sum()
}

fn ended(exit: &ThreadExit, before: &ProcSnapshot) -> JoinedThread {
    let tracked = exit.thread;
    let at_end = TaskAccounting {
        name: String::new(),
        tgid: tracked.tgid,
        exec_ns: exit.kernel_exec_ns,
        run_delay_ns: exit.kernel_run_delay_ns,
        voluntary: exit.kernel_voluntary,
        involuntary: exit.kernel_involuntary,
        faults: exit.kernel_faults,
        runs: false,
    };
    let (kernel, early_ns) = growth(&tracked, before, Some(&at_end));
    JoinedThread {
        tracked,
        name: comm(&exit.comm),
        exited_ns: Some(tracked.since_ns),
        kernel,
        early_ns,
        open_wait_ns: 0,
    }
}

fn alive(
    tracked: &Tracked,
    before: &ProcSnapshot,
    after: &ProcSnapshot,
    span: Span,
) -> JoinedThread {
    let mut tracked = *tracked;
    let open_wait_ns = match tracked.state {
        RUNNABLE => span.end_ns.saturating_sub(tracked.since_ns),
        _ => 0,
    };
    let has_left = is_settled(&tracked);
    close(&mut tracked, span.end_ns);
    let after = after.threads.get(&tracked.tid);
    // A thread that has no CPU is accounted for as when it last had one. To read it takes a while,
    // in which it may run again.
    let at_end = match has_left {
        true => Some(&accounting_at_switch_out(&tracked)),
        // Of one that has got a CPU since, only the name was read.
        false => after.filter(|task| task.exec_ns != 0),
    };
    let at_end = at_end.map(|at_end| with_switches(&tracked, at_end));
    if let Some(at_end) = &at_end {
        // The programs compare the lower half of the kernel's count.
        Slot::exclusive(&mut tracked).account_faults(at_end.faults as u32, true);
    }
    let (kernel, early_ns) = growth(&tracked, before, at_end.as_ref());
    let named = after.or_else(|| before.threads.get(&tracked.tid));
    JoinedThread {
        tracked,
        name: named.map(|task| task.name.clone()).unwrap_or_default(),
        exited_ns: None,
        kernel,
        early_ns,
        open_wait_ns,
    }
}

/// Sets the kernel's counts of switches to those when the thread last left a CPU: it has had one
/// ever since, without a switch. Some threads switch a hundred times until `/proc` is read.
fn with_switches(tracked: &Tracked, at_end: &TaskAccounting) -> TaskAccounting {
    let (voluntary, involuntary) = match tracked.exec_ns {
        0 if tracked.flags & FLAG_BASE == 0 => (at_end.voluntary, at_end.involuntary),
        0 => (
            tracked.base_voluntary.into(),
            tracked.base_involuntary.into(),
        ),
        _ => (
            tracked.kernel_voluntary.into(),
            tracked.kernel_involuntary.into(),
        ),
    };
    TaskAccounting {
        voluntary,
        involuntary,
        ..at_end.clone()
    }
}

/// Returns whether the programs have the kernel's accounting of a thread: it has left its CPU.
pub fn is_settled(tracked: &Tracked) -> bool {
    tracked.state != ON_CPU && tracked.exec_ns != 0
}

/// Closes the thread's current state, and the CPU time of its open system call, at the end of the
/// window.
fn close(tracked: &mut Tracked, end_ns: u64) {
    if tracked.flags & FLAG_IN_SYSCALL != 0 {
        let on_cpu = if tracked.state == ON_CPU {
            tracked.on_cpu_at(end_ns)
        } else {
            tracked.on_cpu_ns
        };
        tracked.syscall_ns += on_cpu.saturating_sub(tracked.enter_on_cpu_ns);
    }
    Slot::exclusive(tracked).advance(end_ns);
}

/// Returns a thread without any event in the window. It slept all the time, or ran all the time if
/// the kernel's accounting says so.
fn silent(
    tid: u32,
    before: &ProcSnapshot,
    after: &ProcSnapshot,
    span: Span,
) -> Option<JoinedThread> {
    let (at_start, at_end) = (before.threads.get(&tid)?, after.threads.get(&tid)?);
    let kernel = at_end.since(at_start);
    let joined_ns = before.joined_ns.get(&at_end.tgid);
    let first_seen_ns = joined_ns.copied().unwrap_or(span.start_ns);
    let mut tracked = Tracked {
        tid,
        tgid: at_end.tgid,
        first_tid: tid,
        first_seen_ns,
        since_ns: span.end_ns,
        ..Tracked::default()
    };
    let length = span.end_ns.saturating_sub(first_seen_ns);
    if kernel.exec_ns > length / 2 {
        tracked.on_cpu_ns = length
    } else {
        tracked.off_cpu_ns = length
    }
    Some(JoinedThread {
        tracked,
        name: at_end.name.clone(),
        exited_ns: None,
        kernel: Some(kernel),
        early_ns: 0,
        open_wait_ns: 0,
    })
}

/// Returns the kernel's accounting when the thread last left a CPU.
fn accounting_at_switch_out(tracked: &Tracked) -> TaskAccounting {
    TaskAccounting {
        tgid: tracked.tgid,
        exec_ns: tracked.exec_ns,
        run_delay_ns: tracked.run_delay_ns,
        voluntary: tracked.kernel_voluntary.into(),
        involuntary: tracked.kernel_involuntary.into(),
        faults: tracked.faults_accounted.into(),
        ..TaskAccounting::default()
    }
}

/// Returns the kernel's accounting at the start of the window, or of the thread if it began later.
/// That of the programs is exact; `/proc` was read a moment before.
fn accounting_at_start(tracked: &Tracked, before: &ProcSnapshot) -> Option<TaskAccounting> {
    if tracked.flags & (FLAG_BASE | FLAG_BORN) != 0 {
        return Some(TaskAccounting {
            exec_ns: tracked.base_exec_ns,
            run_delay_ns: tracked.base_run_delay_ns,
            voluntary: tracked.base_voluntary.into(),
            involuntary: tracked.base_involuntary.into(),
            faults: tracked.faults_base.into(),
            ..TaskAccounting::default()
        });
    }
    // An exec may have given it the id of another thread since.
    before.threads.get(&tracked.first_tid).cloned()
}

/// Returns the growth of the accounting, where it is known at both ends. Returns also the run delay
/// that the kernel had booked when the thread first left a CPU, beyond its wait inside the window.
fn growth(
    tracked: &Tracked,
    before: &ProcSnapshot,
    at_end: Option<&TaskAccounting>,
) -> (Option<TaskAccounting>, u64) {
    let at_start = accounting_at_start(tracked, before);
    let Some((at_start, at_end)) = at_start.zip(at_end) else {
        return (None, 0);
    };
    let booked = tracked.first_run_delay_ns;
    let booked = booked.saturating_sub(at_start.run_delay_ns);
    let early_ns = booked.saturating_sub(tracked.first_run_queue_ns);
    (Some(at_end.since(&at_start)), early_ns)
}

/// The place of each thread in a recording's `threads`, by the serial number that the programs gave
/// it.
#[derive(Debug, Default)]
pub struct ThreadIndex(BTreeMap<u32, usize>);

impl ThreadIndex {
    /// Indexes threads in the order in which a recording lists them.
    pub fn of(threads: &[JoinedThread]) -> Self {
        let serials = threads.iter().map(|thread| thread.tracked.serial);
        // Threads that the programs never saw have the serial 0.
        let seen = serials.enumerate().filter(|(_, serial)| *serial != 0);
        ThreadIndex(seen.map(|(index, serial)| (serial, index)).collect())
    }

    /// Returns the index of a thread. `None` if its end was lost, which `lost_events` counts, or
    /// came too late to be read.
    pub fn get(&self, serial: u32) -> Option<usize> {
        self.0.get(&serial).copied()
    }
}

#[cfg(test)]
mod tests;
