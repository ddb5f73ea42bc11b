//! Sentences that cite their rows. None says more than the ledger carries, and "no difference" is a finding.

mod difference;
mod sentence;

use crate::{arms::Rounds, causes, conditions};
use recording::{
    Comparison, Evidence,
    comparison::{Finding, Metric, Pair, Verdict},
    vocabulary::MetricId,
};

/// The metrics that are told in sentences; the others are told by their tables.
const TOLD: [MetricId; 10] = [
    MetricId::CpuNsPerToken,
    MetricId::RssBytes,
    MetricId::LoopBlockedNsPerToken,
    MetricId::LoopRunQueueNsPerToken,
    MetricId::ProxyLatencyMeanNs,
    MetricId::ProxyLatencyP99Ns,
    MetricId::TtftNs,
    MetricId::ItlNs,
    MetricId::TotalNs,
    // Without a load there are no tokens.
    MetricId::CpuNsPerSecond,
];

/// A loop that is held up for less than this a token makes no difference to anyone, however many times another's it is.
const HELD_UP_NS: f64 = 1_000.0;

/// One pair of one metric, and where it stands.
pub struct Story<'a> {
    /// What readers call the metric.
    pub title: &'a str,
    /// The metric.
    pub metric: &'a Metric,
    /// The pair.
    pub pair: &'a Pair,
    /// Citation of the pair.
    pub at: Evidence,
    /// Citations of the two values.
    pub values: [Evidence; 2],
}

impl Story<'_> {
    /// b − a, in the metric's unit.
    pub fn difference(&self) -> f64 {
        self.metric.arms[&self.pair.b].value - self.metric.arms[&self.pair.a].value
    }

    /// A finding about this pair; `rows` are cited after the values it speaks of.
    pub fn finding(&self, id: &str, text: String, share: f64, rows: Vec<Evidence>) -> Finding {
        let mut evidence = vec![self.at.clone()];
        evidence.extend(self.values.clone());
        evidence.extend(rows);
        Finding {
            id: id.into(),
            metric: self.metric.name,
            pair: Some([self.pair.a.clone(), self.pair.b.clone()]),
            title: String::new(),
            text,
            meaning: String::new(),
            advice: String::new(),
            share,
            consequence: false,
            predicted: None,
            evidence,
        }
    }
}

/// All findings, largest share first; those of one share in the order of metrics and pairs.
pub fn find(comparison: &Comparison, arms: &[Rounds<'_>]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = stories(comparison)
        .iter()
        .flat_map(|story| tell(story, arms))
        .collect();
    findings.extend(conditions::find(arms));
    // A hundredth more or less is no order; that of metrics and pairs is.
    let share = |finding: &Finding| (finding.share * 100.0).round();
    findings.sort_by(|one, other| share(other).total_cmp(&share(one)));
    findings
}

fn stories(comparison: &Comparison) -> Vec<Story<'_>> {
    let has_tokens = comparison
        .metrics
        .iter()
        .any(|metric| metric.name == TOLD[0]);
    let told = |metric: &Metric| {
        TOLD.contains(&metric.name) && !(has_tokens && metric.name == MetricId::CpuNsPerSecond)
    };
    let metrics = comparison.metrics.iter().enumerate();
    metrics
        .filter(|(_, metric)| told(metric))
        .flat_map(|(index, metric)| {
            let pairs = metric.pairs.iter().enumerate();
            pairs.map(move |(pair_index, pair)| story(index, metric, pair_index, pair))
        })
        .filter(|story| !is_stall(story.metric.name) || story.difference().abs() > HELD_UP_NS)
        .collect()
}

fn is_stall(metric: MetricId) -> bool {
    matches!(
        metric,
        MetricId::LoopBlockedNsPerToken | MetricId::LoopRunQueueNsPerToken
    )
}

fn story<'a>(index: usize, metric: &'a Metric, pair_index: usize, pair: &'a Pair) -> Story<'a> {
    Story {
        title: metric.name.label(),
        metric,
        pair,
        at: Evidence::pair(index, pair_index),
        values: [
            Evidence::value(index, &pair.a),
            Evidence::value(index, &pair.b),
        ],
    }
}

/// The sentence about a pair, and its causes.
fn tell(story: &Story<'_>, arms: &[Rounds<'_>]) -> Vec<Finding> {
    match story.pair.verdict {
        Verdict::Equivalent => {
            vec![story.finding("no-difference", sentence::equivalent(story), 0.0, vec![])]
        }
        Verdict::Inconclusive => vec![difference::tell_undecided(story)],
        Verdict::Higher | Verdict::Lower => {
            let arm = |name: &str| arms.iter().find(|arm| arm.arm == name);
            let arms = arm(&story.pair.a).zip(arm(&story.pair.b));
            let causes = arms.map(|(a, b)| causes::explain(story, a, b));
            let told = std::iter::once(difference::tell(story, arms));
            told.chain(causes.into_iter().flatten()).collect()
        }
    }
}

#[cfg(test)]
mod tests;
