//! Rows of a comparison.

use crate::clean::{clean, clean_sentence};
use recording::comparison::{Comparison, Metric};
use recording::vocabulary::Role;
use serde_json::{Value, json};

pub(super) const METRICS: &[&str] = &[
    "arm", "metric", "unit", "per", "value", "low", "high", "rounds",
];
pub(super) const PAIRS: &[&str] = &[
    "a", "b", "metric", "unit", "per", "ratio", "low", "high", "p_value", "verdict",
];
pub(super) const LEDGER: &[&str] = &[
    "arm", "metric", "kind", "cause", "role", "function", "value", "count",
];
pub(super) const TERMS: &[&str] = &[
    "a",
    "b",
    "metric",
    "kind",
    "cause",
    "role",
    "function",
    "delta",
    "count_effect",
    "unit_cost_effect",
];
pub(super) const FINDINGS: &[&str] = &["id", "metric", "a", "b", "title", "text", "share"];
pub(super) const WASTE: &[&str] = &["arm", "id", "count_per_unit", "cost_per_unit", "share"];
pub(super) const FUNCTIONS: &[&str] = &[
    "arm", "function", "place", "category", "share", "error", "samples",
];

/// Returns a row for each metric of each arm.
pub(super) fn metrics(comparison: &Comparison) -> Vec<Vec<Value>> {
    let mut rows = Vec::new();
    for metric in &comparison.metrics {
        for (name, estimate) in &metric.arms {
            let arm = comparison.arms.iter().find(|arm| arm.arm == *name);
            let [low, high] = estimate.ci95;
            let mut row = vec![json!(clean(name))];
            row.extend(of_metric(metric));
            row.extend([json!(estimate.value), json!(low), json!(high)]);
            row.push(json!(arm.map(|arm| arm.rounds)));
            rows.push(row);
        }
    }
    rows
}

/// Returns a row for each metric of each pair.
pub(super) fn pairs(comparison: &Comparison) -> Vec<Vec<Value>> {
    let mut rows = Vec::new();
    for metric in &comparison.metrics {
        for pair in &metric.pairs {
            let [low, high] = pair.ci95;
            let mut row = vec![json!(clean(&pair.a)), json!(clean(&pair.b))];
            row.extend(of_metric(metric));
            row.extend([json!(pair.ratio), json!(low), json!(high)]);
            row.extend([json!(pair.p_value), json!(pair.verdict)]);
            rows.push(row);
        }
    }
    rows
}

fn of_metric(metric: &Metric) -> [Value; 3] {
    [json!(metric.name), json!(metric.unit), json!(metric.per)]
}

/// Returns a row for each row of each arm's ledgers.
pub(super) fn ledger(comparison: &Comparison) -> Vec<Vec<Value>> {
    let mut rows = Vec::new();
    for arm in &comparison.arms {
        for (metric, ledger) in &arm.ledger {
            rows.extend(ledger.iter().map(|row| {
                vec![
                    json!(clean(&arm.arm)),
                    json!(metric),
                    json!(row.kind),
                    json!(clean(&row.cause)),
                    role(row.role.as_ref()),
                    function(row.function.as_deref()),
                    json!(row.amount.value),
                    json!(row.amount.count),
                ]
            }));
        }
    }
    rows
}

/// Returns a row for each row of each difference.
pub(super) fn terms(comparison: &Comparison) -> Vec<Vec<Value>> {
    let mut rows = Vec::new();
    for metric in &comparison.metrics {
        for pair in &metric.pairs {
            rows.extend(pair.terms.iter().map(|term| {
                vec![
                    json!(clean(&pair.a)),
                    json!(clean(&pair.b)),
                    json!(metric.name),
                    json!(term.kind),
                    json!(clean(&term.cause)),
                    role(term.role.as_ref()),
                    function(term.function.as_deref()),
                    json!(term.delta),
                    json!(term.count_effect),
                    json!(term.unit_cost_effect),
                ]
            }));
        }
    }
    rows
}

fn role(role: Option<&Role>) -> Value {
    json!(role.map(|role| clean(role.label())))
}

fn function(function: Option<&str>) -> Value {
    json!(function.map(clean))
}

/// Returns a row for each finding.
pub(super) fn findings(comparison: &Comparison) -> Vec<Vec<Value>> {
    let rows = comparison.findings.iter().map(|finding| {
        let arm = |at: usize| json!(finding.pair.as_ref().map(|pair| clean(&pair[at])));
        vec![
            json!(finding.id),
            json!(finding.metric),
            arm(0),
            arm(1),
            json!(clean_sentence(&finding.title)),
            json!(clean_sentence(&finding.text)),
            json!(finding.share),
        ]
    });
    rows.collect()
}

/// Returns a row for each kind of waste of each arm.
pub(super) fn waste(comparison: &Comparison) -> Vec<Vec<Value>> {
    let arms = comparison.arms.iter();
    let rows = arms.flat_map(|arm| {
        arm.waste.iter().map(|waste| {
            vec![
                json!(clean(&arm.arm)),
                json!(waste.id),
                json!(waste.count_per_unit),
                json!(waste.cost_per_unit),
                json!(waste.share),
            ]
        })
    });
    rows.collect()
}

/// Returns a row for each function of each arm.
pub(super) fn functions(comparison: &Comparison) -> Vec<Vec<Value>> {
    let arms = comparison.arms.iter();
    let rows = arms.flat_map(|arm| {
        arm.functions.iter().map(|found| {
            vec![
                json!(clean(&arm.arm)),
                json!(clean(found.label())),
                json!(clean(&found.place)),
                json!(found.category),
                json!(found.share),
                json!(found.error),
                json!(found.samples),
            ]
        })
    });
    rows.collect()
}
