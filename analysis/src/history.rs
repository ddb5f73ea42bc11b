//! Metrics over many stored results: where they changed, and what the ledger says of it.

pub mod change_points;

use recording::comparison::{Arm, Comparison, LedgerRow, Metric};
use recording::history::{Change, ChangeRow, HISTORY_SCHEMA, History, Point, Series, SeriesValue};
use recording::vocabulary::{MetricId, Role, TermKind};
use std::collections::BTreeMap;

/// A stored result with its point in time.
pub struct Stored {
    /// Its directory and time.
    pub point: Point,
    /// The comparison; one recording alone is a comparison with one arm.
    pub comparison: Comparison,
}

/// The content that a history is asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wanted {
    /// The metrics; empty for CPU time per unit of work, resident memory and time to first token.
    pub metrics: Vec<MetricId>,
    /// The arms; empty for all.
    pub arms: Vec<String>,
    /// Divides each value by that of this arm in the same result, so that a slow host cancels out.
    pub against: Option<String>,
    /// The probability with which chance may show a change.
    pub significance: f64,
    /// Changes by a smaller share are left out: 0.03 for 3 %.
    pub min_change: f64,
}

/// Returns the series of stored results, oldest first, with their changes.
pub fn history(stored: &[Stored], wanted: &Wanted) -> History {
    let mut keys: Vec<(MetricId, &str)> = Vec::new();
    for result in stored {
        for metric in metrics(&result.comparison, &wanted.metrics) {
            for arm in metric.arms.keys() {
                let key = (metric.name, arm.as_str());
                let asked = wanted.arms.is_empty() || wanted.arms.contains(arm);
                let is_reference = wanted.against.as_ref() == Some(arm);
                if asked && !is_reference && !keys.contains(&key) {
                    keys.push(key);
                }
            }
        }
    }
    History {
        schema: HISTORY_SCHEMA.into(),
        significance: wanted.significance,
        min_change: wanted.min_change,
        points: stored.iter().map(|result| result.point.clone()).collect(),
        series: keys
            .into_iter()
            .filter_map(|(metric, arm)| series(stored, metric, arm, wanted))
            .collect(),
    }
}

/// Returns the metrics that are asked for.
fn metrics<'a>(
    comparison: &'a Comparison,
    asked: &'a [MetricId],
) -> impl Iterator<Item = &'a Metric> {
    let mut cpu_found = false;
    comparison.metrics.iter().filter(move |metric| {
        if !asked.is_empty() {
            return asked.contains(&metric.name);
        }
        // The first metric of CPU time is that of the unit of work.
        let is_headline = metric.name.is_cpu_time() && !std::mem::replace(&mut cpu_found, true);
        is_headline || matches!(metric.name, MetricId::RssBytes | MetricId::TtftNs)
    })
}

fn series(stored: &[Stored], name: MetricId, arm: &str, wanted: &Wanted) -> Option<Series> {
    let metric_of = |result: &Stored| -> Option<Metric> {
        let metrics = &result.comparison.metrics;
        metrics.iter().find(|metric| metric.name == name).cloned()
    };
    let value_of = |(point, result): (usize, &Stored)| {
        let metric = metric_of(result)?;
        let value = metric.arms.get(arm)?.value;
        let over = match &wanted.against {
            Some(reference) => metric.arms.get(reference)?.value,
            None => 1.0,
        };
        // Levels are compared on the logarithm.
        (value > 0.0 && over > 0.0).then(|| SeriesValue {
            point,
            value: value / over,
        })
    };
    let values: Vec<SeriesValue> = stored.iter().enumerate().filter_map(value_of).collect();
    let first = stored.get(values.first()?.point)?;
    let metric = metric_of(first)?;
    let mut series = Series {
        arm: arm.into(),
        against: wanted.against.clone(),
        metric: name,
        unit: metric.unit,
        per: metric.per,
        values,
        changes: Vec::new(),
    };
    series.changes = changes(stored, &series, wanted);
    Some(series)
}

