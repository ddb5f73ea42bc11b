//! One metric over all arms: values, and for every pair the ratio, the verdict and the rows of the
//! difference.

mod on_grid;
mod sums;

use crate::arms::Rounds;
use crate::grid::Grid;
use crate::kinds;
use crate::ledger::{Key, Ledger, count_effect, sampling};
use crate::metrics::Definition;
use crate::stats::{self, Sample};
use recording::Evidence;
use recording::comparison::{Amount, Arm, Estimate, LedgerRow, Metric, Pair, Term, Verdict};
use recording::vocabulary::{MetricId, Per};
use std::collections::{BTreeMap, BTreeSet};

/// The largest fixed-point number that is the same number as a float, by a wide margin.
const LARGEST: i64 = 1 << 52;

/// One metric, measured in all arms that have it.
pub struct Measured<'a> {
    id: MetricId,
    per: Per,
    grid: Grid,
    arms: Vec<MeasuredArm<'a>>,
}

/// The samples and the ledger of one arm.
struct MeasuredArm<'a> {
    /// Place among all arms.
    place: usize,
    name: &'a str,
    samples: Vec<Sample>,
    ledger: Ledger,
    /// Ratio of sums over all rounds, on the grid.
    value: i64,
}

impl MeasuredArm<'_> {
    fn over(&self) -> f64 {
        self.samples.iter().map(|sample| sample.over).sum()
    }
}

/// An amount with its value on the grid.
#[derive(Clone, Copy, Default)]
struct Fixed {
    value: i64,
    count: f64,
    sampling_error: Option<f64>,
}

impl<'a> Measured<'a> {
    /// Measures a metric, where costs are per `unit`; `None` where no arm has it.
    pub fn of(definition: &Definition, arms: &[Rounds<'a>], unit: Per) -> Option<Self> {
        let arms = arms.iter().enumerate();
        let measured = arms.filter_map(|(place, arm)| measure(definition, place, arm, unit));
        let (values, mut arms): (Vec<f64>, Vec<_>) = measured.unzip();
        let booked = arms
            .iter()
            .map(|arm| arm.ledger.total() as f64 / arm.over());
        let largest = values.iter().copied().chain(booked).fold(0.0, f64::max);
        let grid = Grid::for_values_up_to(largest);
        for (arm, value) in arms.iter_mut().zip(&values) {
            arm.value = grid.fix(*value);
        }
        let (id, per) = (definition.id, definition.per(unit));
        (!arms.is_empty()).then_some(Measured {
            id,
            per,
            grid,
            arms,
        })
    }

    /// Returns the metric with all pairs, as it stands at a place among all metrics.
    pub fn metric(&self, place: usize) -> Metric {
        let value = |arm: &MeasuredArm<'_>| Estimate {
            value: self.grid.float(arm.value),
            ci95: stats::interval(&arm.samples),
        };
        let arms = self.arms.iter();
        let pairs = self.arms.iter().enumerate().flat_map(|(index, a)| {
            let later = self.arms[index + 1..].iter();
            later.map(move |b| self.pair(a, b))
        });
        let mut metric = Metric {
            arms: arms.map(|arm| (arm.name.into(), value(arm))).collect(),
            pairs: pairs.collect(),
            per: self.per,
            ..Metric::new(self.id)
        };
        for (index, pair) in metric.pairs.iter_mut().enumerate() {
            let at = Evidence::pair(place, index);
            pair.by_cause = self.by_cause(&pair.terms, &at);
            pair.by_kind = self.by_kind(&pair.terms, &at);
        }
        metric
    }

    /// Adds each arm's own ledger to the arms of a comparison.
    pub fn add_ledgers(&self, arms: &mut [Arm]) {
        for arm in &self.arms {
            let rows = self.rows(arm);
            if rows.is_empty() {
                continue;
            }
            let described = &mut arms[arm.place];
            if self.id.is_cpu_time() && described.named.is_none() {
                let of = |fits: fn(&&LedgerRow) -> bool| {
                    let rows = rows.iter().filter(fits);
                    let fixed: i64 = rows.map(|row| self.grid.fix(row.amount.value)).sum();
                    let share = fixed as f64 / arm.value as f64;
                    (arm.value > 0).then(|| share.clamp(0.0, 1.0))
                };
                described.accounted = of(|_| true);
                described.named = of(|row| kinds::is_named(row.kind));
            }
            let at = |row| Evidence::arm_row(arm.place, self.id, row);
            let by_cause = self.arm_by_cause(&rows, at);
            let by_kind = self.arm_by_kind(&rows, at);
            described.by_cause.insert(self.id, by_cause);
            described.by_kind.insert(self.id, by_kind);
            described.ledger.insert(self.id, rows);
        }
    }

    fn rows(&self, arm: &MeasuredArm<'_>) -> Vec<LedgerRow> {
        let rows = arm.ledger.0.keys().map(|key| LedgerRow {
            kind: key.kind,
            cause: key.cause.clone(),
            function: None,
            role: key.role.clone(),
            amount: self.amount(self.per(arm, key)),
            evidence: arm.ledger.evidence(key).cloned().collect(),
        });
        let mut rows: Vec<LedgerRow> = rows.collect();
        rows.sort_by(|one, other| other.amount.value.total_cmp(&one.amount.value));
        rows
    }

