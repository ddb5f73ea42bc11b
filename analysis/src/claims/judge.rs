//! Tests statements by the comparison.

use super::{Statement, Unit};
use crate::{arms::Rounds, stats};
use recording::{
    Comparison, Evidence,
    comparison::{Claim, ClaimVerdict, Estimate},
    format,
    vocabulary::MetricId,
};

/// Tests each statement by the comparison; statements about other arms are left out.
pub fn judge(statements: &[Statement], comparison: &Comparison, arms: &[Rounds<'_>]) -> Vec<Claim> {
    let concerns = |statement: &&Statement| {
        let measured = |arm: &String| arms.iter().any(|rounds| rounds.arm == arm);
        statement.arms.iter().any(measured)
    };
    statements
        .iter()
        .filter(concerns)
        .map(|statement| claim(statement, comparison, arms))
        .collect()
}

/// Result of a statement for one arm.
struct Answer {
    verdict: ClaimVerdict,
    text: String,
    evidence: Vec<Evidence>,
}

fn claim(statement: &Statement, comparison: &Comparison, arms: &[Rounds<'_>]) -> Claim {
    let answers: Vec<Answer> = statement
        .arms
        .iter()
        .map(|arm| answer(statement, arm, comparison, arms))
        .collect();
    let texts: Vec<&str> = answers.iter().map(|answer| answer.text.as_str()).collect();
    Claim {
        source: statement.source.clone(),
        text: statement.text.clone(),
        verdict: together(&answers),
        measured: texts.join("; "),
        evidence: answers
            .iter()
            .flat_map(|answer| answer.evidence.clone())
            .collect(),
    }
}

/// One arm that refutes is enough; to confirm takes all of them.
fn together(answers: &[Answer]) -> ClaimVerdict {
    let any = |verdict| answers.iter().any(|answer| answer.verdict == verdict);
    [
        ClaimVerdict::Refuted,
        ClaimVerdict::NotTested,
        ClaimVerdict::Inconclusive,
    ]
    .into_iter()
    .find(|verdict| any(*verdict))
    .unwrap_or(ClaimVerdict::Confirmed)
}

fn answer(
    statement: &Statement,
    name: &str,
    comparison: &Comparison,
    arms: &[Rounds<'_>],
) -> Answer {
    let not_tested = |why: String| Answer {
        verdict: ClaimVerdict::NotTested,
        text: format!("{name}: {why}"),
        evidence: vec![],
    };
    let Some(arm) = arms.iter().find(|arm| arm.arm == name) else {
        return not_tested("not measured".into());
    };
    if let Some(other) = other_scenario(statement, arm) {
        return not_tested(format!(
            "measured under the scenario {other:?}, which this is not about"
        ));
    }
    let Some((value, evidence)) = measure(statement, name, comparison) else {
        return not_tested(format!("{} was not measured", statement.metric));
    };
    let rounds = arm.rounds.len();
    Answer {
        verdict: decide(statement, value, rounds),
        text: format!("{name}: {}", text(value, statement.unit, rounds)),
        evidence,
    }
}

/// A scenario of the arm's that the statement does not speak of.
fn other_scenario<'a>(statement: &Statement, arm: &Rounds<'a>) -> Option<&'a str> {
    let scenarios = arm.rounds.iter().map(|(_, recording)| {
        recording
            .load
            .as_ref()
            .map_or("none", |load| load.scenario.as_str())
    });
    let known = |name: &str| statement.scenarios.iter().any(|scenario| scenario == name);
    scenarios
        .into_iter()
        .find(|name| !statement.scenarios.is_empty() && !known(name))
}

/// Returns the value in the statement's unit, with its place.
fn measure(
    statement: &Statement,
    arm: &str,
    comparison: &Comparison,
) -> Option<(Estimate, Vec<Evidence>)> {
    let find = |id: MetricId| {
        let index = comparison
            .metrics
            .iter()
            .position(|metric| metric.name == id)?;
        let value = comparison.metrics[index].arms.get(arm)?;
        Some((*value, Evidence::value(index, arm)))
    };
    let (value, cited) = find(statement.metric)?;
    let Some(over) = statement.over else {
        return Some((scaled(value, scale(statement.unit, false)), vec![cited]));
    };
    let (whole, also_cited) = find(over)?;
    // Whether the two vary together is unknown, so the interval is the widest that theirs allow.
    let ratio = Estimate {
        value: stats::ratio(whole.value, value.value),
        ci95: [
            stats::ratio(whole.ci95[1], value.ci95[0]),
            stats::ratio(whole.ci95[0], value.ci95[1]),
        ],
    };
    Some((
        scaled(ratio, scale(statement.unit, true)),
        vec![cited, also_cited],
    ))
}

fn scaled(value: Estimate, by: f64) -> Estimate {
    Estimate {
        value: value.value / by,
        ci95: value.ci95.map(|bound| bound / by),
    }
}

/// Returns the size of one unit in the metric's unit.
fn scale(unit: Unit, of_ratio: bool) -> f64 {
    match unit {
        Unit::Percent if of_ratio => 0.01,
        // One percent of a second's nanoseconds.
        Unit::Percent => 1e7,
        Unit::Mebibytes => 1024.0 * 1024.0,
        Unit::Milliseconds => 1e6,
        Unit::Seconds => 1e9,
    }
}

fn decide(statement: &Statement, value: Estimate, rounds: usize) -> ClaimVerdict {
    let [low, high] = value.ci95;
    let (min, max) = (
        statement.min.unwrap_or(f64::NEG_INFINITY),
        statement.max.unwrap_or(f64::INFINITY),
    );
    if rounds < 2 {
        ClaimVerdict::Inconclusive
    } else if low >= min && high <= max {
        ClaimVerdict::Confirmed
    } else if high < min || low > max {
        ClaimVerdict::Refuted
    } else {
        ClaimVerdict::Inconclusive
    }
}

fn text(value: Estimate, unit: Unit, rounds: usize) -> String {
    let unit = match unit {
        Unit::Percent => "%",
        Unit::Mebibytes => "MiB",
        Unit::Milliseconds => "ms",
        Unit::Seconds => "s",
    };
    let [low, high] = value.ci95.map(format::number);
    let interval = match rounds {
        1 => "one round, no interval".into(),
        _ => format!("95 % interval {low}–{high}"),
    };
    format!("{} {unit} ({interval})", format::number(value.value))
}
