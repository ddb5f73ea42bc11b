//! Scores of findings against planted causes.

use recording::comparison::{Finding, Metric, Pair};
use recording::vocabulary::MetricId;
use recording::{Comparison, Evidence};
use serde::Serialize;

use super::causes::{Cause, Dose};
use super::code::CodeScore;

/// Largest error of a dose, as a share of it.
const DOSE: f64 = 0.10;
/// Largest share of the difference for a cause that was not planted, and for the unexplained part.
const REST: f64 = 0.05;

/// Score of the finding of one cause.
#[derive(Clone, Debug, Serialize)]
pub struct Score {
    /// The arm with the fault.
    pub arm: String,
    /// The metric that it shows in.
    pub metric: MetricId,
    /// The finding that must come first.
    pub expected: String,
    /// The finding that came first; `None` where no difference was found.
    pub first: Option<String>,
    /// The quantity of the dose.
    pub dose: Dose,
    /// The dose that the server counted.
    pub planted: f64,
    /// The dose that the finding reports.
    pub measured: f64,
    /// Causes that were not planted and have too large a share of the difference, with that share.
    pub others: Vec<(String, f64)>,
    /// Consequences of the fault with as large a share of the difference, with that share.
    pub consequences: Vec<(String, f64)>,
    /// Share of the difference that no row of the ledger explains.
    pub remainder: f64,
    /// The code that is reported, for a fault inside user code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<CodeScore>,
}

impl Score {
    /// Scores a comparison of the healthy server with the faulty one.
    pub fn new(cause: &Cause, planted: f64, comparison: &Comparison) -> Self {
        let metric = comparison
            .metrics
            .iter()
            .find(|metric| metric.name == cause.metric);
        let found = metric.and_then(|metric| Some((metric, metric.pairs.first()?)));
        let reported: Vec<&Finding> = reported(comparison, cause.metric);
        let right = reported.iter().find(|finding| finding.id == cause.finding);
        let measured = found
            .zip(right)
            .map(|((metric, pair), right)| match cause.dose {
                Dose::Count => counted(pair, right),
                _ => (right.share + inside(&reported, cause)) * gap(metric, pair),
            });
        let follows = |finding: &Finding| {
            let named = [&cause.besides, &cause.inside];
            finding.consequence || named.iter().any(|ids| ids.contains(&finding.id))
        };
        let large = || {
            let large = reported.iter().filter(|finding| finding.share > REST);
            large.filter(|finding| finding.id != cause.finding)
        };
        let others = large().filter(|finding| !follows(finding));
        let consequences = large().filter(|finding| follows(finding));
        let listed = |finding: &&Finding| (finding.id.clone(), finding.share);
        Self {
            arm: cause.arm(),
            metric: cause.metric,
            expected: cause.finding.clone(),
            first: reported
                .iter()
                .find(|finding| !finding.consequence)
                .map(|finding| finding.id.clone()),
            dose: cause.dose,
            planted,
            measured: measured.unwrap_or(0.0),
            others: others.map(listed).collect(),
            consequences: consequences.map(listed).collect(),
            remainder: found.map_or(1.0, |(metric, pair)| pair.unexplained / gap(metric, pair)),
            code: cause.code.as_ref().map(|code| {
                let pair = found.map(|(_, pair)| pair);
                CodeScore::new(code, pair)
            }),
        }
    }

    /// Returns whether the right cause came first.
    pub fn is_first(&self) -> bool {
        self.first.as_ref() == Some(&self.expected)
    }

    /// Returns whether the dose is right.
    pub fn is_dose_right(&self) -> bool {
        (self.measured / self.planted - 1.0).abs() <= DOSE
    }

    /// Returns whether all of it is right.
    pub fn is_right(&self) -> bool {
        self.is_first()
            && self.is_dose_right()
            && self.others.is_empty()
            && self.remainder.abs() < REST
            && self.code.as_ref().is_none_or(CodeScore::is_right)
    }
}

/// Returns the share of findings about a part of the planted work.
fn inside(reported: &[&Finding], cause: &Cause) -> f64 {
    let inside = reported
        .iter()
        .filter(|finding| cause.inside.contains(&finding.id));
    inside.map(|finding| finding.share).sum()
}

