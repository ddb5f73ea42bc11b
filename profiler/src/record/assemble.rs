//! From what the maps held to the threads, system calls and faults of a recording.

use super::activity;
use super::drain::Drained;
use super::kernel_truth::{ThreadTruth, Truth};
use super::memory::Places;
use super::names;
use analysis::exact::part;
use profiler_common::thread::{FLAG_BORN, FLAG_IN_SYSCALL, ON_CPU};
use profiler_common::{Slot, SyscallStat, Thread as Tracked, ThreadExit};
use recording::process::{FaultRegion, Faults, Process, Samples, Syscall, Thread};
use std::collections::{BTreeMap, BTreeSet};

/// The window on the monotonic clock.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    /// Its start, ns.
    pub start_ns: u64,
    /// Its end, ns.
    pub end_ns: u64,
}

/// A thread with what the kernel says of it.
#[derive(Clone, Debug)]
pub struct Known {
    /// As it was followed.
    pub tracked: Tracked,
    /// Name.
    pub name: String,
    /// When it ended, monotonic ns.
    pub exited_ns: Option<u64>,
    /// Growth of the kernel's own account in the window, where it could be read at both ends.
    pub truth: Option<ThreadTruth>,
    /// Of the waiting that `truth` tells, what was before the window: the kernel books a wait when it is over.
    pub early_ns: u64,
}

impl Known {
    /// When it began, ns from the start of the window; none if it was there already.
    pub fn started_in(&self, span: Span) -> Option<u64> {
        let is_born = self.tracked.flags & FLAG_BORN != 0;
        is_born.then(|| self.tracked.first_seen_ns.saturating_sub(span.start_ns))
    }

    /// When it ended, ns from the start of the window.
    pub fn exited_in(&self, span: Span) -> Option<u64> {
        self.exited_ns.map(|at| at.saturating_sub(span.start_ns))
    }

    /// Growth of the kernel's run time and run delay, without what it booked as waiting that was none, or was before the
    /// window; 0 where it could not be read.
    pub fn runnable_ns(&self) -> u64 {
        let truth = self.truth.as_ref();
        truth.map_or(0, |truth| {
            let not_waiting = self.early_ns + self.tracked.delayed_dequeue_ns;
            truth.exec_ns + truth.run_delay_ns.saturating_sub(not_waiting)
        })
    }
}

/// Joins followed threads, ended threads and threads that never did anything.
pub fn known_threads(
    live: &[Tracked],
    exits: &[ThreadExit],
    before: &Truth,
    after: &Truth,
    span: Span,
) -> Vec<Known> {
    let mut known: Vec<Known> = exits.iter().map(|exit| ended(exit, before)).collect();
    known.extend(
        live.iter()
            .map(|tracked| alive(tracked, before, after, span)),
    );
    let seen: BTreeSet<u32> = known.iter().map(|known| known.tracked.tid).collect();
    let unseen = before.threads.keys().filter(|tid| !seen.contains(tid));
    known.extend(unseen.filter_map(|tid| silent(*tid, before, after, span)));
    known.sort_by_key(|known| (known.tracked.first_seen_ns, known.tracked.tid));
    known
}

fn ended(exit: &ThreadExit, before: &Truth) -> Known {
    let tracked = exit.thread;
    let base = base_of(&tracked, before);
    let end = exit
        .comm
        .iter()
        .position(|byte| *byte == 0)
        .unwrap_or(exit.comm.len());
    let at_end = ThreadTruth {
        name: String::new(),
        exec_ns: exit.kernel_exec_ns,
        run_delay_ns: exit.kernel_run_delay_ns,
        voluntary: exit.kernel_voluntary,
        involuntary: exit.kernel_involuntary,
    };
    let (truth, early_ns) = account(&tracked, base, Some(&at_end));
    let name = String::from_utf8_lossy(&exit.comm[..end]).into_owned();
    Known {
        tracked,
        name,
        exited_ns: Some(tracked.since_ns),
        truth,
        early_ns,
    }
}

fn alive(tracked: &Tracked, before: &Truth, after: &Truth, span: Span) -> Known {
    let mut tracked = *tracked;
    close(&mut tracked, span.end_ns);
    let after = after.threads.get(&tracked.tid);
    let (truth, early_ns) = account(&tracked, base_of(&tracked, before), after);
    let name = after
        .map(|after| after.name.clone())
        .or_else(|| Some(before.threads.get(&tracked.tid)?.name.clone()));
    Known {
        tracked,
        name: name.unwrap_or_default(),
        exited_ns: None,
        truth,
        early_ns,
    }
}

/// Closes the thread's open stretch, and its open system call's on-CPU time, at the end of the window.
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

