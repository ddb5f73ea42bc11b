//! The checks: identities that a recording must satisfy.

mod kernel;
mod waits;

use super::proc_snapshot::ProcSnapshot;
use super::stacks::waits::TakenWaits;
use super::threads::JoinedThread;
use super::window::Span;
use profiler_common::Counters;
use recording::observer::Check;
use recording::process::Thread;

/// Most time by which the edges of `/proc`'s readings and of the window lie apart: one tick of a
/// 250 Hz kernel. `/proc` is read just before the window opens and just after it closes, and the
/// kernel books a wait for a CPU only once it is over.
const EDGE_NS: f64 = 4_000_000.0;

/// Names of all checks, in the order of reports.
const NAMES: [&str; 11] = [
    "thread_time",
    "syscall_time",
    "on_cpu_vs_kernel",
    "runnable_vs_kernel",
    "switches_vs_kernel",
    "involuntary_vs_kernel",
    "switches_seen",
    "faults_vs_kernel",
    "accounting",
    "lost_events",
    "off_cpu_samples",
];

/// All that the checks compare.
pub struct Evidence<'a> {
    /// The threads as recorded.
    pub threads: &'a [Thread],
    /// The same threads with the kernel's accounting.
    pub joined: &'a [JoinedThread],
    /// The window.
    pub span: Span,
    /// The kernel's accounting at the start of the window.
    pub before: &'a ProcSnapshot,
    /// The kernel's accounting at the end of the window.
    pub after: &'a ProcSnapshot,
    /// Whether programs counted the page faults.
    pub faults_counted: bool,
    /// Whether programs saw the wake-ups. Otherwise run-queue time is the kernel's own.
    pub wakeups_seen: bool,
    /// The programs' counters.
    pub counters: &'a Counters,
    /// Thread exits taken from the ring buffer.
    pub exits_consumed: u64,
    /// Kept waits, if waits have been sampled.
    pub waits: Option<&'a TakenWaits>,
}

/// Returns every check of a recording with all probes.
pub fn all(evidence: &Evidence) -> Vec<Check> {
    vec![
        thread_time(evidence.threads, evidence.span),
        syscall_time(evidence.joined, evidence.threads),
        kernel::on_cpu(evidence),
        kernel::runnable(evidence),
        kernel::switches(evidence),
        kernel::involuntary(evidence),
        switches_seen(evidence),
        kernel::faults(evidence),
        accounting(evidence.counters, evidence.exits_consumed),
        lost_events(evidence.counters),
        waits::off_cpu_samples(evidence.waits, evidence.counters),
    ]
}

/// Returns the checks of a recording that consists of the kernel's accounting of threads. The
/// threads must add up to the accounting of the process (`clock_ns`, where it could be read), and
/// no thread that began or ended may be lost.
pub fn of_accounting(
    threads: &[Thread],
    span: Span,
    clock_ns: Option<u64>,
    (counters, consumed): (&Counters, u64),
) -> Vec<Check> {
    let mut checks = not_applicable("the kernel's own accounting");
    let mut applicable = vec![
        thread_time(threads, span),
        accounting(counters, consumed),
        lost_events(counters),
    ];
    applicable.extend(clock_ns.map(|clock_ns| kernel::threads_vs_clock(threads, clock_ns)));
    for check in applicable {
        if let Some(place) = checks.iter_mut().find(|at| at.name == check.name) {
            *place = check;
        }
    }
    checks
}

/// Returns the checks of a recording without programs: none applies.
pub fn without_programs() -> Vec<Check> {
    not_applicable("recorded without programs")
}

fn not_applicable(reason: &str) -> Vec<Check> {
    let check = |name| Check {
        note: format!("not applicable: {reason}"),
        ..Check::within(name, "", 0.0, 0.0, 0.0)
    };
    NAMES.map(check).into()
}

/// Compares the thread exits that the programs sent with those that were read.
fn accounting(counters: &Counters, consumed: u64) -> Check {
    let produced = counters.exits_produced as f64;
    Check::within("accounting", "events", produced, consumed as f64, 0.0)
}

/// Allows no lost event.
fn lost_events(counters: &Counters) -> Check {
    let lost = counters.lost() as f64;
    Check::within("lost_events", "events", 0.0, lost, 0.0)
}

/// Allows a quarter of the switches to lack the event that gave the thread its CPU.
///
/// Kernels that hide a process from tracing (a sandbox's supervisor, for instance) also hide the
/// switch from that process to the target. The programs correct the times. Above a quarter, though,
/// the distributions of run-queue time mean little. Of a few switches one may follow a hidden
/// process by chance.
fn switches_seen(evidence: &Evidence) -> Check {
    const TOLERANCE: f64 = 0.25;
    const FEW: f64 = 2.0;
    let tracked = || evidence.joined.iter().map(|joined| &joined.tracked);
    let switches: u64 = tracked()
        .map(|thread| thread.voluntary + thread.involuntary)
        .sum();
    let unseen: u64 = tracked()
        .map(|thread| u64::from(thread.missed_switches))
        .sum();
    let allowed = (switches as f64 * TOLERANCE).max(FEW);
    Check::within("switches_seen", "switches", 0.0, unseen as f64, allowed)
}

/// Compares on-CPU + run-queue + off-CPU time with the lifetime inside the window, for the thread
/// where they differ most.
fn thread_time(threads: &[Thread], span: Span) -> Check {
    const TOLERANCE: f64 = 0.002;
    let length = span.length_ns();
    let lifetime =
        |thread: &Thread| thread.exited_ns.unwrap_or(length) - thread.started_ns.unwrap_or(0);
    let sum = |thread: &Thread| {
        let runnable = thread.run_queue_ns + thread.throttled_ns;
        thread.seen_on_cpu_ns() + runnable + thread.off_cpu_ns
    };
    let worst = threads
        .iter()
        .max_by_key(|thread| lifetime(thread).abs_diff(sum(thread)));
    let (expected, measured) = worst.map_or((0, 0), |thread| (lifetime(thread), sum(thread)));
    let mut check = Check::within(
        "thread_time",
        "ns",
        expected as f64,
        measured as f64,
        expected as f64 * TOLERANCE,
    );
    check.note = worst.map_or_else(String::new, |thread| {
        format!("the worst of {} threads: {}", threads.len(), thread.tid)
    });
    check
}

/// Allows no thread more on-CPU time inside its system calls than it was on a CPU, and no call more
/// than all of the thread's calls, for the thread where the excess is largest.
fn syscall_time(joined: &[JoinedThread], threads: &[Thread]) -> Check {
    /// The clock may step back between CPUs.
    const TOLERANCE_NS: f64 = 10_000.0;
    let excess = |(joined, thread): (&JoinedThread, &Thread)| {
        let calls: u64 = thread.syscalls.iter().map(|call| call.on_cpu_ns).sum();
        let inside = joined.tracked.syscall_ns.max(calls);
        (inside.saturating_sub(joined.tracked.on_cpu_ns), thread.tid)
    };
    let worst = joined.iter().zip(threads).map(excess).max();
    let (excess, tid) = worst.unwrap_or_default();
    let check = Check::within("syscall_time", "ns", 0.0, excess as f64, TOLERANCE_NS);
    if excess == 0 {
        return check;
    }
    let note = format!("thread {tid} has more time in system calls than on a CPU");
    Check { note, ..check }
}

/// Passes a check that could not be made, with the reason: it is no evidence of an error.
fn undecided(check: Check, reason: &str) -> Check {
    Check {
        ok: true,
        note: format!("not checked: {reason}"),
        ..check
    }
}

#[cfg(test)]
mod tests;