/// Returns the causes of the only pair, largest first, without the sentence of the difference.
fn reported(comparison: &Comparison, metric: MetricId) -> Vec<&Finding> {
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

/// Returns how many more system calls the rows have that a finding cites. Rows of user code count
/// wake-ups instead.
fn counted(pair: &Pair, finding: &Finding) -> f64 {
    let row = |cited: &Evidence| {
        cited
            .pointer()
            .rsplit_once("/terms/")?
            .1
            .parse::<usize>()
            .ok()
    };
    let rows = finding
        .evidence
        .iter()
        .filter_map(row)
        .filter_map(|row| pair.terms.get(row))
        .filter(|row| row.kind.is_syscall());
    rows.map(|row| row.in_b.count - row.in_a.count).sum()
}

#[cfg(test)]
mod tests {
    use super::super::causes::Code;
    use super::*;
    use recording::comparison::{Amount, Estimate, Term};
    use recording::evidence::Rows;
    use recording::vocabulary::{CodeCategory, SyscallClass, TermKind};

    fn finding(id: &str, share: f64, row: usize) -> Finding {
        Finding {
            id: id.into(),
            metric: MetricId::CpuNsPerToken,
            pair: Some(["a".into(), "b".into()]),
            title: String::new(),
            text: String::new(),
            meaning: String::new(),
            advice: String::new(),
            share,
            consequence: false,
            predicted: None,
            evidence: vec![Evidence::pair(0, 0).row(Rows::Terms, row)],
            stacks: Vec::new(),
        }
    }

    fn comparison(findings: Vec<Finding>, unexplained: f64) -> Comparison {
        let value = |value| Estimate {
            value,
            ci95: [value; 2],
        };
        let term = |kind, count| Term {
            kind,
            in_b: Amount {
                count,
                ..Amount::default()
            },
            ..Term::default()
        };
        let pair = Pair {
            a: "a".into(),
            b: "b".into(),
            terms: vec![
                term(TermKind::Syscall(SyscallClass::Receive), 10.0),
                term(TermKind::UserCode, 3.0),
            ],
            unexplained,
            ..Pair::default()
        };
        let metric = Metric {
            arms: [
                ("a".to_owned(), value(100.0)),
                ("b".to_owned(), value(300.0)),
            ]
            .into(),
            pairs: vec![pair],
            ..Metric::new(MetricId::CpuNsPerToken)
        };
        Comparison {
            metrics: vec![metric],
            findings,
            ..Comparison::default()
        }
    }

    fn cause(dose: Dose) -> Cause {
        let [target, variant, finding] = ["t", "v", "right"].map(String::from);
        Cause {
            target,
            variant,
            metric: MetricId::CpuNsPerToken,
            finding,
            dose,
            code: None,
            besides: vec!["side-effect".into()],
            inside: vec!["part".into()],
        }
    }

    #[test]
    fn scores_a_cause_that_is_reported_right() {
        let reported = vec![finding("difference", 1.0, 0), finding("right", 0.95, 0)];
        let score = Score::new(
            &cause(Dose::CpuNs),
            200.0,
            &comparison(reported.clone(), 2.0),
        );
        assert_eq!(score.measured, 190.0);
        assert!(score.is_right());
        let counted = Score::new(&cause(Dose::Count), 10.5, &comparison(reported, 2.0));
        assert!(counted.is_right());
    }

    #[test]
    fn fails_for_each_fault_of_the_findings() {
        let right = || finding("right", 0.95, 0);
        let scored = |reported, planted, unexplained| {
            let comparison = comparison(reported, unexplained);
            Score::new(&cause(Dose::CpuNs), planted, &comparison)
        };
        assert!(!scored(vec![right()], 250.0, 0.0).is_dose_right());
        assert!(!scored(vec![right()], 190.0, 20.0).is_right());
        assert!(!scored(vec![right(), finding("other", 0.06, 1)], 190.0, 0.0).is_right());
        let consequence = Finding {
            consequence: true,
            ..finding("other", 0.06, 1)
        };
        let with_it = scored(vec![right(), consequence], 190.0, 0.0);
        assert!(with_it.is_right() && with_it.consequences.len() == 1);
        let beside = scored(vec![right(), finding("side-effect", 0.2, 1)], 190.0, 0.0);
        assert!(beside.is_right() && beside.consequences.len() == 1);
        let parts = vec![finding("right", 0.7, 0), finding("part", 0.25, 1)];
        let whole = scored(parts, 190.0, 0.0);
        assert!(whole.is_right() && whole.measured == 190.0, "{whole:?}");
        assert!(!scored(vec![finding("other", 0.96, 1), right()], 190.0, 0.0).is_first());
        let nothing = scored(vec![], 190.0, 0.0);
        assert_eq!((nothing.first.clone(), nothing.measured), (None, 0.0));
        assert!(!nothing.is_right());
    }

    #[test]
    fn fails_for_code_of_another_kind() {
        let with_code = Cause {
            code: Some(Code {
                kind: CodeCategory::Json,
                functions: vec![],
            }),
            ..cause(Dose::CpuNs)
        };
        let comparison = comparison(vec![finding("right", 0.95, 0)], 0.0);
        let score = Score::new(&with_code, 190.0, &comparison);
        assert!(score.is_first() && score.is_dose_right() && !score.is_right());
    }

    #[test]
    fn fails_without_the_metric() {
        let score = Score::new(&cause(Dose::CpuNs), 1.0, &Comparison::default());
        assert!(!score.is_right());
    }
}
