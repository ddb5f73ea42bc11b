//! The verdict about each pair of arms, or about one arm alone, in the words of every form.
//!
//! All numbers come from the comparison; this module selects rows and puts them into words.

mod entry;
mod notes;
mod packages;
mod parts;
mod row;
mod sentence;
mod unit;

use crate::clean::clean;
use entry::Side;
pub use notes::{advice_of, with_lead};
pub use packages::lines as package_lines;
use recording::comparison::{Comparison, Estimate, Metric, Pair, Verdict as Outcome};
use recording::evidence::Evidence;
use recording::format::{self, Scale};
use recording::vocabulary::MetricId;
use sentence::{headline, noun, rounds};
use serde::Serialize;

/// The verdict about a pair of arms, or about one arm.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// The metric that it is about.
    pub metric: MetricId,
    /// The arms, safe to show: the reference and the arm that is compared with it, or one arm
    /// alone.
    pub arms: Vec<String>,
    /// The sentence.
    pub headline: String,
    /// Values, interval and rounds.
    pub detail: String,
    /// Parts of the difference, or of the arm's value; absent where there is no difference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parts: Option<Parts>,
    /// Shares that rows account for and that have a name; absent without a ledger.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coverage: Option<String>,
    /// User code of each arm by package, where packages are known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub packages: Vec<String>,
    /// Advice of the first cause that has some.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub what_to_try: Option<String>,
    /// Cost of observing, where it was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observing_cost: Option<String>,
    /// Meaning of a unit of work that no one named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The numbers behind it.
    pub evidence: Vec<Evidence>,
}

/// Parts that add up to a difference, or to an arm's value.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Parts {
    /// `where the extra CPU goes`, for instance.
    pub title: String,
    /// Unit of the rows: `µs/token`.
    pub unit: String,
    /// The rows, largest first, then savings, then the parts without a name.
    pub rows: Vec<PartRow>,
}

/// One part.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PartRow {
    /// Kind of work or function, safe to show.
    pub label: String,
    /// Value in the metric's unit.
    pub value: f64,
    /// The value as shown: `+5.24`.
    pub shown: String,
    /// Half the width of the 95 % interval that sampling causes, as shown; absent where small.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sampling_error: Option<String>,
    /// Share of the whole: `11 %`.
    pub share: String,
    /// Counts, cost of each, thread role and top function.
    pub evidence: String,
    /// The numbers behind it.
    pub places: Vec<Evidence>,
    /// Whether no cause or function has it.
    pub unexplained: bool,
}

/// Returns the verdict of each arm against the first, or of the only arm; empty without a metric.
pub fn verdicts(comparison: &Comparison) -> Vec<Verdict> {
    let Some(first) = comparison.arms.first() else {
        return Vec::new();
    };
    let Some((index, metric)) = main_metric(comparison) else {
        return Vec::new();
    };
    if comparison.arms.len() == 1 {
        let alone = metric.arms.get(&first.arm);
        return alone
            .map(|estimate| of_one(comparison, index, metric, estimate))
            .into_iter()
            .collect();
    }
    let pairs = metric.pairs.iter().enumerate();
    pairs
        .filter(|(_, pair)| pair.a == first.arm)
        .map(|(at, pair)| of_pair(comparison, metric, pair, Evidence::pair(index, at)))
        .collect()
}

/// Returns the metric that the report is about, with its index: CPU time per unit of work, token,
/// request or second, in this order, or the first metric of a cold start.
pub fn main_metric(comparison: &Comparison) -> Option<(usize, &Metric)> {
    let alone = comparison.arms.len() < 2;
    let metrics = comparison.metrics.iter().enumerate();
    let usable = metrics.filter(|(_, metric)| alone || !metric.pairs.is_empty());
    let first = usable.clone().next()?;
    if first.1.name.is_of_start() {
        return Some(first);
    }
    let mut usable = usable;
    let cpu = usable.find(|(_, metric)| metric.name.is_cpu_time());
    cpu.or(Some(first))
}

/// Returns the two values of a pair; not a number where an arm has none.
pub fn values(metric: &Metric, pair: &Pair) -> [f64; 2] {
    [&pair.a, &pair.b].map(|arm| metric.arms.get(arm).map_or(f64::NAN, |found| found.value))
}

/// Returns `2.05×–2.22×`; nothing where the interval is a point, as that of a single round.
pub fn interval(ci95: [f64; 2]) -> Option<String> {
    let known = ci95.iter().all(|end| end.is_finite());
    let [low, high] = ci95.map(format::ratio);
    (known && low != high).then(|| format!("{low}–{high}"))
}

fn of_one(comparison: &Comparison, index: usize, metric: &Metric, estimate: &Estimate) -> Verdict {
    let arm = &comparison.arms[0];
    let scale = Scale::of(metric.unit, [estimate.value]);
    let name = clean(&arm.arm);
    let [low, high] = estimate.ci95.map(|end| scale.show(end));
    let mut detail = Vec::new();
    if low != high {
        detail.push(format!("95 % interval {low}–{high} {}", scale.unit));
    }
    detail.extend(unit::rates(comparison, metric, &[&arm.arm]));
    detail.push(rounds([arm.rounds, arm.rounds]));
    Verdict {
        metric: metric.name,
        headline: match noun(metric) {
            Some(noun) => format!("{name} uses {} of {noun}", scale.full(estimate.value)),
            None => format!("{name}: {}, {}", metric.label(), scale.full(estimate.value)),
        },
        detail: detail.join(", "),
        parts: parts::of_arm(arm, metric, estimate.value),
        coverage: notes::coverage_of_arm(arm, metric),
        packages: package_lines(comparison, &[&arm.arm]),
        what_to_try: notes::advice(comparison, metric, None),
        observing_cost: notes::observing_cost(comparison, &[&arm.arm]),
        unit: unit::note(comparison, metric),
        evidence: vec![Evidence::value(index, &arm.arm)],
        arms: vec![name],
    }
}

fn of_pair(comparison: &Comparison, metric: &Metric, pair: &Pair, place: Evidence) -> Verdict {
    let [a, b] = values(metric, pair);
    let scale = Scale::of(metric.unit, [a, b]);
    let mut detail = vec![format!("{} against {}", scale.full(b), scale.full(a))];
    detail.extend(interval(pair.ci95).map(|range| format!("95 % interval {range}")));
    detail.extend(unit::rates(comparison, metric, &[&pair.b, &pair.a]));
    let arm = |name: &str| comparison.arms.iter().find(|arm| arm.arm == name);
    let counts = [&pair.a, &pair.b].map(|name| arm(name).map_or(0, |arm| arm.rounds));
    detail.push(rounds(counts));
    let single = counts.contains(&1);
    let differ = matches!(pair.verdict, Outcome::Higher | Outcome::Lower);
    let side = Side::of(pair, b - a);
    Verdict {
        metric: metric.name,
        arms: [&pair.a, &pair.b].map(|name| clean(name)).into(),
        headline: headline(comparison, metric, pair, single),
        detail: detail.join(", "),
        parts: (differ || single)
            .then(|| parts::of_pair(metric, pair, &side, arm(side.costly)))
            .flatten(),
        coverage: notes::coverage_of_pair(comparison, metric, pair, differ || single),
        packages: package_lines(comparison, &[&pair.b, &pair.a]),
        what_to_try: differ
            .then(|| notes::advice(comparison, metric, Some((pair, &side))))
            .flatten(),
        observing_cost: notes::observing_cost(comparison, &[&pair.a, &pair.b]),
        unit: unit::note(comparison, metric),
        evidence: vec![place],
    }
}

#[cfg(test)]
mod tests;
