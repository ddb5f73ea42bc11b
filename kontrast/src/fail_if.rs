//! Conditions under which a comparison fails: `cpu_ns_per_token:higher>5%`.
//!
//! A condition compares each arm with the first one. It holds only if the whole 95 % interval of
//! the ratio lies beyond the limit, so that noise does not fail a build.

use crate::outcome::Outcome;
use recording::comparison::{Comparison, Pair, Verdict};
use recording::vocabulary::{MetricId, Unknown};
use std::fmt;
use std::str::FromStr;

/// Conditions, and what to do where the rounds do not decide.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Gate {
    /// Exit with 99 if EXPR holds for an arm, compared with the first arm. May be given several
    /// times. METRIC:higher and METRIC:lower need a difference, METRIC:higher>5% needs one of more
    /// than 5 %. METRIC is a name in comparison.json, such as cpu_ns_per_token or rss_bytes.
    #[arg(long = "fail-if", value_name = "EXPR")]
    conditions: Vec<Condition>,
    /// Choose what happens to a condition that the rounds neither confirm nor refute.
    #[arg(
        long,
        value_enum,
        default_value_t,
        requires = "conditions",
        value_name = "CHOICE"
    )]
    inconclusive: Inconclusive,
}

/// Treatment of a condition that the rounds do not decide.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum Inconclusive {
    /// Go on as if the condition did not hold.
    #[default]
    Pass,
    /// Fail as if the condition held.
    Fail,
    /// Exit with 3, and print how many more rounds would decide. `kontrast run` measures more
    /// rounds before, as with --rounds auto; --rounds N is then the minimum.
    MoreRounds,
}

/// `METRIC:DIRECTION`, or `METRIC:DIRECTION>SHARE%`.
#[derive(Clone, Debug, PartialEq)]
struct Condition {
    metric: MetricId,
    direction: Direction,
    /// The difference that is allowed, as a share: 0.05 for 5 %.
    allowed: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Higher,
    Lower,
}

/// Judgement of a condition by the rounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Judgement {
    Holds,
    DoesNotHold,
    /// `more` rounds of each arm would decide, where that is known.
    Undecided {
        more: Option<u64>,
    },
}

impl FromStr for Condition {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |why: String| format!("{why}; write METRIC:higher, or METRIC:higher>5%");
        let (metric, rest) = text
            .split_once(':')
            .ok_or_else(|| wrong("there is no ':'".into()))?;
        let metric = metric
            .parse()
            .map_err(|unknown: Unknown| wrong(no_metric(&unknown)))?;
        let (direction, limit) = match rest.split_once('>') {
            Some((direction, limit)) => (direction, Some(limit)),
            None => (rest, None),
        };
        let direction = match direction {
            "higher" => Direction::Higher,
            "lower" => Direction::Lower,
            other => return Err(wrong(format!("{other:?} is neither higher nor lower"))),
        };
        let allowed = limit.map_or(Ok(0.0), |limit| {
            share(limit).ok_or_else(|| wrong(format!("{limit:?} is no share in per cent")))
        })?;
        if direction == Direction::Lower && allowed >= 1.0 {
            return Err(wrong("nothing is lower by 100 % or more".into()));
        }
        Ok(Self {
            metric,
            direction,
            allowed,
        })
    }
}

fn no_metric(unknown: &Unknown) -> String {
    format!(
        "{:?} is no metric; known are {}",
        unknown.text, unknown.known
    )
}

/// Returns the share that `5%` writes.
pub(crate) fn share(text: &str) -> Option<f64> {
    let percent: f64 = text.trim().strip_suffix('%')?.trim().parse().ok()?;
    (percent.is_finite() && percent >= 0.0).then_some(percent / 100.0)
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let direction = match self.direction {
            Direction::Higher => "higher",
            Direction::Lower => "lower",
        };
        write!(f, "{}:{direction}", self.metric.name())?;
        match self.allowed {
            0.0 => Ok(()),
            // Multiplying 0.07 by 100 leaves a remainder.
            allowed => write!(f, ">{}%", (allowed * 1e8).round() / 1e6),
        }
    }
}

