//! The metrics: how each samples a round, and how it books the round in a ledger.

mod samples;
mod starts;

use crate::ledger::{Ledger, events, latency, memory, stall, waiting};
use crate::stats::Sample;
use crate::{attribution, event_loops};
use recording::Recording;
use recording::observer::Mode;
use recording::vocabulary::MetricId;
use samples::{cpu_per_second, each, load, over, per_request, per_token, switches, syscalls};

/// Takes the sample of one round; `None` where the round does not have it.
type Take = fn(&Recording) -> Option<Sample>;
/// Books one round, with its path, in a ledger.
type Book = fn(&str, &Recording, &mut Ledger);

/// One metric.
pub struct Definition {
    /// Which metric.
    pub id: MetricId,
    take: Take,
    book: Option<Book>,
}

impl Definition {
    /// Returns the sample of one round; `None` where the round does not have it, or nothing to
    /// divide by.
    pub fn sample(&self, recording: &Recording) -> Option<Sample> {
        if recording.observer.mode < self.needs() || !self.is_about(recording) {
            return None;
        }
        (self.take)(recording).filter(|sample| sample.over > 0.0)
    }

    /// Returns whether the metric and the recording are both of starts, or both of a server under
    /// load. Memory is of both.
    fn is_about(&self, recording: &Recording) -> bool {
        let is_of_both = matches!(self.id, MetricId::RssBytes | MetricId::PeakRssBytes);
        is_of_both || self.id.is_of_start() != recording.starts.is_empty()
    }

    /// Returns the mode that the metric needs. A recording with fewer probes has zeros that were
    /// never counted.
    fn needs(&self) -> Mode {
        use MetricId::*;
        match self.id {
            SwitchesPerToken | WakeupsPerToken | RunQueueNsPerSecond => Mode::Counters,
            StartSyscalls
            | SyscallsPerToken
            | ThreadNsPerSecond
            | LoopBlockedNsPerToken
            | LoopRunQueueNsPerToken => Mode::All,
            _ => Mode::None,
        }
    }

    /// Returns whether the metric has a ledger.
    pub fn has_ledger(&self) -> bool {
        self.book.is_some()
    }

    /// Books one round, where the metric has a ledger.
    pub fn book(&self, path: &str, recording: &Recording, ledger: &mut Ledger) {
        if let Some(book) = self.book {
            book(path, recording, ledger);
        }
    }
}

/// Returns the definition of a metric.
pub fn of(id: MetricId) -> &'static Definition {
    let known = ALL.iter().find(|metric| metric.id == id);
    known.expect("a test finds the definition of every metric")
}

const fn new(id: MetricId, take: Take, book: Option<Book>) -> Definition {
    Definition { id, take, book }
}

