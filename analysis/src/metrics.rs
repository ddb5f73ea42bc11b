//! What is compared: each metric with its unit, how a round is sampled and how it is booked in the ledger.

mod starts;

use crate::{
    activity,
    ledger::{Ledger, cpu, events, latency, memory, stall, waiting},
    stats::Sample,
};
use recording::{LoadSummary, Recording, observer::Mode};

/// Takes one round's sample; `None` where the round does not hold it.
type Take = fn(&Recording) -> Option<Sample>;
/// Books one round (with its path) in a ledger.
type Book = fn(&str, &Recording, &mut Ledger);

/// One metric.
pub struct Definition {
    /// Stable name.
    pub name: &'static str,
    /// For readers.
    pub title: &'static str,
    /// Unit of the value: `ns`, `bytes`, or what is counted.
    pub unit: &'static str,
    /// What it is per; empty for totals.
    pub per: &'static str,
    take: Take,
    book: Option<Book>,
}

impl Definition {
    /// One round's sample; `None` where the round does not hold it, or has nothing to divide by.
    pub fn sample(&self, recording: &Recording) -> Option<Sample> {
        if recording.observer.mode < self.needs() || !self.is_about(recording) {
            return None;
        }
        (self.take)(recording).filter(|sample| sample.over > 0.0)
    }

    /// Starts are counted by starts: nothing else about them compares with a server under load.
    fn is_about(&self, recording: &Recording) -> bool {
        let of_both = self.name.ends_with("rss_bytes");
        of_both || self.name.starts_with("start_") != recording.starts.is_empty()
    }

    /// What must have been observed: without it a recording has zeros that nobody counted.
    fn needs(&self) -> Mode {
        match self.name {
            "switches_per_token" | "wakeups_per_token" | "run_queue_ns_per_second" => {
                Mode::Counters
            }
            "start_syscalls"
            | "syscalls_per_token"
            | "thread_ns_per_second"
            | "loop_blocked_ns_per_token"
            | "loop_run_queue_ns_per_token" => Mode::All,
            _ => Mode::None,
        }
    }

    /// Books one round, where the metric has a ledger.
    pub fn book(&self, path: &str, recording: &Recording, ledger: &mut Ledger) {
        if let Some(book) = self.book {
            book(path, recording, ledger);
        }
    }
}

/// The metric of a name.
pub fn by_name(name: &str) -> Option<&'static Definition> {
    ALL.iter().find(|metric| metric.name == name)
}

const fn new(
    name: &'static str,
    title: &'static str,
    (unit, per): (&'static str, &'static str),
    take: Take,
    book: Option<Book>,
) -> Definition {
    Definition {
        name,
        title,
        unit,
        per,
        take,
        book,
    }
}

