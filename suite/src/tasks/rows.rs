//! Results of all rounds: one row per kind, job and metric.

use std::collections::BTreeMap;

use analysis::stats::{self, Sample};
use recording::comparison::{Estimate, Verdict};
use serde::Serialize;

use super::job::Job;
use super::measure::Values;

/// Bytes or nanoseconds below which no ratio is formed.
const LEAST: f64 = 1.0;

/// Rounds of all kinds and jobs.
#[derive(Default)]
pub struct Rounds {
    samples: BTreeMap<(usize, Job, &'static str), Vec<Sample>>,
}

/// One value with its interval, and its ratio to the first kind.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// The kind of task.
    pub kind: String,
    /// The job, with the number of tasks.
    pub job: String,
    /// The metric; times are in nanoseconds, memory is in bytes.
    pub metric: String,
    /// The unit by which the value is divided.
    pub unit: String,
    /// Number of rounds.
    pub rounds: usize,
    /// The value per unit, with its 95 % interval over rounds.
    pub value: Estimate,
    /// Ratio to the first kind's value.
    pub ratio: Option<Ratio>,
}

/// Ratio to the first kind's value.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ratio {
    /// The ratio, with its 95 % interval over rounds.
    #[serde(flatten)]
    pub value: Estimate,
    /// Whether the kinds differ.
    pub verdict: Verdict,
}

impl Rounds {
    /// Adds the values of one round.
    pub fn add(&mut self, kind: usize, job: Job, values: Values) {
        for (metric, sample) in values {
            self.samples
                .entry((kind, job, metric))
                .or_default()
                .push(sample);
        }
    }

    /// Returns all rows; `kinds` are the names, the first of which is the baseline.
    pub fn rows(&self, kinds: &[String]) -> Vec<Row> {
        let row = |(&(kind, job, metric), samples): (&(usize, Job, &'static str), &Vec<Sample>)| {
            let first = self.samples.get(&(0, job, metric));
            Row {
                kind: kinds[kind].clone(),
                job: job.to_string(),
                metric: metric.to_owned(),
                unit: job.unit().to_owned(),
                rounds: samples.len(),
                value: Estimate {
                    value: stats::value(samples),
                    ci95: stats::interval(samples),
                },
                ratio: first
                    .filter(|first| kind > 0 && stats::value(*first) >= LEAST)
                    .map(|first| ratio(first, samples)),
            }
        };
        self.samples.iter().map(row).collect()
    }
}

fn ratio(first: &[Sample], of: &[Sample]) -> Ratio {
    let ci95 = stats::ratio_interval(first, of);
    Ratio {
        value: Estimate {
            value: stats::ratio(stats::value(first), stats::value(of)),
            ci95,
        },
        verdict: stats::verdict(ci95, first.len().min(of.len())),
    }
}

/// Returns the row of this kind, job and metric.
pub fn find<'a>(rows: &'a [Row], kind: &str, job: &str, metric: &str) -> Option<&'a Row> {
    rows.iter()
        .find(|row| row.kind == kind && row.job == job && row.metric == metric)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rounds(of: &[f64]) -> Rounds {
        let mut rounds = Rounds::default();
        for (kind, amount) in of.iter().enumerate() {
            for more in [0.0, 1.0] {
                let amount = amount + more;
                let values = Values::from([("rss_bytes", Sample { amount, over: 10.0 })]);
                rounds.add(kind, Job::Idle(10), values);
            }
        }
        rounds
    }

    #[test]
    fn divides_by_tasks_and_compares_with_the_first_kind() {
        let rows = rounds(&[1000.0, 4000.0]).rows(&["a".into(), "b".into()]);
        let row = find(&rows, "b", "idle-10", "rss_bytes").unwrap();
        assert_eq!((row.value.value, row.rounds), (400.05, 2));
        let ratio = row.ratio.as_ref().unwrap();
        assert!((ratio.value.value - 3.998).abs() < 0.001, "{ratio:?}");
        assert_eq!(ratio.verdict, Verdict::Higher);
        assert_eq!(
            find(&rows, "a", "idle-10", "rss_bytes").unwrap().ratio,
            None
        );
        assert_eq!(find(&rows, "b", "idle-100", "rss_bytes"), None);
    }

    #[test]
    fn omits_ratios_to_less_than_one_unit() {
        let rows = rounds(&[-0.5, 4000.0]).rows(&["a".into(), "b".into()]);
        assert_eq!(
            find(&rows, "b", "idle-10", "rss_bytes").unwrap().ratio,
            None
        );
    }
}
