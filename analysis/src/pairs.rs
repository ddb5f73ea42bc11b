//! One metric over all arms: values, and for every pair the ratio, the verdict and the terms of the difference.

use crate::{
    arms::Rounds,
    evidence,
    exact::Grid,
    ledger::{Key, Ledger, count_effect, sampling},
    metrics::Definition,
    stats::{self, Sample},
    work,
};
use recording::comparison::{Amount, Estimate, Metric, Pair, Term, Verdict};
use std::collections::{BTreeMap, BTreeSet};

/// What one arm shows of a metric.
struct Shown<'a> {
    arm: &'a str,
    samples: Vec<Sample>,
    ledger: Ledger,
    value: f64,
}

impl Shown<'_> {
    fn over(&self) -> f64 {
        self.samples.iter().map(|sample| sample.over).sum()
    }
}

/// The metric over all arms that hold it; `None` where none does.
pub fn metric(definition: &Definition, arms: &[Rounds<'_>]) -> Option<Metric> {
    let mut shown: Vec<_> = arms
        .iter()
        .filter_map(|arm| show(definition, arm))
        .collect();
    let largest = shown.iter().map(|arm| arm.value).fold(0.0, f64::max);
    let grid = Grid::for_values_up_to(largest);
    for arm in &mut shown {
        arm.value = grid.snap(arm.value);
    }
    let pairs = shown.iter().enumerate().flat_map(|(index, a)| {
        let later = &shown[index + 1..];
        later.iter().map(move |b| pair(grid, a, b))
    });
    (!shown.is_empty()).then(|| Metric {
        name: definition.name.into(),
        unit: definition.unit.into(),
        per: definition.per.into(),
        arms: shown
            .iter()
            .map(|arm| (arm.arm.into(), estimate(arm)))
            .collect(),
        pairs: pairs.collect(),
    })
}

fn show<'a>(definition: &Definition, arm: &Rounds<'a>) -> Option<Shown<'a>> {
    let mut samples = Vec::new();
    let mut ledger = Ledger::default();
    for (path, recording) in &arm.rounds {
        if let Some(sample) = definition.sample(recording) {
            samples.push(sample);
            definition.book(path, recording, &mut ledger);
        }
    }
    (!samples.is_empty()).then(|| Shown {
        arm: arm.arm,
        value: stats::value(&samples),
        samples,
        ledger,
    })
}

fn estimate(arm: &Shown<'_>) -> Estimate {
    Estimate {
        value: arm.value,
        ci95: stats::interval(&arm.samples),
    }
}

fn pair(grid: Grid, a: &Shown<'_>, b: &Shown<'_>) -> Pair {
    let ci95 = stats::ratio_interval(&a.samples, &b.samples);
    let terms = terms(grid, a, b);
    let explained: f64 = terms.iter().map(|term| term.delta).sum();
    let ratio = stats::ratio(a.value, b.value);
    let rounds = a.samples.len().min(b.samples.len());
    Pair {
        a: a.arm.into(),
        b: b.arm.into(),
        ratio,
        ci95,
        p_value: stats::p_value(ratio, ci95, rounds),
        verdict: stats::verdict(ci95, rounds),
        by_cause: together(grid, &terms, |term| &term.cause),
        by_work: together(grid, &terms, |term| {
            work::of_row(term.role.as_deref().unwrap_or_default(), &term.cause)
        }),
        terms,
        unexplained: b.value - a.value - explained,
    }
}

fn terms(grid: Grid, a: &Shown<'_>, b: &Shown<'_>) -> Vec<Term> {
    let keys: BTreeSet<&Key> = a.ledger.0.keys().chain(b.ledger.0.keys()).collect();
    let on_grid = |amount: Amount| Amount {
        value: grid.snap(amount.value),
        ..amount
    };
    let mut terms: Vec<Term> = keys
        .into_iter()
        .map(|key| {
            let in_a = on_grid(a.ledger.per(key, a.over()));
            let in_b = on_grid(b.ledger.per(key, b.over()));
            let (role, cause) = key.clone();
            let evidence = a.ledger.evidence(key).chain(b.ledger.evidence(key));
            Term {
                role,
                ..term(grid, cause, in_a, in_b, evidence.cloned().collect())
            }
        })
        .collect();
    terms.sort_by(by_size);
    terms
}

