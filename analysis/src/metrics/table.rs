//! The table of metrics.

use super::samples::{
    cpu_per_second, each, load, over, per_request, per_token, switches, syscalls,
};
use super::{Book, Definition, Take, starts};
use crate::ledger::{events, latency, memory, stall, waiting};
use crate::{attribution, event_loops};
use recording::vocabulary::MetricId;

const fn new(id: MetricId, take: Take, book: Option<Book>) -> Definition {
    Definition { id, take, book }
}

/// Every metric, in the order of reports. A metric per unit of work takes its amount as the one per
/// token does; [`Definition::sample`] replaces the denominator.
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
        MetricId::CpuNsPerWork,
        |r| per_token(r, r.process.on_cpu_ns),
        Some(attribution::book),
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
        MetricId::LoopBlockedNsPerWork,
        stall::blocked,
        Some(stall::book_blocked),
    ),
    new(
        MetricId::LoopRunQueueNsPerToken,
        stall::run_queue,
        Some(stall::book_run_queue),
    ),
    new(
        MetricId::LoopRunQueueNsPerWork,
        stall::run_queue,
        Some(stall::book_run_queue),
    ),
    new(
        MetricId::LoopIterationsPerToken,
        event_loops::iterations_per_token,
        None,
    ),
    new(
        MetricId::LoopIterationsPerWork,
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
        MetricId::LoopEmptyPollsPerWork,
        event_loops::empty_polls_per_token,
        None,
    ),
    new(
        MetricId::GcBurstsPerToken,
        event_loops::gc_bursts_per_token,
        None,
    ),
    new(
        MetricId::GcBurstsPerWork,
        event_loops::gc_bursts_per_token,
        None,
    ),
    new(
        MetricId::GoroutineSwitchesPerToken,
        event_loops::goroutine_switches_per_token,
        None,
    ),
    new(
        MetricId::GoroutineSwitchesPerWork,
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
        MetricId::SwitchesPerWork,
        |r| per_token(r, switches(r)),
        Some(events::book_switches),
    ),
    new(
        MetricId::WakeupsPerToken,
        |r| per_token(r, r.process.wakeups),
        Some(events::book_wakeups),
    ),
    new(
        MetricId::WakeupsPerWork,
        |r| per_token(r, r.process.wakeups),
        Some(events::book_wakeups),
    ),
    new(
        MetricId::SyscallsPerToken,
        |r| per_token(r, syscalls(r)),
        Some(events::book_syscalls),
    ),
    new(
        MetricId::SyscallsPerWork,
        |r| per_token(r, syscalls(r)),
        Some(events::book_syscalls),
    ),
    new(
        MetricId::FaultsPerToken,
        |r| per_token(r, r.faults.minor + r.faults.major),
        Some(events::book_faults),
    ),
    new(
        MetricId::FaultsPerWork,
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