/// Every metric, in the order of the report.
pub const ALL: &[Definition] = &[
    new(
        "start_first_token_ns",
        "time from exec to the first token",
        ("ns", ""),
        |r| starts::median(r, |start| start.first_token_ns),
        None,
    ),
    new(
        "start_listening_ns",
        "time from exec to listening",
        ("ns", ""),
        |r| starts::median(r, |start| start.listening_ns),
        None,
    ),
    new(
        "start_cpu_ns",
        "CPU time of a start",
        ("ns", "start"),
        |r| starts::each(r, r.process.on_cpu_ns),
        Some(cpu::book),
    ),
    new(
        "start_minor_faults",
        "minor page faults of a start",
        ("faults", "start"),
        |r| starts::each(r, r.faults.minor),
        None,
    ),
    new(
        "start_major_faults",
        "major page faults of a start",
        ("faults", "start"),
        |r| starts::each(r, r.faults.major),
        None,
    ),
    new(
        "start_syscalls",
        "system calls of a start",
        ("calls", "start"),
        |r| starts::each(r, syscalls(r)),
        Some(events::book_syscalls),
    ),
    new(
        "start_binary_bytes",
        "size of the executable",
        ("bytes", ""),
        |r| over(r.target.binary_bytes, 1),
        None,
    ),
    new(
        "start_installed_bytes",
        "size of all that is needed to run it",
        ("bytes", ""),
        |r| over(r.target.installed_bytes?, 1),
        None,
    ),
    new(
        "cpu_ns_per_token",
        "CPU time per token",
        ("ns", "token"),
        |r| per_token(r, r.process.on_cpu_ns),
        Some(cpu::book),
    ),
    new(
        "cpu_ns_per_request",
        "CPU time per request",
        ("ns", "request"),
        |r| per_request(r, r.process.on_cpu_ns),
        Some(cpu::book),
    ),
    new(
        "cpu_ns_per_second",
        "CPU time per second",
        ("ns", "second"),
        cpu_per_second,
        Some(cpu::book),
    ),
    new(
        "loop_blocked_ns_per_token",
        "sleep of event loops other than for events, per token",
        ("ns", "token"),
        stall::blocked,
        Some(stall::book_blocked),
    ),
    new(
        "loop_run_queue_ns_per_token",
        "event loops' waiting for a CPU, per token",
        ("ns", "token"),
        stall::run_queue,
        Some(stall::book_run_queue),
    ),
    new(
        "loop_ticks_per_token",
        "event-loop ticks per token",
        ("ticks", "token"),
        activity::ticks_per_token,
        None,
    ),
    new(
        "loop_work_ns_per_tick",
        "CPU time per event-loop tick",
        ("ns", "tick"),
        activity::work_per_tick,
        None,
    ),
    new(
        "loop_tick_p99_ns",
        "length of event-loop ticks, 99th percentile",
        ("ns", ""),
        activity::tick_p99,
        None,
    ),
    new(
        "loop_empty_polls_per_token",
        "polls of event loops that bring nothing, per token",
        ("polls", "token"),
        activity::empty_polls_per_token,
        None,
    ),
    new(
        "collector_bursts_per_token",
        "bursts of collector threads per token",
        ("bursts", "token"),
        activity::bursts_per_token,
        None,
    ),
    new(
        "goroutine_switches_per_token",
        "goroutines that take over a thread, per token",
        ("switches", "token"),
        activity::goroutine_switches_per_token,
        None,
    ),
    new(
        "thread_ns_per_second",
        "time of all threads, per second",
        ("ns", "second"),
        waiting::life,
        Some(waiting::book_life),
    ),
    new(
        "run_queue_ns_per_second",
        "waiting for a CPU, per second",
        ("ns", "second"),
        waiting::queued,
        Some(waiting::book_queued),
    ),
    new(
        "rss_bytes",
        "resident memory",
        ("bytes", ""),
        |r| each(r.memory.rss_bytes),
        Some(memory::book),
    ),
    new(
        "peak_rss_bytes",
        "peak resident memory",
        ("bytes", ""),
        |r| each(r.memory.peak_rss_bytes),
        None,
    ),
    new(
        "switches_per_token",
        "context switches per token",
        ("switches", "token"),
        |r| per_token(r, switches(r)),
        Some(events::book_switches),
    ),
    new(
        "wakeups_per_token",
        "wake-ups per token",
        ("wake-ups", "token"),
        |r| per_token(r, r.process.wakeups),
        Some(events::book_wakeups),
    ),
    new(
        "syscalls_per_token",
        "system calls per token",
        ("calls", "token"),
        |r| per_token(r, syscalls(r)),
        Some(events::book_syscalls),
    ),
    new(
        "faults_per_token",
        "page faults per token",
        ("faults", "token"),
        |r| per_token(r, r.faults.minor + r.faults.major),
        Some(events::book_faults),
    ),
    new(
        "ttft_ns",
        "time to first token, median",
        ("ns", ""),
        |r| load(r, |l| (l.ttft.count, l.ttft.p50_ns)),
        None,
    ),
    new(
        "ttft_p99_ns",
        "time to first token, 99th percentile",
        ("ns", ""),
        |r| load(r, |l| (l.ttft.count, l.ttft.p99_ns)),
        None,
    ),
    new(
        "itl_ns",
        "time between tokens, median",
        ("ns", ""),
        |r| load(r, |l| (l.itl.count, l.itl.p50_ns)),
        None,
    ),
    new(
        "itl_p99_ns",
        "time between tokens, 99th percentile",
        ("ns", ""),
        |r| load(r, |l| (l.itl.count, l.itl.p99_ns)),
        None,
    ),
    new(
        "total_ns",
        "time of a whole request, median",
        ("ns", ""),
        |r| load(r, |l| (l.total.count, l.total.p50_ns)),
        None,
    ),
    new(
        "forwarding_mean_ns",
        "forwarding time in the server, mean",
        ("ns", ""),
        latency::mean,
        Some(latency::book_mean),
    ),
    new(
        "forwarding_ns",
        "forwarding time in the server, median",
        ("ns", ""),
        |r| latency::quantile(r, 0.5),
        Some(|path, r, ledger| latency::book_quantile(0.5, path, r, ledger)),
    ),
    new(
        "forwarding_p90_ns",
        "forwarding time in the server, 90th percentile",
        ("ns", ""),
        |r| latency::quantile(r, 0.9),
        Some(|path, r, ledger| latency::book_quantile(0.9, path, r, ledger)),
    ),
    new(
        "forwarding_p99_ns",
        "forwarding time in the server, 99th percentile",
        ("ns", ""),
        |r| latency::quantile(r, 0.99),
        Some(|path, r, ledger| latency::book_quantile(0.99, path, r, ledger)),
    ),
];

fn per_token(recording: &Recording, amount: u64) -> Option<Sample> {
    over(amount, recording.tokens())
}

fn per_request(recording: &Recording, amount: u64) -> Option<Sample> {
    over(amount, recording.requests())
}

fn cpu_per_second(recording: &Recording) -> Option<Sample> {
    Some(Sample {
        amount: recording.process.on_cpu_ns as f64,
        over: recording.window.duration_ns as f64 / 1e9,
    })
}

fn each(amount: u64) -> Option<Sample> {
    over(amount, 1)
}

fn over(amount: u64, over: u64) -> Option<Sample> {
    Some(Sample {
        amount: amount as f64,
        over: over as f64,
    })
}

fn switches(recording: &Recording) -> u64 {
    recording.process.voluntary_switches + recording.process.involuntary_switches
}

fn syscalls(recording: &Recording) -> u64 {
    recording.syscalls.iter().map(|call| call.count).sum()
}

/// A percentile of the load generator's, where anything was measured.
fn load(recording: &Recording, pick: fn(&LoadSummary) -> (u64, u64)) -> Option<Sample> {
    let (count, value) = pick(recording.load.as_ref()?);
    (count > 0).then(|| each(value))?
}

#[cfg(test)]
mod tests;
