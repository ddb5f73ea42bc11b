//! Explanation rules: each names a pattern in the ledger's rows, what it means and what to do about it.
//!
//! The rules of one metric share its rows out among them, the most specific first: a row belongs to one cause at most,
//! so causes add up to the difference like the terms they are made of. `docs/causes.md` has a line for each.

mod allocation_churn;
mod case;
mod chance;
mod connection_churn;
mod dearer_work;
mod empty_polls;
mod failing_receives;
mod forwarding;
mod go_watcher;
mod hand_off;
mod kinds_of_calls;
mod leak;
mod polling;
mod preemption;
mod regions;
mod small_writes;
mod stalls;
mod thread_jobs;
mod user_code;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use case::{Case, Hit, Row};

use crate::{arms::Rounds, findings::Story};
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
    /// Forwarding time, its mean or a percentile.
    Forwarding,
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
            metric if metric.is_proxy_latency() => Some(Kind::Forwarding),
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
    fn follows(&self) -> bool {
        false
    }
    /// The rows that show the pattern, if it is there, and what they say in this case.
    fn check(&self, case: &Case<'_>) -> Option<Hit>;
}

/// Every rule, those with the most specific pattern first; what they leave is for the ones below.
pub const RULES: &[&dyn Rule] = &[
    &thread_jobs::GARBAGE_COLLECTION,
    &thread_jobs::JIT_COMPILATION,
    &go_watcher::GoWatcher,
    &polling::Polling,
    &kinds_of_calls::CLOCK_CALLS,
    &connection_churn::ConnectionChurn,
    &failing_receives::FailingReceives,
    &small_writes::SmallWrites,
    &allocation_churn::AllocationChurn,
    &hand_off::HandOff,
    &preemption::Preemption,
    &kinds_of_calls::FILE_ACCESS,
    &empty_polls::EmptyPolls,
    &dearer_work::DearerWork,
    &kinds_of_calls::EVENT_LOOP,
    &kinds_of_calls::NETWORK_COST,
    &user_code::UserCode,
    &kinds_of_calls::OTHER_CALLS,
    &leak::Leak,
    &regions::BINARY_SIZE,
    &regions::JIT_MEMORY,
    &regions::THREAD_STACKS,
    &regions::RETAINED_HEAP,
    &forwarding::QUEUEING,
    &forwarding::SLOW_FORWARDING,
    &stalls::COLLECTOR_PAUSE,
    &stalls::LOCK_CONTENTION,
    &stalls::LOOP_BLOCKING,
    &stalls::OVERSUBSCRIPTION,
    &stalls::NOISY_NEIGHBOUR,
];

/// A cause below this share of the difference is not told, nor one that chance may make.
const WORTH_TELLING: f64 = 0.05;

/// The causes of one difference.
pub fn explain(story: &Story<'_>, a: &Rounds<'_>, b: &Rounds<'_>) -> Vec<Finding> {
    let mut case = Case::new(story, a, b);
    let kind = Kind::of(story.metric.name);
    let mut findings = Vec::new();
    for rule in RULES.iter().filter(|rule| Some(rule.kind()) == kind) {
        let Some(hit) = rule.check(&case) else {
            continue;
        };
        let more: f64 = hit.rows.iter().map(|row| row.more).sum();
        let share = more / case.gap();
        if share >= WORTH_TELLING && more > chance::of(&case, &hit.rows) {
            findings.push(Finding {
                consequence: rule.follows(),
                ..finding(&case, rule.about(), &hit, more)
            });
            case.take(&hit.rows);
        }
    }
    findings
}

fn finding(case: &Case<'_>, about: &About, hit: &Hit, more: f64) -> Finding {
    let text = format!(
        "{} ({}) of what {} takes more than {} in {}: {}.",
        format::quantity(more, case.story.metric.unit),
        format::percent(more / case.gap()),
        case.dear.arm,
        case.cheap.arm,
        case.story.title,
        hit.text,
    );
    let rows = hit.rows.iter().map(|row| case.cite(row));
    let evidence = rows.chain(hit.evidence.iter().cloned()).collect();
    Finding {
        title: about.title.into(),
        meaning: format!("{}.", about.meaning),
        advice: format!("{}.", about.remedy),
        ..case
            .story
            .finding(about.id, text, more / case.gap(), evidence)
    }
}
