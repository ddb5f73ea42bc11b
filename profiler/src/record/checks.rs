//! The identities that every recording must satisfy.

use super::assemble::{Known, Span};
use super::kernel_truth::Truth;
use profiler_common::Counters;
use recording::observer::Check;
use recording::process::{Faults, Thread};

/// What may lie between `/proc` and the window, one tick of a 250 Hz kernel: `/proc` is read just before the window
/// opens and just after it closes, and the kernel books a wait for a CPU only once it is over.
const EDGE_NS: f64 = 4_000_000.0;
/// A wake-up is seen by the programs this much later, at most, than the kernel read its clock for it: it puts the thread on the
/// run queue in between. On a quiet virtual machine it was 0.1 to 1 µs; with three busy loops on its two CPUs, and
/// caches always cold, up to 5.7 µs; what is above this limit lies within the 1 %.
const WAKEUP_NS: f64 = 5_000.0;
/// When a thread is preempted, the kernel reads its clock as it begins to choose who is next, and the programs see the switch
/// once that is done: what it takes to choose is running to them and waiting to the kernel. On a virtual machine whose other
/// threads had real-time priorities, which are pushed to other CPUs then, it was 8.5 µs.
const PREEMPTION_NS: f64 = 10_000.0;

/// Everything the checks look at.
pub struct Evidence<'a> {
    /// The threads as recorded.
    pub threads: &'a [Thread],
    /// The same threads with the kernel's account.
    pub known: &'a [Known],
    /// The window.
    pub span: Span,
    /// The kernel's account at the start,
    pub before: &'a Truth,
    /// and at the end.
    pub after: &'a Truth,
    /// Page faults as recorded.
    pub faults: &'a Faults,
    /// Whether page faults were counted by the programs.
    pub faults_counted: bool,
    /// Whether wake-ups were seen; waiting is the kernel's own account otherwise.
    pub wakeups_seen: bool,
    /// The programs' counters.
    pub counters: &'a Counters,
    /// Thread ends taken from the ring buffer.
    pub exits_consumed: u64,
    /// Whether the target was still there at the end, so that its own account could be read.
    pub alive: bool,
}

/// Every check.
pub fn all(evidence: &Evidence) -> Vec<Check> {
    vec![
        thread_time(evidence.threads, evidence.span),
        on_cpu_vs_kernel(evidence),
        runnable_vs_kernel(evidence),
        switches_vs_kernel(evidence),
        involuntary_vs_kernel(evidence),
        switches_seen(evidence),
        faults_vs_kernel(evidence),
        accounting(evidence.counters, evidence.exits_consumed),
        lost_events(evidence.counters),
    ]
}

fn accounting(counters: &Counters, consumed: u64) -> Check {
    let produced = counters.exits_produced as f64;
    Check::within("accounting", "events", produced, consumed as f64, 0.0)
}

fn lost_events(counters: &Counters) -> Check {
    let lost = counters.lost() as f64;
    Check::within("lost_events", "events", 0.0, lost, 0.0)
}

/// Those of a recording whose figures are the kernel's accounts of threads: these must add up to its account of the process
/// (`clock_ns`), and nothing of a thread that began or ended may be lost.
pub fn of_accounts(
    threads: &[Thread],
    span: Span,
    clock_ns: Option<u64>,
    (counters, consumed): (&Counters, u64),
) -> Vec<Check> {
    let mut checks = not_applicable("the kernel's own account");
    let mut made = vec![
        thread_time(threads, span),
        accounting(counters, consumed),
        lost_events(counters),
    ];
    made.extend(clock_ns.map(|clock_ns| threads_vs_clock(threads, clock_ns)));
    for check in made {
        if let Some(place) = checks.iter_mut().find(|at| at.name == check.name) {
            *place = check;
        }
    }
    checks
}

/// A thread's account is brought up to date at ticks and switches only; that of the process when it is read.
fn threads_vs_clock(threads: &[Thread], clock_ns: u64) -> Check {
    const TOLERANCE: f64 = 0.01;
    let (clock, sum) = (
        clock_ns as f64,
        threads.iter().map(|thread| thread.on_cpu_ns),
    );
    let behind = EDGE_NS * aya::util::nr_cpus().unwrap_or(1) as f64;
    Check {
        note: "the threads' accounts against the clock of the process".into(),
        ..Check::within(
            "on_cpu_vs_kernel",
            "ns",
            clock,
            sum.sum::<u64>() as f64,
            clock * TOLERANCE + behind,
        )
    }
}

/// Every check of a recording without programs: there is nothing to hold against the kernel's account but that account.
pub fn without_programs() -> Vec<Check> {
    not_applicable("recorded without programs")
}