/// A thread without any event in the window slept through it, or ran through it if the kernel says so.
fn silent(tid: u32, before: &Truth, after: &Truth, span: Span) -> Option<Known> {
    let (base, end) = (before.threads.get(&tid)?, after.threads.get(&tid)?);
    let truth = growth(base, end);
    let mut tracked = Tracked {
        tid,
        first_seen_ns: span.start_ns,
        since_ns: span.end_ns,
        ..Tracked::default()
    };
    let length = span.end_ns - span.start_ns;
    if truth.exec_ns > length / 2 {
        tracked.on_cpu_ns = length
    } else {
        tracked.off_cpu_ns = length
    }
    Some(Known {
        tracked,
        name: end.name.clone(),
        exited_ns: None,
        truth: Some(truth),
        early_ns: 0,
    })
}

fn base_of(tracked: &Tracked, before: &Truth) -> Option<ThreadTruth> {
    if tracked.flags & FLAG_BORN != 0 {
        return Some(ThreadTruth::default());
    }
    before.threads.get(&tracked.tid).cloned()
}

/// Growth of the kernel's account, where it could be read at both ends; and what it had booked as waiting when the thread first
/// left a CPU, beyond what it waited inside the window.
fn account(
    tracked: &Tracked,
    base: Option<ThreadTruth>,
    end: Option<&ThreadTruth>,
) -> (Option<ThreadTruth>, u64) {
    let Some((base, end)) = base.zip(end) else {
        return (None, 0);
    };
    let booked = tracked.first_run_delay_ns.saturating_sub(base.run_delay_ns);
    let early_ns = booked.saturating_sub(tracked.first_run_queue_ns);
    (Some(growth(&base, end)), early_ns)
}

fn growth(before: &ThreadTruth, after: &ThreadTruth) -> ThreadTruth {
    ThreadTruth {
        name: String::new(),
        exec_ns: after.exec_ns.saturating_sub(before.exec_ns),
        run_delay_ns: after.run_delay_ns.saturating_sub(before.run_delay_ns),
        voluntary: after.voluntary.saturating_sub(before.voluntary),
        involuntary: after.involuntary.saturating_sub(before.involuntary),
    }
}

/// The recording's threads.
pub fn threads(known: &[Known], drained: &Drained, places: Places, span: Span) -> Vec<Thread> {
    let mut code: BTreeMap<u32, BTreeMap<String, u64>> = BTreeMap::new();
    for ((serial, address), count) in &drained.code {
        let classes = code.entry(*serial).or_default();
        *classes
            .entry(places.class_of_code(*address).to_owned())
            .or_default() += count;
    }
    let mut calls: BTreeMap<u32, Vec<(u32, SyscallStat)>> = BTreeMap::new();
    for (serial, nr, stat) in &drained.syscalls {
        calls.entry(*serial).or_default().push((*nr, *stat));
    }
    let mut waits = activity::waits(drained);
    known
        .iter()
        .map(|known| {
            let serial = known.tracked.serial;
            let calls = calls.remove(&serial).unwrap_or_default();
            Thread {
                user_code: code.remove(&serial).unwrap_or_default(),
                waits: waits.remove(&serial),
                ..thread(known, calls, span)
            }
        })
        .collect()
}

fn thread(known: &Known, calls: Vec<(u32, SyscallStat)>, span: Span) -> Thread {
    let tracked = &known.tracked;
    let syscall_ns = tracked.syscall_ns.min(tracked.on_cpu_ns);
    let samples = samples(tracked);
    // What of the time outside system calls each share of the samples taken there stands for.
    let outside_ns = tracked.on_cpu_ns - syscall_ns;
    let estimate = |found: u64| part(outside_ns, found, samples.outside_syscalls());
    let (switching_ns, fault_irq_ns) = (estimate(samples.switching), estimate(samples.faults()));
    let crossing_ns = estimate(samples.crossing);
    let kernel_ns = syscall_ns + crossing_ns + switching_ns + fault_irq_ns;
    Thread {
        tid: tracked.tid,
        name: known.name.clone(),
        role: String::new(),
        on_cpu_ns: tracked.on_cpu_ns,
        user_ns: tracked.on_cpu_ns - kernel_ns,
        kernel_ns,
        syscall_ns,
        fault_irq_ns,
        switching_ns,
        crossing_ns,
        samples,
        run_queue_ns: tracked.run_queue_ns,
        preempted_ns: Some(tracked.preempted_ns.min(tracked.run_queue_ns)),
        off_cpu_ns: tracked.off_cpu_ns,
        voluntary_switches: tracked.voluntary,
        involuntary_switches: tracked.involuntary,
        wakeups: tracked.wakeups,
        migrations: tracked.migrations,
        faults: u64::from(tracked.faults_user) + u64::from(tracked.faults_kernel),
        started_ns: known.started_in(span),
        exited_ns: known.exited_in(span),
        syscalls: with_open_call(tracked, calls),
        ..Thread::default()
    }
}

fn samples(tracked: &Tracked) -> Samples {
    Samples {
        user: tracked.samples_user,
        syscall: tracked.samples_syscall.into(),
        fault_irq: tracked.samples_fault_irq.into(),
        crossing: tracked.samples_syscall_edge.into(),
        switching: tracked.samples_switching.into(),
        resuming: tracked.samples_fault_return.into(),
    }
}

