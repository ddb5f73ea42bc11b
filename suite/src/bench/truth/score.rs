//! What the analysis says, held against what was planted.

use recording::Comparison;
use recording::comparison::{Finding, Metric, Pair};
use serde::Serialize;

use super::causes::{Cause, Dose};

/// A dose may be off by this share of it.
const DOSE: f64 = 0.10;
/// A cause that was not planted may make up this share of the difference, and so may what nothing explains.
const REST: f64 = 0.05;

/// How well one cause was told.
#[derive(Clone, Debug, Serialize)]
pub struct Score {
    /// The arm with the fault.
    pub arm: String,
    /// The metric it is looked for in.
    pub metric: String,
    /// The finding that must come first.
    pub expected: String,
    /// The finding that came first; none where no difference was found.
    pub first: Option<String>,
    /// In what doses are measured.
    pub dose: Dose,
    /// What the server counted.
    pub planted: f64,
    /// What the finding says.
    pub measured: f64,
    /// Causes that were not planted, with their share of the difference, where it is too large.
    pub others: Vec<(String, f64)>,
    /// What is told to follow from the planted cause, with its share of the difference, where that is as large.
    pub following: Vec<(String, f64)>,
    /// Share of the difference that no row of the ledger explains.
    pub remainder: f64,
}

impl Score {
    /// Reads a comparison of the healthy server with the faulty one.
    pub fn new(cause: &Cause, planted: f64, comparison: &Comparison) -> Self {
        let metric = comparison
            .metrics
            .iter()
            .find(|metric| metric.name == cause.metric);
        let found = metric.and_then(|metric| Some((metric, metric.pairs.first()?)));
        let told: Vec<&Finding> = told(comparison, &cause.metric);
        let right = told.iter().find(|finding| finding.id == cause.finding);
        let measured = found
            .zip(right)
            .map(|((metric, pair), right)| match cause.dose {
                Dose::Count => counted(pair, right),
                _ => right.share * gap(metric, pair),
            });
        let others = told.iter().filter(|finding| {
            finding.id != cause.finding && finding.share > REST && !finding.follows
        });
        let following = told
            .iter()
            .filter(|finding| finding.follows && finding.share > REST);
        let listed = |finding: &&Finding| (finding.id.clone(), finding.share);
        Self {
            arm: cause.arm(),
            metric: cause.metric.clone(),
            expected: cause.finding.clone(),
            first: told
                .iter()
                .find(|finding| !finding.follows)
                .map(|finding| finding.id.clone()),
            dose: cause.dose,
            planted,
            measured: measured.unwrap_or(0.0),
            others: others.map(listed).collect(),
            following: following.map(listed).collect(),
            remainder: found.map_or(1.0, |(metric, pair)| pair.unexplained / gap(metric, pair)),
        }
    }

    /// Whether the right cause came first.
    pub fn is_first(&self) -> bool {
        self.first.as_ref() == Some(&self.expected)
    }

    /// Whether the dose is right.
    pub fn is_dose_right(&self) -> bool {
        (self.measured / self.planted - 1.0).abs() <= DOSE
    }

    /// Whether all of it is right.
    pub fn is_right(&self) -> bool {
        self.is_first()
            && self.is_dose_right()
            && self.others.is_empty()
            && self.remainder.abs() < REST
    }
}

/// The causes of the only pair, largest first; the sentence that tells the difference itself is none.
fn told<'a>(comparison: &'a Comparison, metric: &str) -> Vec<&'a Finding> {
    let is_cause = |finding: &&Finding| {
        finding.metric == metric
            && finding.pair.is_some()
            && finding.share > 0.0
            && finding.id != "difference"
    };
    comparison.findings.iter().filter(is_cause).collect()
}

fn gap(metric: &Metric, pair: &Pair) -> f64 {
    metric.arms[&pair.b].value - metric.arms[&pair.a].value
}

/// How many more calls there are in the rows that a finding cites: rows of user code count wake-ups.
fn counted(pair: &Pair, finding: &Finding) -> f64 {
    let row = |citation: &String| citation.rsplit_once("/terms/")?.1.parse::<usize>().ok();
    let rows = finding
        .evidence
        .iter()
        .filter_map(row)
        .filter_map(|row| pair.terms.get(row))
        .filter(|row| analysis::work::is_call(&row.cause));
    rows.map(|row| row.in_b.count - row.in_a.count).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use analysis::work::USER_CODE;
    use recording::comparison::{Amount, Estimate, Term};

    fn finding(id: &str, share: f64, row: usize) -> Finding {
        Finding {
            id: id.into(),
            metric: "m".into(),
            pair: Some(["a".into(), "b".into()]),
            share,
            evidence: vec![format!("comparison#/metrics/0/pairs/0/terms/{row}")],
            ..Finding::default()
        }
    }

    fn comparison(findings: Vec<Finding>, unexplained: f64) -> Comparison {
        let value = |value| Estimate {
            value,
            ci95: [value; 2],
        };
        let term = |cause: &str, count| Term {
            cause: cause.into(),
            in_b: Amount {
                count,
                ..Amount::default()
            },
            ..Term::default()
        };
        let pair = Pair {
            a: "a".into(),
            b: "b".into(),
            terms: vec![term("read", 10.0), term(USER_CODE, 3.0)],
            unexplained,
            ..Pair::default()
        };
        let metric = Metric {
            name: "m".into(),
            arms: [
                ("a".to_owned(), value(100.0)),
                ("b".to_owned(), value(300.0)),
            ]
            .into(),
            pairs: vec![pair],
            ..Metric::default()
        };
        Comparison {
            metrics: vec![metric],
            findings,
            ..Comparison::default()
        }
    }

    fn cause(dose: Dose) -> Cause {
        let [target, variant, metric, finding] = ["t", "v", "m", "right"].map(String::from);
        Cause {
            target,
            variant,
            metric,
            finding,
            dose,
        }
    }

    #[test]
    fn a_cause_that_is_told_right_scores() {
        let told = vec![finding("difference", 1.0, 0), finding("right", 0.95, 0)];
        let score = Score::new(&cause(Dose::CpuNs), 200.0, &comparison(told.clone(), 2.0));
        assert_eq!(score.measured, 190.0);
        assert!(score.is_right());
        let counted = Score::new(&cause(Dose::Count), 10.5, &comparison(told, 2.0));
        assert!(counted.is_right());
    }

    #[test]
    fn each_fault_of_the_telling_costs_the_score() {
        let right = || finding("right", 0.95, 0);
        let scored = |told, planted, unexplained| {
            Score::new(&cause(Dose::CpuNs), planted, &comparison(told, unexplained))
        };
        assert!(!scored(vec![right()], 250.0, 0.0).is_dose_right());
        assert!(!scored(vec![right()], 190.0, 20.0).is_right());
        assert!(!scored(vec![right(), finding("other", 0.06, 1)], 190.0, 0.0).is_right());
        let follows = Finding {
            follows: true,
            ..finding("other", 0.06, 1)
        };
        let followed = scored(vec![right(), follows], 190.0, 0.0);
        assert!(followed.is_right() && followed.following.len() == 1);
        assert!(!scored(vec![finding("other", 0.96, 1), right()], 190.0, 0.0).is_first());
        let nothing = scored(vec![], 190.0, 0.0);
        assert_eq!((nothing.first.clone(), nothing.measured), (None, 0.0));
        assert!(!nothing.is_right());
    }

    #[test]
    fn without_the_metric_nothing_is_right() {
        let score = Score::new(&cause(Dose::CpuNs), 1.0, &Comparison::default());
        assert!(!score.is_right());
    }
}