fn not_applicable(why: &str) -> Vec<Check> {
    let names = [
        "thread_time",
        "on_cpu_vs_kernel",
        "runnable_vs_kernel",
        "switches_vs_kernel",
        "involuntary_vs_kernel",
        "switches_seen",
        "faults_vs_kernel",
        "accounting",
        "lost_events",
    ];
    let check = |name| Check {
        note: format!("not applicable: {why}"),
        ..Check::within(name, "", 0.0, 0.0, 0.0)
    };
    names.map(check).into()
}

/// Whoever makes a system call, or leaves a CPU, must have been seen to get it. Kernels that hide a process from tracing (a
/// sandbox's supervisor, for instance) hide the switch from it to the target too. Times are put right all the same; but
/// where more than a quarter is missing, the distributions of waiting say little. Of a handful of switches, the one that
/// happens to follow a hidden process proves nothing.
fn switches_seen(evidence: &Evidence) -> Check {
    const TOLERANCE: f64 = 0.25;
    const HANDFUL: f64 = 2.0;
    let tracked = || evidence.known.iter().map(|known| &known.tracked);
    let switches: u64 = tracked()
        .map(|thread| thread.voluntary + thread.involuntary)
        .sum();
    let unseen: u64 = tracked()
        .map(|thread| u64::from(thread.missed_switches))
        .sum();
    let allowed = (switches as f64 * TOLERANCE).max(HANDFUL);
    Check::within("switches_seen", "switches", 0.0, unseen as f64, allowed)
}