/// Returns the changes of a series, those that are too small left out.
fn changes(stored: &[Stored], series: &Series, wanted: &Wanted) -> Vec<Change> {
    let logs: Vec<f64> = series.values.iter().map(|it| it.value.ln()).collect();
    let found = change_points::find(&logs, wanted.significance);
    let mean = |from: usize, to: usize| {
        let sum: f64 = logs[from..to].iter().sum();
        (sum / (to - from) as f64).exp()
    };
    // Levels lie between neighbouring changes that are large enough.
    let mut bounds = vec![0];
    bounds.extend(found.iter().map(|change| change.at));
    bounds.push(series.values.len());
    while let Some(small) = (1..bounds.len() - 1).find(|at| {
        let ratio = mean(bounds[*at], bounds[at + 1]) / mean(bounds[at - 1], bounds[*at]);
        ratio.ln().abs() < wanted.min_change.ln_1p()
    }) {
        bounds.remove(small);
    }
    let levels = bounds.windows(3);
    let changes = levels.filter_map(|level| {
        let &[from, at, to] = level else { return None };
        let p_value = found.iter().find(|change| change.at == at)?.p_value;
        let (before, after) = (mean(from, at), mean(at, to));
        let results = |values: &[SeriesValue]| -> Vec<&Stored> {
            values.iter().map(|value| &stored[value.point]).collect()
        };
        let sides = [
            results(&series.values[from..at]),
            results(&series.values[at..to]),
        ];
        let (rows, unaccounted) = ledger(&sides, series.metric, &series.arm);
        Some(Change {
            at,
            dir: sides[1].first()?.point.dir.clone(),
            before,
            after,
            ratio: after / before,
            p_value,
            rows,
            unaccounted,
        })
    });
    changes.collect()
}

/// Identifies a row over results.
type Key<'a> = (TermKind, &'a str, Option<&'a Role>);

/// Returns the differences of the arm's mean ledger between two groups of results, and the part of
/// the difference of its mean values that no row has.
fn ledger(sides: &[Vec<&Stored>; 2], metric: MetricId, arm: &str) -> (Vec<ChangeRow>, Option<f64>) {
    let mut rows: BTreeMap<Key<'_>, ChangeRow> = BTreeMap::new();
    let mut difference = 0.0;
    let mut booked = [0, 0];
    for (side, results) in sides.iter().enumerate() {
        let share = 1.0 / results.len() as f64;
        for result in results {
            difference += if side == 0 { -share } else { share } * value(result, metric, arm);
            let ledger = rows_of(result, metric, arm);
            booked[side] += usize::from(!ledger.is_empty());
            for row in ledger {
                let key = (row.kind, row.cause.as_str(), row.role.as_ref());
                let sum = rows.entry(key).or_default();
                let (value, count) = (row.amount.value * share, row.amount.count * share);
                match side {
                    0 => {
                        (sum.before, sum.count_before) =
                            (sum.before + value, sum.count_before + count)
                    }
                    _ => {
                        (sum.after, sum.count_after) = (sum.after + value, sum.count_after + count)
                    }
                }
                if row.function.is_some() {
                    sum.function.clone_from(&row.function);
                }
            }
        }
    }
    // Results of a version without ledgers would make every row look new.
    if (0..2).any(|side| booked[side] < sides[side].len()) {
        return (Vec::new(), None);
    }
    let named = rows
        .into_iter()
        .map(|((kind, cause, role), sum)| ChangeRow {
            kind,
            cause: cause.into(),
            role: role.cloned(),
            delta: sum.after - sum.before,
            ..sum
        });
    let mut named: Vec<ChangeRow> = named.collect();
    named.sort_by(|one, other| other.delta.abs().total_cmp(&one.delta.abs()));
    let accounted: f64 = named.iter().map(|row| row.delta).sum();
    (named, Some(difference - accounted))
}

fn value(result: &Stored, name: MetricId, arm: &str) -> f64 {
    let metrics = &result.comparison.metrics;
    let metric = metrics.iter().find(|metric| metric.name == name);
    let estimate = metric.and_then(|metric| metric.arms.get(arm));
    estimate.map_or(0.0, |estimate| estimate.value)
}

fn rows_of<'a>(result: &'a Stored, metric: MetricId, arm: &str) -> &'a [LedgerRow] {
    let arm = result.comparison.arms.iter().find(|it| it.arm == arm);
    let ledger = arm.and_then(|arm: &Arm| arm.ledger.get(&metric));
    ledger.map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests;