    fn pair(&self, a: &MeasuredArm<'_>, b: &MeasuredArm<'_>) -> Pair {
        let (before, after) = (self.grid.float(a.value), self.grid.float(b.value));
        let ci95 = stats::ratio_interval(&a.samples, &b.samples);
        let ratio = stats::ratio(before, after);
        let rounds = a.samples.len().min(b.samples.len());
        let verdict = stats::verdict(ci95, rounds);
        let terms = self.terms(a, b);
        let explained: i64 = terms.iter().map(|term| self.grid.fix(term.delta)).sum();
        let unexplained = self.grid.float(b.value - a.value - explained);
        let (accounted, named) = shares(after - before, unexplained, &terms);
        Pair {
            a: a.name.into(),
            b: b.name.into(),
            ratio,
            ci95,
            p_value: stats::p_value(ratio, ci95, rounds),
            verdict,
            more_rounds: stats::more_rounds(ci95, rounds),
            accounted,
            named,
            terms,
            unexplained,
            ..Pair::default()
        }
    }

    fn terms(&self, a: &MeasuredArm<'_>, b: &MeasuredArm<'_>) -> Vec<Term> {
        let keys: BTreeSet<&Key> = a.ledger.0.keys().chain(b.ledger.0.keys()).collect();
        let terms = keys.into_iter().map(|key| {
            let evidence = a.ledger.evidence(key).chain(b.ledger.evidence(key));
            Term {
                kind: key.kind,
                cause: key.cause.clone(),
                role: key.role.clone(),
                evidence: evidence.cloned().collect(),
                ..self.term(self.per(a, key), self.per(b, key))
            }
        });
        let mut terms: Vec<Term> = terms.collect();
        terms.sort_by(by_size);
        terms
    }

    fn per(&self, arm: &MeasuredArm<'_>, key: &Key) -> Fixed {
        self.fixed(arm.ledger.per(key, arm.over()))
    }

    fn fixed(&self, amount: Amount) -> Fixed {
        Fixed {
            value: self.grid.fix(amount.value),
            count: amount.count,
            sampling_error: amount.sampling_error,
        }
    }

    fn amount(&self, fixed: Fixed) -> Amount {
        Amount {
            value: self.grid.float(fixed.value),
            count: fixed.count,
            sampling_error: fixed.sampling_error,
        }
    }

    /// Returns the numbers of a term.
    fn term(&self, a: Fixed, b: Fixed) -> Term {
        let (in_a, in_b) = (self.amount(a), self.amount(b));
        let delta = b.value - a.value;
        let by_count = self.grid.fix(count_effect(in_a, in_b));
        let by_count = by_count.clamp(-LARGEST, LARGEST);
        Term {
            delta: self.grid.float(delta),
            count_effect: self.grid.float(by_count),
            unit_cost_effect: self.grid.float(delta - by_count),
            sampling_error: sampling::together(a.sampling_error, b.sampling_error),
            in_a,
            in_b,
            ..Term::default()
        }
    }
}

fn measure<'a>(
    definition: &Definition,
    place: usize,
    arm: &Rounds<'a>,
    unit: Per,
) -> Option<(f64, MeasuredArm<'a>)> {
    let mut samples = Vec::new();
    let mut ledger = Ledger::default();
    for (path, recording) in &arm.rounds {
        if let Some(sample) = definition.sample(recording, unit) {
            samples.push(sample);
            definition.book(path, recording, &mut ledger);
        }
    }
    let has_any = !samples.is_empty();
    has_any.then(|| {
        let value = stats::value(&samples);
        let arm = MeasuredArm {
            place,
            name: arm.arm,
            samples,
            ledger,
            value: 0,
        };
        (value, arm)
    })
}

/// Returns the shares of a difference that have rows, and that have a name. User code without a
/// name has none, also where its caller is known, nor have unclassified rows.
fn shares(difference: f64, unexplained: f64, terms: &[Term]) -> (Option<f64>, Option<f64>) {
    if terms.is_empty() || difference == 0.0 {
        return (None, None);
    }
    let unnamed = terms.iter().filter(|term| !kinds::is_named(term.kind));
    let unnamed: f64 = unnamed.map(|term| term.delta).sum();
    let share = |open: f64| Some((1.0 - open / difference.abs()).max(0.0));
    let accounted = share(unexplained.abs());
    (accounted, share(unexplained.abs() + unnamed.abs()))
}

/// Decides on the verdicts: withdraws those that would be expected of one metric among so many by
/// chance: all metrics of two arms are judged together, see [`stats::largest_significant`].
pub fn judge_together(metrics: &mut [Metric]) {
    let mut found: BTreeMap<[String; 2], Vec<f64>> = BTreeMap::new();
    for pair in metrics.iter().flat_map(|metric| &metric.pairs) {
        let of_arms = found.entry([pair.a.clone(), pair.b.clone()]).or_default();
        of_arms.extend(pair.p_value);
    }
    let limits: BTreeMap<_, _> = found
        .into_iter()
        .map(|(arms, p_values)| (arms, stats::largest_significant(&p_values)))
        .collect();
    for metric in metrics {
        for pair in &mut metric.pairs {
            let limit = limits[&[pair.a.clone(), pair.b.clone()]];
            let differs = matches!(pair.verdict, Verdict::Higher | Verdict::Lower);
            if differs && pair.p_value.is_none_or(|p_value| p_value > limit) {
                pair.verdict = Verdict::Inconclusive;
            }
            if pair.verdict != Verdict::Inconclusive {
                pair.more_rounds = None;
            }
        }
    }
}

/// Orders rows by size, largest first, by absolute value.
fn by_size(one: &Term, other: &Term) -> std::cmp::Ordering {
    other.delta.abs().total_cmp(&one.delta.abs())
}

#[cfg(test)]
mod tests;