/// On-CPU + run queue + off-CPU = lifetime inside the window; the worst thread is shown.
fn thread_time(threads: &[Thread], span: Span) -> Check {
    const TOLERANCE: f64 = 0.002;
    let length = span.end_ns - span.start_ns;
    let lifetime =
        |thread: &Thread| thread.exited_ns.unwrap_or(length) - thread.started_ns.unwrap_or(0);
    let sum = |thread: &Thread| thread.on_cpu_ns + thread.run_queue_ns + thread.off_cpu_ns;
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

/// Growth of a thread's account by the kernel, summed over the threads where it is known.
fn kernel_sum(evidence: &Evidence, field: fn(&super::kernel_truth::ThreadTruth) -> u64) -> f64 {
    evidence
        .known
        .iter()
        .filter_map(|known| known.truth.as_ref())
        .map(|truth| field(truth) as f64)
        .sum()
}

/// The kernel's account of running and waiting, without what of it was neither (see [`runnable_vs_kernel`]).
fn kernel_runnable(evidence: &Evidence) -> f64 {
    let known = evidence.known.iter();
    known.map(|known| known.runnable_ns() as f64).sum()
}

/// The same threads as followed.
fn tracked_sum(evidence: &Evidence, field: fn(&profiler_common::Thread) -> u64) -> f64 {
    let known = evidence.known.iter().filter(|known| known.truth.is_some());
    known.map(|known| field(&known.tracked) as f64).sum()
}

/// One percent, what reading clocks at different instants explains, and what the hypervisor took.
fn time_tolerance(evidence: &Evidence, kernel: f64) -> f64 {
    const TOLERANCE: f64 = 0.01;
    let clocks = EDGE_NS + tracked_sum(evidence, |thread| thread.wakeups) * WAKEUP_NS;
    kernel * TOLERANCE + clocks + stolen_ns(evidence)
}

/// Time that the hypervisor took from the CPUs. The kernel charges it to no thread that was on one, while to the programs
/// such a thread stayed there; and a thread whose wake-up went unseen (see [`switches_seen`]) waited for a stolen CPU
/// without their knowing. Either way the two are apart by this much at most.
fn stolen_ns(evidence: &Evidence) -> f64 {
    evidence.after.steal_since(evidence.before) as f64
}

/// What a reader should know of the tolerance.
fn with_stolen(mut check: Check, evidence: &Evidence) -> Check {
    let stolen = stolen_ns(evidence);
    if stolen > 0.0 {
        let and = if check.note.is_empty() { "" } else { "; " };
        check.note +=
            &format!("{and}the hypervisor took {stolen:.0} ns from the CPUs, which is allowed for");
    }
    check
}

/// On-CPU + run queue = the kernel's own run time + run delay.
///
/// The two draw the line between waiting and running at different instants: a thread whose wake-up preempts is
/// charged by the kernel from the moment it was put on the run queue, because the run queue's clock is not read again
/// before the switch (`rq_clock_skip_update` in kernel/sched). So the sum is held to 1 %, and on-CPU time alone may be
/// short by what the threads waited. What the kernel booked as waiting before the window, or took for waiting though the
/// thread slept ([`profiler_common::Thread::moved`]), is left out and shown.
fn runnable_vs_kernel(evidence: &Evidence) -> Check {
    const SHOWN_NS: u64 = 1_000_000;
    let kernel = kernel_runnable(evidence);
    let ours = tracked_sum(evidence, |thread| thread.on_cpu_ns + thread.run_queue_ns);
    let mut check = Check::within(
        "runnable_vs_kernel",
        "ns",
        kernel,
        ours,
        time_tolerance(evidence, kernel),
    );
    let early: u64 = evidence.known.iter().map(|known| known.early_ns).sum();
    let asleep = tracked_sum(evidence, |thread| thread.delayed_dequeue_ns);
    let mut left_out = Vec::new();
    if early > SHOWN_NS {
        left_out.push(format!("{early} ns of waiting before the window"));
    }
    if asleep > 0.0 {
        left_out.push(format!(
            "{asleep:.0} ns of sleep after a move to another CPU"
        ));
    }
    if !evidence.wakeups_seen {
        check.note = "wake-ups were not observed: waiting is the kernel's own account".into();
    } else if !left_out.is_empty() {
        check.note = format!(
            "the kernel's account has {} besides",
            left_out.join(" and ")
        );
    }
    unless_unknown(with_stolen(check, evidence), evidence)
}

/// On-CPU time against the kernel's; what the kernel charged as running and the programs saw waiting is allowed
/// for, and shown (see [`runnable_vs_kernel`], which holds the sum).
fn on_cpu_vs_kernel(evidence: &Evidence) -> Check {
    let kernel = kernel_sum(evidence, |truth| truth.exec_ns);
    let ours = tracked_sum(evidence, |thread| thread.on_cpu_ns);
    let waited = tracked_sum(evidence, |thread| thread.run_queue_ns);
    let shifted = (waited - (kernel_runnable(evidence) - kernel)).max(0.0);
    let choosing = tracked_sum(evidence, |thread| thread.involuntary) * PREEMPTION_NS;
    let mut check = Check::within(
        "on_cpu_vs_kernel",
        "ns",
        kernel,
        ours,
        time_tolerance(evidence, kernel) + shifted + choosing,
    );
    if shifted > 0.0 {
        check.note =
            format!("the kernel charged {shifted:.0} ns of waiting after wake-ups as running");
    }
    unless_unknown(with_stolen(check, evidence), evidence)
}

fn switches_vs_kernel(evidence: &Evidence) -> Check {
    let kernel = kernel_sum(evidence, |truth| truth.voluntary + truth.involuntary);
    let ours = tracked_sum(evidence, |thread| thread.voluntary + thread.involuntary);
    switches("switches_vs_kernel", evidence, kernel, ours)
}

fn involuntary_vs_kernel(evidence: &Evidence) -> Check {
    let kernel = kernel_sum(evidence, |truth| truth.involuntary);
    let ours = tracked_sum(evidence, |thread| thread.involuntary);
    switches("involuntary_vs_kernel", evidence, kernel, ours)
}

fn switches(name: &str, evidence: &Evidence, kernel: f64, ours: f64) -> Check {
    const TOLERANCE: f64 = 0.001;
    const PER_THREAD: f64 = 2.0;
    let tolerance = (kernel * TOLERANCE).max(PER_THREAD * evidence.known.len() as f64);
    unless_unknown(
        Check::within(name, "switches", kernel, ours, tolerance),
        evidence,
    )
}

fn faults_vs_kernel(evidence: &Evidence) -> Check {
    const TOLERANCE: f64 = 0.01;
    /// Faults between the readings of `/proc` and the window's edges.
    const EDGE: f64 = 2.0;
    let of = |truth: &Truth| (truth.minor + truth.major) as f64;
    let kernel = (of(evidence.after) - of(evidence.before)).max(0.0);
    let ours = (evidence.faults.minor + evidence.faults.major) as f64;
    let check = Check::within(
        "faults_vs_kernel",
        "faults",
        kernel,
        ours,
        (kernel * TOLERANCE).max(EDGE),
    );
    if !evidence.alive {
        return undecided(check, "the target had ended, and its own account with it");
    }
    if evidence.faults_counted {
        check
    } else {
        undecided(check, "no program counted page faults")
    }
}

fn unless_unknown(check: Check, evidence: &Evidence) -> Check {
    let unknown = evidence
        .known
        .iter()
        .filter(|known| known.truth.is_none())
        .count();
    if unknown == 0 {
        return check;
    }
    let note = format!(
        "without {unknown} of {} threads, whose own account was gone",
        evidence.known.len()
    );
    Check { note, ..check }
}

/// A check that could not be made says so and passes: it is no evidence of an error.
fn undecided(check: Check, why: &str) -> Check {
    Check {
        ok: true,
        note: format!("not checked: {why}"),
        ..check
    }
}

#[cfg(test)]
mod tests;
