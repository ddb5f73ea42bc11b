//! Sentences that cite their rows. None says more than the ledger carries, and "no difference" is a finding.

mod difference;
mod sentence;

use crate::{arms::Rounds, causes, conditions, evidence, metrics};
use recording::{
    Comparison,
    comparison::{Finding, Metric, Pair, Verdict},
};

/// The metrics that are told in sentences; the others are told by their tables.
const TOLD: [&str; 10] = [
    "cpu_ns_per_token",
    "rss_bytes",
    "loop_blocked_ns_per_token",
    "loop_run_queue_ns_per_token",
    "forwarding_mean_ns",
    "forwarding_p99_ns",
    "ttft_ns",
    "itl_ns",
    "total_ns",
    // Where there is no load there are no tokens.
    "cpu_ns_per_second",
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
    pub at: String,
    /// Citations of the two values.
    pub values: [String; 2],
}

impl Story<'_> {
    /// b − a, in the metric's unit.
    pub fn difference(&self) -> f64 {
        self.metric.arms[&self.pair.b].value - self.metric.arms[&self.pair.a].value
    }

    /// A finding about this pair; `rows` are cited after the values it speaks of.
    pub fn finding(&self, id: &str, text: String, share: f64, rows: Vec<String>) -> Finding {
        let mut evidence = vec![self.at.clone()];
        evidence.extend(self.values.clone());
        evidence.extend(rows);
        Finding {
            id: id.into(),
            metric: self.metric.name.clone(),
            pair: Some([self.pair.a.clone(), self.pair.b.clone()]),
            text,
            share,
            follows: false,
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
        TOLD.contains(&metric.name.as_str()) && !(has_tokens && metric.name == "cpu_ns_per_second")
    };
    let metrics = comparison.metrics.iter().enumerate();
    metrics
        .filter(|(_, metric)| told(metric))
        .flat_map(|(index, metric)| {
            let pairs = metric.pairs.iter().enumerate();
            pairs.map(move |(pair_index, pair)| story(index, metric, pair_index, pair))
        })
        .filter(|story| {
            !story.metric.name.starts_with("loop_") || story.difference().abs() > HELD_UP_NS
        })
        .collect()
}

fn story<'a>(index: usize, metric: &'a Metric, pair_index: usize, pair: &'a Pair) -> Story<'a> {
    Story {
        title: metrics::by_name(&metric.name).map_or(&metric.name, |known| known.title),
        metric,
        pair,
        at: evidence::pair(index, pair_index),
        values: [
            evidence::value(index, &pair.a),
            evidence::value(index, &pair.b),
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
