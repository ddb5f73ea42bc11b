//! The verdict about each pair of arms, or about one arm alone: the same words in every form of the report.
//!
//! All numbers come from the comparison; this module selects rows and puts them into words.

mod parts;
mod row;

use crate::clean::clean;
use parts::Side;
use recording::comparison::{
    Comparison, Estimate, Finding, Metric, ObserverCost, Pair, Verdict as Outcome,
};
use recording::evidence::Evidence;
use recording::format::{self, Scale};
use recording::observer::Mode;
use recording::vocabulary::{MetricId, Per, Unit};
use serde::Serialize;

/// The verdict about a pair of arms, or about one arm.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// The metric that it is about.
    pub metric: MetricId,
    /// The arms, safe to show: the reference and the arm that is compared with it, or one arm alone.
    pub arms: Vec<String>,
    /// The sentence.
    pub headline: String,
    /// Values, interval and rounds.
    pub detail: String,
    /// Parts of the difference, or of the arm's value; absent where there is no difference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parts: Option<Parts>,
    /// Advice of the first cause; absent where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub what_to_try: Option<String>,
    /// Cost of observing; absent where it was not measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observing_cost: Option<String>,
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

/// Returns the metric that the report is about, with its index: CPU time per token where there was load, else the
/// first that exists.
pub fn main_metric(comparison: &Comparison) -> Option<(usize, &Metric)> {
    let alone = comparison.arms.len() < 2;
    let metrics = comparison.metrics.iter().enumerate();
    let mut usable = metrics.filter(|(_, metric)| alone || !metric.pairs.is_empty());
    let is_cpu = |name| [MetricId::CpuNsPerToken, MetricId::CpuNsPerSecond].contains(&name);
    let tokens = usable
        .clone()
        .find(|(_, metric)| metric.name == MetricId::CpuNsPerToken);
    tokens.or_else(|| {
        let first = usable.next()?;
        let starts = first.1.name.is_of_start();
        let cpu = usable.find(|(_, metric)| is_cpu(metric.name));
        if starts {
            Some(first)
        } else {
            cpu.or(Some(first))
        }
    })
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
    detail.push(rounds([arm.rounds, arm.rounds]));
    Verdict {
        metric: metric.name,
        headline: match noun(metric.name) {
            Some(noun) => format!("{name} uses {} of {noun}", scale.full(estimate.value)),
            None => format!(
                "{name}: {}, {}",
                metric.name.label(),
                scale.full(estimate.value)
            ),
        },
        detail: detail.join(", "),
        parts: parts::of_arm(arm, metric, estimate.value),
        what_to_try: advice(comparison, metric, None),
        observing_cost: observing_cost(comparison, &[&arm.arm]),
        evidence: vec![Evidence::value(index, &arm.arm)],
        arms: vec![name],
    }
}

fn of_pair(comparison: &Comparison, metric: &Metric, pair: &Pair, place: Evidence) -> Verdict {
    let [a, b] = values(metric, pair);
    let scale = Scale::of(metric.unit, [a, b]);
    let mut detail = vec![format!("{} against {}", scale.full(b), scale.full(a))];
    detail.extend(interval(pair.ci95).map(|range| format!("95 % interval {range}")));
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
        what_to_try: differ
            .then(|| advice(comparison, metric, Some((pair, &side))))
            .flatten(),
        observing_cost: observing_cost(comparison, &[&pair.a, &pair.b]),
        evidence: vec![place],
    }
}

fn headline(comparison: &Comparison, metric: &Metric, pair: &Pair, single: bool) -> String {
    let (a, b) = (clean(&pair.a), clean(&pair.b));
    let ratio = format::ratio(pair.ratio);
    match (pair.verdict, noun(metric.name)) {
        (Outcome::Higher | Outcome::Lower, Some(noun)) => {
            format!("{b} uses {ratio} the {noun} of {a}")
        }
        (Outcome::Higher | Outcome::Lower, None) => {
            format!("{b} has {ratio} the {} of {a}", metric.name.label())
        }
        (Outcome::Equivalent, Some(noun)) => format!("{b} and {a} use the same {noun}"),
        (Outcome::Equivalent, None) => {
            format!("{b} and {a} have the same {}", metric.name.label())
        }
        (Outcome::Inconclusive, _) if single => {
            format!(
                "No verdict: one round of {a} and {b} has no interval. Record more rounds of each."
            )
        }
        (Outcome::Inconclusive, _) if pair.may_be_chance() => format!(
            "No verdict: the interval of {b} against {a} excludes 1, but among {} metrics chance alone puts one this \
             far apart.{}",
            comparison.metrics.len(),
            more_rounds(pair)
        ),
        (Outcome::Inconclusive, _) => {
            let range = interval(pair.ci95).unwrap_or(ratio);
            let more = more_rounds(pair);
            format!("No verdict: the rounds are too noisy to tell {a} from {b} ({range}).{more}")
        }
    }
}