impl Condition {
    fn judge(&self, pair: &Pair) -> Judgement {
        let undecided = Judgement::Undecided {
            more: pair.more_rounds,
        };
        // A single round has no interval.
        if pair.p_value.is_none() || pair.incomparable.is_some() {
            return undecided;
        }
        let [low, high] = pair.ci95;
        let (beyond, within, wanted) = match self.direction {
            Direction::Higher => {
                let limit = 1.0 + self.allowed;
                (low > limit, high <= limit, Verdict::Higher)
            }
            Direction::Lower => {
                let limit = 1.0 - self.allowed;
                (high < limit, low >= limit, Verdict::Lower)
            }
        };
        match pair.verdict {
            verdict if verdict == wanted && beyond => Judgement::Holds,
            _ if within => Judgement::DoesNotHold,
            Verdict::Equivalent if self.allowed == 0.0 => Judgement::DoesNotHold,
            _ => undecided,
        }
    }
}

impl Gate {
    /// Returns the metrics of the conditions.
    pub fn metrics(&self) -> Vec<MetricId> {
        let conditions = self.conditions.iter();
        conditions.map(|condition| condition.metric).collect()
    }

    /// Returns whether a run goes on where its rounds do not decide.
    pub fn wants_more_rounds(&self) -> bool {
        self.inconclusive == Inconclusive::MoreRounds
    }

    /// Judges the conditions on a comparison and prints a line for each arm, on standard error:
    /// standard output is the verdict's.
    ///
    /// # Errors
    /// Fails if the comparison has no such metric, or no second arm.
    pub fn judge(&self, comparison: &Comparison, outcome: Outcome) -> anyhow::Result<Outcome> {
        let mut judged = Vec::new();
        for condition in &self.conditions {
            for pair in pairs(comparison, condition)? {
                let judgement = condition.judge(pair);
                eprintln!("{}", line(condition, pair, judgement));
                judged.push(judgement);
            }
        }
        Ok(self.outcome(&judged, outcome))
    }

    /// An invalid result decides nothing, and a load threshold that was crossed stays crossed.
    fn outcome(&self, judged: &[Judgement], outcome: Outcome) -> Outcome {
        let is_undecided = |it: &Judgement| matches!(it, Judgement::Undecided { .. });
        let undecided = judged.iter().any(is_undecided);
        if outcome != Outcome::Done {
            outcome
        } else if judged.contains(&Judgement::Holds)
            || undecided && self.inconclusive == Inconclusive::Fail
        {
            Outcome::ConditionHolds
        } else if undecided && self.inconclusive == Inconclusive::MoreRounds {
            Outcome::Undecided
        } else {
            outcome
        }
    }
}

/// Returns the pairs of every other arm with the first one.
fn pairs<'a>(comparison: &'a Comparison, condition: &Condition) -> anyhow::Result<Vec<&'a Pair>> {
    let first = comparison.arms.first().map(|arm| arm.arm.as_str());
    let metric = comparison
        .metrics
        .iter()
        .find(|metric| metric.name == condition.metric);
    let pairs = metric.iter().flat_map(|metric| &metric.pairs);
    let pairs: Vec<_> = pairs
        .filter(|pair| Some(pair.a.as_str()) == first)
        .collect();
    if pairs.is_empty() {
        let names = comparison.metrics.iter().filter(|it| !it.pairs.is_empty());
        let names: Vec<_> = names.map(|metric| metric.name.name()).collect();
        anyhow::bail!(
            "--fail-if {condition}: the recordings do not have this metric; they have {}",
            names.join(", ")
        );
    }
    Ok(pairs)
}

fn line(condition: &Condition, pair: &Pair, judgement: Judgement) -> String {
    let [low, high] = pair.ci95;
    let says = match judgement {
        Judgement::Holds => "holds".to_owned(),
        Judgement::DoesNotHold => "does not hold".to_owned(),
        Judgement::Undecided { more: None } => "not decided: record more rounds".to_owned(),
        Judgement::Undecided { more: Some(0) } => {
            "not decided, but the rounds resolve 5 %: allow a difference, as in >5%".to_owned()
        }
        Judgement::Undecided { more: Some(more) } => {
            format!("not decided: about {more} more rounds of each arm resolve 5 %")
        }
    };
    format!(
        "fail-if {condition}: {} is {:.2}× of {} ({low:.2}×–{high:.2}×): {says}",
        report::clean::clean(&pair.b),
        pair.ratio,
        report::clean::clean(&pair.a)
    )
}

#[cfg(test)]
mod tests;
