//! The threads at an instant inside the window, and what each did from then on.

use super::{JoinedThread, accounting_at_switch_out, add_silent, close, growth, is_settled};
use super::{Tracked, with_switches};
use crate::record::proc_snapshot::{ProcSnapshot, TaskAccounting};
use crate::record::window::Span;
use profiler_common::thread::{
    FLAG_BORN, FLAG_FAULT_OPEN, FLAG_FAULTS_BASE, FLAG_MAJOR_BASE, ON_CPU, RUNNABLE,
};
use std::collections::BTreeMap;

/// Returns the threads as if the window had closed at the end of `span`, just before `live` was
/// read. `then` is the kernel's accounting, read just after.
pub fn at(
    live: &[Tracked],
    before: &ProcSnapshot,
    then: &ProcSnapshot,
    span: Span,
) -> Vec<JoinedThread> {
    let there = live.iter().filter(|it| it.first_seen_ns < span.end_ns);
    let mut threads: Vec<_> = there
        .map(|tracked| under_way(tracked, before, then, span))
        .collect();
    add_silent(&mut threads, before, then, span);
    threads
}

fn under_way(
    tracked: &Tracked,
    before: &ProcSnapshot,
    then: &ProcSnapshot,
    span: Span,
) -> JoinedThread {
    let mut tracked = *tracked;
    let late_ns = tracked.since_ns.saturating_sub(span.end_ns);
    let open_wait_ns = match tracked.state {
        RUNNABLE => span.end_ns.saturating_sub(tracked.since_ns),
        _ => 0,
    };
    let closed_ns = span.end_ns.max(tracked.since_ns);
    close(&mut tracked, closed_ns);
    let task = then.threads.get(&tracked.tid);
    let at_then = accounting(&tracked, task);
    take_back(&mut tracked, late_ns);
    let (kernel, early_ns) = growth(&tracked, before, at_then.as_ref());
    JoinedThread {
        tracked,
        name: task.map(|task| task.name.clone()).unwrap_or_default(),
        exited_ns: None,
        kernel,
        early_ns,
        open_wait_ns,
    }
}

/// Returns the kernel's accounting of a thread whose state is closed. The programs know it as of
/// that very instant; `task` was read later.
fn accounting(tracked: &Tracked, task: Option<&TaskAccounting>) -> Option<TaskAccounting> {
    let mut known = match is_settled(tracked) {
        true => accounting_at_switch_out(tracked),
        false => task.filter(|task| task.exec_ns != 0)?.clone(),
    };
    if tracked.state == ON_CPU && tracked.exec_ns != 0 {
        let since = tracked.on_cpu_ns - tracked.on_cpu_at_switch_out_ns.min(tracked.on_cpu_ns);
        known.exec_ns = tracked.exec_ns + since;
    }
    if tracked.flags & FLAG_FAULTS_BASE != 0 {
        let open = tracked.flags & FLAG_FAULT_OPEN != 0;
        known.faults = u64::from(tracked.faults_accounted) + u64::from(open);
    }
    Some(with_switches(tracked, &known))
}

/// Takes the last `late_ns` back, which came after the instant: out of the state that the thread
/// must have been in before its last event, then of the others.
fn take_back(tracked: &mut Tracked, late_ns: u64) {
    let Tracked {
        on_cpu_ns,
        run_queue_ns,
        off_cpu_ns,
        ..
    } = tracked;
    let states = match tracked.state {
        ON_CPU => [run_queue_ns, off_cpu_ns, on_cpu_ns],
        RUNNABLE => [off_cpu_ns, on_cpu_ns, run_queue_ns],
        _ => [on_cpu_ns, run_queue_ns, off_cpu_ns],
    };
    let mut late_ns = late_ns;
    for state in states {
        let taken = late_ns.min(*state);
        *state -= taken;
        late_ns -= taken;
    }
}

/// Returns what threads did since `span` began; `then` are the threads [`at`] its start.
pub fn since(now: Vec<JoinedThread>, then: &[JoinedThread], span: Span) -> Vec<JoinedThread> {
    let (seen, silent): (Vec<_>, Vec<_>) = then.iter().partition(|it| it.tracked.serial != 0);
    let seen: BTreeMap<u32, _> = seen.into_iter().map(|it| (it.tracked.serial, it)).collect();
    let silent = silent.into_iter();
    let silent: BTreeMap<u32, _> = silent.map(|it| (it.tracked.tid, it)).collect();
    let before = |thread: &JoinedThread| {
        let tracked = &thread.tracked;
        // Another thread may have got the id since.
        let same = || silent.get(&tracked.first_tid);
        let same = || same().filter(|_| tracked.first_seen_ns < span.start_ns);
        seen.get(&tracked.serial).or_else(same).copied()
    };
    let thread = |thread: JoinedThread| match before(&thread) {
        Some(before) => grown(&thread, before, span),
        None => thread,
    };
    let mut threads: Vec<_> = now.into_iter().map(thread).collect();
    threads.sort_by_key(|thread| (thread.tracked.first_seen_ns, thread.tracked.tid));
    threads
}

fn grown(now: &JoinedThread, then: &JoinedThread, span: Span) -> JoinedThread {
    let kernel = now.kernel.as_ref().zip(then.kernel.as_ref());
    let kernel = kernel.map(|(now, then)| now.since(then));
    let mut tracked = tracked_since(&now.tracked, &then.tracked);
    tracked.first_seen_ns = span.start_ns;
    if tracked.serial == 0 {
        // Without any event it slept all the time, or ran.
        let ran = kernel
            .as_ref()
            .is_some_and(|it| it.exec_ns > span.length_ns() / 2);
        tracked.on_cpu_ns = if ran { span.length_ns() } else { 0 };
        tracked.off_cpu_ns = span.length_ns() - tracked.on_cpu_ns;
    }
    JoinedThread {
        tracked,
        name: now.name.clone(),
        exited_ns: now.exited_ns,
        kernel,
        // The kernel books a wait when it is over, with the part from before the window.
        early_ns: now.early_ns.saturating_sub(then.early_ns) + then.open_wait_ns,
        open_wait_ns: now.open_wait_ns,
    }
}

/// Subtracts the sums of a thread.
fn tracked_since(now: &Tracked, then: &Tracked) -> Tracked {
    macro_rules! grown {
        ($($field:ident,)*) => {
            Tracked { $($field: now.$field.saturating_sub(then.$field),)* ..*now }
        };
    }
    let grown = grown! {
        on_cpu_ns, run_queue_ns, off_cpu_ns, syscall_ns, throttled_ns, preempted_ns,
        delayed_dequeue_ns, gc_ns, gc_faults,
        wakeups, unpaired_wakes, migrations, voluntary, involuntary, missed_switches,
        faults_user, faults_kernel, faults_populated, faults_signalled, faults_refused,
        samples_user, samples_syscall, samples_switching, samples_fault_irq,
        samples_syscall_edge, samples_fault_return,
    };
    Tracked {
        flags: now.flags & !FLAG_BORN,
        first_tid: then.tid,
        major_base: match then.flags & FLAG_MAJOR_BASE {
            0 => now.major_base,
            _ => then.major_last,
        },
        ..grown
    }
}

#[cfg(test)]
mod tests;
