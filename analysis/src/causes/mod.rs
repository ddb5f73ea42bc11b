//! Explanation rules: each names a pattern in the ledger's rows, what it means and what to do about it.
//!
//! The rules of one metric share its rows out among them, the most specific first: a row belongs to one cause at most,
//! so causes add up to the difference like the terms they are made of. `docs/causes.md` has a line for each.

mod allocation_churn;
mod comparison;
mod connection_churn;
mod dedicated_threads;
mod eagain_reads;
mod empty_polls;
mod go_sysmon;
mod higher_unit_cost;
mod leak;
mod memory_regions;
mod preemption;
mod proxy_latency;
mod sampling_noise;
mod small_writes;
mod stalls;
mod syscall_classes;
mod thread_handoff;
mod timer_wakeups;
mod user_code;

#[cfg(test)]
mod planted;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use comparison::{Comparison, Delta, Match};

use crate::thresholds::{Limit, Thresholds};
use crate::{arms::Rounds, pair_view::PairView};
use recording::comparison::Finding;
use recording::format;
use recording::vocabulary::MetricId;

/// What a rule, or a condition, is: also its line in `docs/causes.md`.
pub struct About {
    /// Stable name.
    pub id: &'static str,
    /// What the report calls it.
    pub title: &'static str,
    /// What the rule looks for.
    pub pattern: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// What a user can do about it.
    pub remedy: &'static str,
}

/// What a rule explains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// CPU time per token (per second, without a load).
    Cpu,
    /// Resident memory.
    Memory,
    /// Proxy latency, its mean or a percentile.
    ProxyLatency,
    /// Sleep of event loops other than for events.
    Blocked,
    /// Event loops' waiting for a CPU.
    RunQueue,
}

impl Kind {
    fn of(metric: MetricId) -> Option<Self> {
        match metric {
            MetricId::CpuNsPerToken | MetricId::CpuNsPerSecond => Some(Kind::Cpu),
            MetricId::RssBytes => Some(Kind::Memory),
            metric if metric.is_proxy_latency() => Some(Kind::ProxyLatency),
            MetricId::LoopBlockedNsPerToken => Some(Kind::Blocked),
            MetricId::LoopRunQueueNsPerToken => Some(Kind::RunQueue),
            _ => None,
        }
    }
}

/// One rule.
pub trait Rule: Sync {
    /// What it is.
    fn about(&self) -> &About;
    /// What it explains.
    fn kind(&self) -> Kind;
    /// Whether what it explains is a consequence of the other causes rather than one itself.
    fn is_consequence(&self) -> bool {
        false
    }
    /// The rows that show the pattern, if it is there, and what they say in this pair.
    fn check(&self, pair: &Comparison<'_>) -> Option<Match>;
}

/// Every rule, those with the most specific pattern first; what they leave is for the ones below.
pub const RULES: &[&dyn Rule] = &[
    &dedicated_threads::GARBAGE_COLLECTION,
    &dedicated_threads::JIT_COMPILATION,
    &go_sysmon::GoSysmon,
    &timer_wakeups::TimerWakeups,
    &syscall_classes::CLOCK_CALLS,
    &connection_churn::ConnectionChurn,
    &eagain_reads::EagainReads,
    &small_writes::SmallWrites,
    &allocation_churn::AllocationChurn,
    &thread_handoff::ThreadHandoff,
    &preemption::Preemption,
    &syscall_classes::FILE_ACCESS,
    &empty_polls::EmptyPolls,
    &higher_unit_cost::HigherUnitCost,
    &syscall_classes::EVENT_LOOP,
    &syscall_classes::SOCKET_IO,
    &user_code::UserCode,
    &syscall_classes::OTHER_SYSCALLS,
    &leak::Leak,
    &memory_regions::BINARY_SIZE,
    &memory_regions::JIT_MEMORY,
    &memory_regions::THREAD_STACKS,
    &memory_regions::RETAINED_HEAP,
    &proxy_latency::QUEUEING,
    &proxy_latency::RECEIVE_TO_SEND,
    &stalls::COLLECTOR_PAUSE,
    &stalls::LOCK_CONTENTION,
    &stalls::LOOP_BLOCKING,
    &stalls::OVERSUBSCRIPTION,
    &stalls::NOISY_NEIGHBOUR,
];

/// The causes of one difference.
pub fn explain(view: &PairView<'_>, [a, b]: [&Rounds<'_>; 2], limits: &Thresholds) -> Vec<Finding> {
    let mut pair = Comparison::new(view, [a, b], limits);
    let kind = Kind::of(view.metric.name);
    let mut findings = Vec::new();
    for rule in RULES.iter().filter(|rule| Some(rule.kind()) == kind) {
        let Some(found) = rule.check(&pair) else {
            continue;
        };
        let more: f64 = found.rows.iter().map(|row| row.delta).sum();
        let share = more / pair.gap();
        if share >= limits[Limit::ReportedShare] && more > sampling_noise::of(&pair, &found.rows) {
            findings.push(Finding {
                consequence: rule.is_consequence(),
                ..finding(&pair, rule.about(), &found, more)
            });
            pair.claim(&found.rows);
        }
    }
    findings
}

fn finding(pair: &Comparison<'_>, about: &About, found: &Match, more: f64) -> Finding {
    let text = format!(
        "{} ({}) of what {} takes more than {} in {}: {}.",
        format::quantity(more, pair.view.metric.unit),
        format::percent(more / pair.gap()),
        pair.costly.arm,
        pair.baseline.arm,
        pair.view.title(),
        found.text,
    );
    let rows = found.rows.iter().map(|row| pair.cite(row));
    let evidence = rows.chain(found.evidence.iter().cloned()).collect();
    Finding {
        title: about.title.into(),
        meaning: format!("{}.", about.meaning),
        advice: format!("{}.", about.remedy),
        ..pair
            .view
            .finding(about.id, text, more / pair.gap(), evidence)
    }
}