fn more_rounds(pair: &Pair) -> String {
    match pair.more_rounds {
        None | Some(0) => String::new(),
        Some(1) => " About 1 more round would resolve a 5 % difference.".into(),
        Some(more) => format!(
            " About {} more rounds would resolve a 5 % difference.",
            format::count(more)
        ),
    }
}

fn rounds([a, b]: [u32; 2]) -> String {
    match (a, b) {
        (1, 1) => "1 round".into(),
        (a, b) if a == b => format!("{a} rounds"),
        (a, b) => format!("{a} and {b} rounds"),
    }
}

/// Returns the word for a resource that arms use: `CPU per token`; nothing for a latency or a count.
fn noun(metric: MetricId) -> Option<String> {
    match metric {
        MetricId::RssBytes => Some("memory".into()),
        MetricId::StartCpuNs
        | MetricId::CpuNsPerToken
        | MetricId::CpuNsPerRequest
        | MetricId::CpuNsPerSecond => Some(format!("CPU per {}", metric.per().label())),
        _ => None,
    }
}

/// Returns the advice of the first cause that has one.
fn advice(
    comparison: &Comparison,
    metric: &Metric,
    about: Option<(&Pair, &Side)>,
) -> Option<String> {
    let names = about.map(|(pair, _)| [pair.a.as_str(), pair.b.as_str()]);
    let fits = |finding: &&Finding| {
        let pair = finding.pair.as_ref().map(|[a, b]| [a.as_str(), b.as_str()]);
        finding.metric == metric.name && pair == names && !finding.consequence
    };
    let mut findings = comparison.findings.iter().filter(fits);
    let found = findings.find(|finding| !finding.advice.is_empty())?;
    let place = match about {
        Some((pair, side)) if side.costly == pair.a => format!(" in {}", clean(&pair.a)),
        _ => String::new(),
    };
    Some(format!("what to try{place}: {}", with_prediction(found)))
}

/// Returns a finding's advice with the predicted saving, where it is known; empty without advice.
pub fn with_prediction(finding: &Finding) -> String {
    let advice = crate::clean::clean_sentence(&finding.advice);
    match finding.predicted {
        Some(saving) if !advice.is_empty() => {
            let (unit, per) = (finding.metric.unit(), finding.metric.per());
            let change = Scale::of(unit, [saving.delta]).signed_full(saving.delta);
            let per = match per {
                Per::Total => String::new(),
                per => format!(" per {}", per.label()),
            };
            format!(
                "{} (predicted: {change}{per})",
                advice.trim_end_matches('.')
            )
        }
        _ => advice,
    }
}

/// Returns the cost of observing these arms with all probes, where it was measured.
fn observing_cost(comparison: &Comparison, arms: &[&String]) -> Option<String> {
    let costs = comparison.observer_cost.iter();
    let all: Vec<&ObserverCost> = costs
        .filter(|cost| cost.mode == Mode::All && arms.contains(&&cost.arm))
        .collect();
    let percent = |cost: &ObserverCost| format::percent_tenths(cost.ratio.value - 1.0);
    let included = if arms.len() > 1 { "in both" } else { "above" };
    match all[..] {
        [] => None,
        [one] if arms.len() == 1 => Some(format!(
            "observing cost {} (included {included})",
            percent(one)
        )),
        _ => {
            let each = all
                .iter()
                .map(|cost| format!("{} in {}", percent(cost), clean(&cost.arm)));
            let each = each.collect::<Vec<_>>().join(", ");
            Some(format!("observing cost {each} (included {included})"))
        }
    }
}

/// Returns the unit of a metric's parts: `µs/token`.
fn unit(scale: &Scale, metric: &Metric) -> String {
    match (metric.unit, scale.per(metric.per.label())) {
        (Unit::Ns | Unit::Bytes, text) => text,
        (counted, _) => format!("{}/{}", counted.label(), metric.per.label()),
    }
}

#[cfg(test)]
mod tests;
