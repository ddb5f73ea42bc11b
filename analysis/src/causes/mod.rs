//! Explanation rules: each names a pattern in the ledger's rows, its meaning, and advice.
//!
//! The rules of one metric share its rows out among them, the most specific first: a row belongs to
//! one cause at most, so causes add up to the difference like their rows. The table of rules is
//! [`rules()`]; `docs/causes.md` shows it.

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
mod rows;
mod rules;
mod sampling_noise;
mod small_writes;
mod stalls;
mod syscall_classes;
mod thread_handoff;
mod timer_wakeups;
mod user_code;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub use comparison::{Comparison, Delta, Match};
pub use rules::rules;

use crate::about::About;
use crate::thresholds::{Limit, Thresholds};
use crate::{arms::Rounds, pair_view::PairView};
use recording::comparison::{Finding, Prediction};
use recording::format;
use recording::vocabulary::MetricId;

/// Metrics that a rule explains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Explains {
    /// CPU time per unit of work (per second, without one).
    Cpu,
    /// Resident memory.
    Memory,
    /// Proxy latency, its mean or a percentile.
    ProxyLatency,
    /// Time that event loops are blocked.
    Blocked,
    /// Run-queue time of event loops.
    RunQueue,
}

impl Explains {
    fn of(metric: MetricId) -> Option<Self> {
        match metric {
            MetricId::CpuNsPerToken
            | MetricId::CpuNsPerWork
            | MetricId::CpuNsPerRequest
            | MetricId::CpuNsPerSecond => Some(Explains::Cpu),
            MetricId::RssBytes => Some(Explains::Memory),
            metric if metric.is_proxy_latency() => Some(Explains::ProxyLatency),
            MetricId::LoopBlockedNsPerToken | MetricId::LoopBlockedNsPerWork => {
                Some(Explains::Blocked)
            }
            MetricId::LoopRunQueueNsPerToken | MetricId::LoopRunQueueNsPerWork => {
                Some(Explains::RunQueue)
            }
            _ => None,
        }
    }
}

/// One rule.
pub struct Rule {
    /// The rule in words.
    pub about: About,
    /// Metrics that it explains.
    pub explains: Explains,
    /// Whether its rows are a consequence of the other causes rather than a cause themselves.
    pub consequence: bool,
    /// Whether the advice removes the cause, so that its rows are the predicted saving.
    pub removable: bool,
    /// Returns the rows that show the pattern, with words about them; `None` where it is absent.
    check: fn(&Comparison<'_>) -> Option<Match>,
}

/// Returns the causes of one difference.
pub fn explain(view: &PairView<'_>, [a, b]: [&Rounds<'_>; 2], limits: &Thresholds) -> Vec<Finding> {
    let mut pair = Comparison::new(view, [a, b], limits);
    let metric = Explains::of(view.metric.name);
    let mut findings = Vec::new();
    for rule in rules().filter(|rule| Some(rule.explains) == metric) {
        let Some(found) = (rule.check)(&pair) else {
            continue;
        };
        let more: f64 = found.rows.iter().map(|row| row.delta).sum();
        let share = more / pair.gap();
        if share >= limits[Limit::ReportedShare] && more > sampling_noise::of(&pair, &found.rows) {
            findings.push(finding(&pair, rule, &found, more));
            pair.claim(&found.rows);
        }
    }
    findings
}

fn finding(pair: &Comparison<'_>, rule: &Rule, found: &Match, more: f64) -> Finding {
    let (share, about) = (more / pair.gap(), &rule.about);
    let text = format!(
        "{} takes {} more{} than {} ({} of the difference): {}.",
        pair.costly.arm,
        format::quantity(more, pair.view.metric.unit),
        pair.per_unit(),
        pair.baseline.arm,
        format::percent(share),
        found.text,
    );
    let rows = found.rows.iter().map(|row| pair.cite(row));
    let evidence = rows.chain(found.evidence.iter().cloned()).collect();
    Finding {
        title: about.title.into(),
        meaning: about.meaning.into(),
        advice: about.advice.into(),
        consequence: rule.consequence,
        predicted: rule.removable.then(|| predicted(pair, &found.rows, more)),
        ..pair.view.finding(about.id, text, share, evidence)
    }
}

/// Returns the saving if the cause were gone: the costly arm would spend as much on its rows as the
/// baseline. The interval is that of the whole difference over rounds, scaled to the rows, and
/// their sampling noise.
fn predicted(pair: &Comparison<'_>, rows: &[Delta], more: f64) -> Prediction {
    let [low, high] = pair.view.pair.ci95;
    let before = pair.view.metric.arms[&pair.view.pair.a].value;
    let over_rounds = more * (high - low) / 2.0 * before / pair.gap();
    let reach = over_rounds.hypot(sampling_noise::of(pair, rows));
    Prediction {
        delta: -more,
        ci95: [-more - reach, -more + reach],
    }
}