/// Every metric, in the order of reports.
pub const ALL: &[Definition] = &[
    new(
        MetricId::StartFirstTokenNs,
        |r| starts::median(r, |start| start.first_token_ns),
        None,
    ),
    new(
        MetricId::StartListeningNs,
        |r| starts::median(r, |start| start.listening_ns),
        None,
    ),
    new(
        MetricId::StartCpuNs,
        |r| starts::each(r, r.process.on_cpu_ns),
        Some(attribution::book),
    ),
    new(
        MetricId::StartMinorFaults,
        |r| starts::each(r, r.faults.minor),
        None,
    ),
    new(
        MetricId::StartMajorFaults,
        |r| starts::each(r, r.faults.major),
        None,
    ),
    new(
        MetricId::StartSyscalls,
        |r| starts::each(r, syscalls(r)),
        Some(events::book_syscalls),
    ),
    new(
        MetricId::StartBinaryBytes,
        |r| over(r.target.binary_bytes, 1),
        None,
    ),
    new(
        MetricId::StartInstalledBytes,
        |r| over(r.target.installed_bytes?, 1),
        None,
    ),
    new(
        MetricId::CpuNsPerToken,
        |r| per_token(r, r.process.on_cpu_ns),
        Some(attribution::book),
    ),
    new(
        MetricId::CpuNsPerRequest,
        |r| per_request(r, r.process.on_cpu_ns),
        Some(attribution::book),
    ),
    new(
        MetricId::CpuNsPerSecond,
        cpu_per_second,
        Some(attribution::book),
    ),
    new(
        MetricId::LoopBlockedNsPerToken,
        stall::blocked,
        Some(stall::book_blocked),
    ),
    new(
        MetricId::LoopRunQueueNsPerToken,
        stall::run_queue,
        Some(stall::book_run_queue),
    ),
    new(
        MetricId::LoopIterationsPerToken,
        event_loops::iterations_per_token,
        None,
    ),
    new(
        MetricId::LoopWorkNsPerIteration,
        event_loops::work_per_iteration,
        None,
    ),
    new(
        MetricId::LoopIterationP99Ns,
        event_loops::iteration_p99,
        None,
    ),
    new(
        MetricId::LoopEmptyPollsPerToken,
        event_loops::empty_polls_per_token,
        None,
    ),
    new(
        MetricId::GcBurstsPerToken,
        event_loops::gc_bursts_per_token,
        None,
    ),
    new(
        MetricId::GoroutineSwitchesPerToken,
        event_loops::goroutine_switches_per_token,
        None,
    ),
    new(
        MetricId::ThreadNsPerSecond,
        waiting::life,
        Some(waiting::book_life),
    ),
    new(
        MetricId::RunQueueNsPerSecond,
        waiting::queued,
        Some(waiting::book_queued),
    ),
    new(
        MetricId::RssBytes,
        |r| each(r.memory.rss_bytes),
        Some(memory::book),
    ),
    new(
        MetricId::PeakRssBytes,
        |r| each(r.memory.peak_rss_bytes),
        None,
    ),
    new(
        MetricId::SwitchesPerToken,
        |r| per_token(r, switches(r)),
        Some(events::book_switches),
    ),
    new(
        MetricId::WakeupsPerToken,
        |r| per_token(r, r.process.wakeups),
        Some(events::book_wakeups),
    ),
    new(
        MetricId::SyscallsPerToken,
        |r| per_token(r, syscalls(r)),
        Some(events::book_syscalls),
    ),
    new(
        MetricId::FaultsPerToken,
        |r| per_token(r, r.faults.minor + r.faults.major),
        Some(events::book_faults),
    ),
    new(
        MetricId::TtftNs,
        |r| load(r, |l| (l.ttft.count, l.ttft.p50_ns)),
        None,
    ),
    new(
        MetricId::TtftP99Ns,
        |r| load(r, |l| (l.ttft.count, l.ttft.p99_ns)),
        None,
    ),
    new(
        MetricId::ItlNs,
        |r| load(r, |l| (l.itl.count, l.itl.p50_ns)),
        None,
    ),
    new(
        MetricId::ItlP99Ns,
        |r| load(r, |l| (l.itl.count, l.itl.p99_ns)),
        None,
    ),
    new(
        MetricId::TotalNs,
        |r| load(r, |l| (l.total.count, l.total.p50_ns)),
        None,
    ),
    new(
        MetricId::ProxyLatencyMeanNs,
        latency::mean,
        Some(latency::book_mean),
    ),
    new(
        MetricId::ProxyLatencyNs,
        |r| latency::quantile(r, 0.5),
        Some(|path, r, ledger| latency::book_quantile(0.5, path, r, ledger)),
    ),
    new(
        MetricId::ProxyLatencyP90Ns,
        |r| latency::quantile(r, 0.9),
        Some(|path, r, ledger| latency::book_quantile(0.9, path, r, ledger)),
    ),
    new(
        MetricId::ProxyLatencyP99Ns,
        |r| latency::quantile(r, 0.99),
        Some(|path, r, ledger| latency::book_quantile(0.99, path, r, ledger)),
    ),
];

#[cfg(test)]
mod tests;