fn term(grid: Grid, cause: String, in_a: Amount, in_b: Amount, evidence: Vec<String>) -> Term {
    let delta = in_b.value - in_a.value;
    let count_effect = grid.snap(count_effect(in_a, in_b));
    Term {
        cause,
        role: None,
        delta,
        count_effect,
        unit_cost_effect: delta - count_effect,
        sampling_error: sampling::together(in_a.sampling_error, in_b.sampling_error),
        evidence,
        in_a,
        in_b,
    }
}

/// An amount that counts only what goes beyond what was seen, and what has been seen with it.
fn beyond(amount: Amount, seen: f64) -> (Amount, f64) {
    let count = (amount.count - seen).max(0.0);
    (Amount { count, ..amount }, seen + count)
}

/// Terms added up by what `name` says of them. The evidence of a sum is its terms; see [`anchor`].
fn together(grid: Grid, terms: &[Term], name: fn(&Term) -> &str) -> Vec<Term> {
    let mut sums: BTreeMap<&str, (Amount, Amount, Vec<String>)> = BTreeMap::new();
    let mut wakeups = BTreeMap::new();
    for (index, term) in terms.iter().enumerate() {
        let (mut a, mut b) = (term.in_a, term.in_b);
        if work::is_user_code(&term.cause) {
            // All user code of a role counts the same wake-ups: in a sum they are there once.
            let seen: &mut [f64; 2] = wakeups.entry((name(term), &term.role)).or_default();
            (a, seen[0]) = beyond(a, seen[0]);
            (b, seen[1]) = beyond(b, seen[1]);
        }
        let (in_a, in_b, evidence) = sums.entry(name(term)).or_default();
        *in_a = plus(*in_a, a);
        *in_b = plus(*in_b, b);
        evidence.push(format!("/terms/{index}"));
    }
    let mut sums: Vec<Term> = sums
        .into_iter()
        .map(|(name, (in_a, in_b, evidence))| term(grid, name.into(), in_a, in_b, evidence))
        .collect();
    sums.sort_by(by_size);
    sums
}

/// Takes back what is told of single metrics and would be expected of one among so many: all metrics of two arms are looked
/// at together, see [`stats::largest_that_counts`].
pub fn look_together(metrics: &mut [Metric]) {
    let mut found: BTreeMap<[String; 2], Vec<f64>> = BTreeMap::new();
    for pair in metrics.iter().flat_map(|metric| &metric.pairs) {
        let of_arms = found.entry([pair.a.clone(), pair.b.clone()]).or_default();
        of_arms.extend(pair.p_value);
    }
    let limits: BTreeMap<_, _> = found
        .into_iter()
        .map(|(arms, p_values)| (arms, stats::largest_that_counts(&p_values)))
        .collect();
    for pair in metrics.iter_mut().flat_map(|metric| &mut metric.pairs) {
        let limit = limits[&[pair.a.clone(), pair.b.clone()]];
        let told = matches!(pair.verdict, Verdict::Higher | Verdict::Lower);
        if told && pair.p_value.is_none_or(|p_value| p_value > limit) {
            pair.verdict = Verdict::Inconclusive;
        }
    }
}

/// Completes the citations of sums, once it is known where in the comparison each pair stands.
pub fn anchor(metrics: &mut [Metric]) {
    for (metric_index, metric) in metrics.iter_mut().enumerate() {
        for (pair_index, pair) in metric.pairs.iter_mut().enumerate() {
            let at = evidence::pair(metric_index, pair_index);
            let sums = pair.by_cause.iter_mut().chain(&mut pair.by_work);
            for citation in sums.flat_map(|sum| &mut sum.evidence) {
                *citation = format!("{at}{citation}");
            }
        }
    }
}

fn plus(one: Amount, other: Amount) -> Amount {
    Amount {
        value: one.value + other.value,
        count: one.count + other.count,
        sampling_error: sampling::together(one.sampling_error, other.sampling_error),
    }
}

/// Largest first, whichever way it goes.
fn by_size(one: &Term, other: &Term) -> std::cmp::Ordering {
    other.delta.abs().total_cmp(&one.delta.abs())
}

#[cfg(test)]
mod tests;
