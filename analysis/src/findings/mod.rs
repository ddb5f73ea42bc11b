//! Sentences that cite their rows. No sentence says more than the ledger carries, and "no
//! difference" is a finding.

mod difference;
mod sentence;

use crate::thresholds::{Limit, Thresholds};
use crate::{arms::Rounds, causes, conditions, metrics, pair_view::PairView};
use recording::{
    Comparison,
    comparison::{Finding, Metric, Verdict},
    vocabulary::{MetricId, Per},
};

/// The metrics that have sentences, besides CPU time per unit; the others have tables only.
const IN_SENTENCES: [MetricId; 10] = [
    MetricId::RssBytes,
    MetricId::LoopBlockedNsPerToken,
    MetricId::LoopBlockedNsPerWork,
    MetricId::LoopRunQueueNsPerToken,
    MetricId::LoopRunQueueNsPerWork,
    MetricId::ProxyLatencyMeanNs,
    MetricId::ProxyLatencyP99Ns,
    MetricId::TtftNs,
    MetricId::ItlNs,
    MetricId::TotalNs,
];

/// Returns all findings, largest share first; those of one share in the order of metrics and pairs.
pub fn find(comparison: &Comparison, arms: &[Rounds<'_>], limits: &Thresholds) -> Vec<Finding> {
    let mut findings: Vec<Finding> = views(comparison, limits)
        .iter()
        .flat_map(|view| about_pair(view, arms, limits))
        .collect();
    findings.extend(conditions::find(arms, limits));
    // Shares that differ by less than a hundredth keep the order of metrics and pairs.
    let share = |finding: &Finding| (finding.share * 100.0).round();
    findings.sort_by(|one, other| share(other).total_cmp(&share(one)));
    findings
}

fn views<'a>(comparison: &'a Comparison, limits: &Thresholds) -> Vec<PairView<'a>> {
    let unit = comparison
        .work
        .as_ref()
        .map_or(Per::Second, |work| work.per);
    // A unit that was named hides tokens.
    let is_hidden = |id: MetricId| id.per() == Per::Token && matches!(unit, Per::Work(_));
    let has_sentence = |metric: &Metric| {
        let id = metric.name;
        (IN_SENTENCES.contains(&id) && !is_hidden(id)) || id == metrics::cpu_time_per(unit)
    };
    let metrics = comparison.metrics.iter().enumerate();
    metrics
        .filter(|(_, metric)| has_sentence(metric))
        .flat_map(|(index, metric)| {
            let pairs = metric.pairs.iter().enumerate();
            pairs.map(move |(place, pair)| PairView::new(index, metric, place, pair))
        })
        .filter(|view| {
            !is_stall(view.metric.name) || view.difference().abs() > limits[Limit::LoopStallNs]
        })
        .collect()
}

fn is_stall(metric: MetricId) -> bool {
    matches!(
        metric,
        MetricId::LoopBlockedNsPerToken
            | MetricId::LoopBlockedNsPerWork
            | MetricId::LoopRunQueueNsPerToken
            | MetricId::LoopRunQueueNsPerWork
    )
}

/// Returns the sentence about a pair, and its causes.
fn about_pair(view: &PairView<'_>, arms: &[Rounds<'_>], limits: &Thresholds) -> Vec<Finding> {
    let arm = |name: &str| arms.iter().find(|arm| arm.arm == name);
    let pair = arm(&view.pair.a).zip(arm(&view.pair.b));
    match view.pair.verdict {
        Verdict::Equivalent => {
            vec![view.finding("no-difference", sentence::equivalent(view), 0.0, vec![])]
        }
        Verdict::Inconclusive => vec![difference::undecided(view, pair, limits)],
        Verdict::Higher | Verdict::Lower => {
            let causes = pair.map(|(a, b)| causes::explain(view, [a, b], limits));
            let difference = std::iter::once(difference::decided(view, pair, limits));
            difference.chain(causes.into_iter().flatten()).collect()
        }
    }
}

#[cfg(test)]
mod tests;