/// The calls of a thread, largest first; a call still open at the end of the window gives its times so far.
fn with_open_call(tracked: &Tracked, mut calls: Vec<(u32, SyscallStat)>) -> Vec<Syscall> {
    let returned: u64 = calls.iter().map(|(_, stat)| stat.on_cpu_ns).sum();
    let open = SyscallStat {
        on_cpu_ns: tracked.syscall_ns.saturating_sub(returned),
        blocked_ns: tracked.off_cpu_ns.saturating_sub(tracked.enter_off_cpu_ns),
        ..SyscallStat::default()
    };
    if tracked.flags & FLAG_IN_SYSCALL != 0 && open.on_cpu_ns + open.blocked_ns > 0 {
        match calls.iter_mut().find(|(nr, _)| *nr == tracked.syscall_nr) {
            Some((_, stat)) => {
                stat.on_cpu_ns += open.on_cpu_ns;
                stat.blocked_ns += open.blocked_ns;
            }
            None => calls.push((tracked.syscall_nr, open)),
        }
    }
    let mut calls: Vec<Syscall> = calls.iter().map(|(nr, stat)| syscall(*nr, stat)).collect();
    calls.sort_by_key(|call| std::cmp::Reverse((call.on_cpu_ns, call.count)));
    calls
}

fn syscall(nr: u32, stat: &SyscallStat) -> Syscall {
    let name = names::syscall(nr);
    Syscall {
        bytes: names::moves_bytes(&name).then_some(stat.result_sum),
        events: names::brings_events(&name).then_some(stat.result_sum),
        name,
        count: stat.count,
        errors: BTreeMap::new(),
        on_cpu_ns: stat.on_cpu_ns,
        blocked_ns: stat.blocked_ns,
        run_queue_ns: stat.run_queue_ns,
    }
}

/// System calls of all threads together, with the errors.
pub fn syscalls(threads: &[Thread], errors: &[(u32, u32, u64)]) -> Vec<Syscall> {
    let mut sums: BTreeMap<&str, Syscall> = BTreeMap::new();
    for call in threads.iter().flat_map(|thread| &thread.syscalls) {
        let sum = sums.entry(&call.name).or_insert_with(|| Syscall {
            name: call.name.clone(),
            ..Syscall::default()
        });
        sum.count += call.count;
        sum.on_cpu_ns += call.on_cpu_ns;
        sum.blocked_ns += call.blocked_ns;
        sum.run_queue_ns += call.run_queue_ns;
        sum.bytes = call.bytes.map(|bytes| bytes + sum.bytes.unwrap_or(0));
        sum.events = call.events.map(|events| events + sum.events.unwrap_or(0));
    }
    for (nr, errno, count) in errors {
        if let Some(sum) = sums.get_mut(names::syscall(*nr).as_str()) {
            *sum.errors.entry(names::errno(*errno)).or_default() += count;
        }
    }
    let mut sums: Vec<Syscall> = sums.into_values().collect();
    sums.sort_by_key(|call| std::cmp::Reverse((call.on_cpu_ns, call.count)));
    sums
}

/// The process: its threads added up.
pub fn process(threads: &[Thread]) -> Process {
    let sum = |field: fn(&Thread) -> u64| threads.iter().map(field).sum();
    Process {
        on_cpu_ns: sum(|thread| thread.on_cpu_ns),
        stolen_ns: sum(|thread| thread.stolen_ns),
        user_ns: sum(|thread| thread.user_ns),
        kernel_ns: sum(|thread| thread.kernel_ns),
        run_queue_ns: sum(|thread| thread.run_queue_ns),
        voluntary_switches: sum(|thread| thread.voluntary_switches),
        involuntary_switches: sum(|thread| thread.involuntary_switches),
        wakeups: sum(|thread| thread.wakeups),
        migrations: sum(|thread| thread.migrations),
        ..Process::default()
    }
}

/// Page faults by mode and by region. Regions are those at the end of the window, else those at its start.
pub fn faults(known: &[Known], addresses: &[(u64, u64)], places: Places) -> Faults {
    let sum =
        |field: fn(&Tracked) -> u64| known.iter().map(|known| field(&known.tracked)).sum::<u64>();
    let (user, kernel, major) = (
        sum(|t| t.faults_user.into()),
        sum(|t| t.faults_kernel.into()),
        sum(Tracked::major),
    );
    let mut classes: BTreeMap<&str, u64> = BTreeMap::new();
    for (address, count) in addresses {
        *classes.entry(places.class_of(*address)).or_default() += count;
    }
    let regions = classes.into_iter().map(|(class, count)| FaultRegion {
        class: class.into(),
        count,
    });
    Faults {
        minor: (user + kernel).saturating_sub(major),
        major,
        user,
        kernel,
        regions: regions.collect(),
    }
}

#[cfg(test)]
mod tests;
