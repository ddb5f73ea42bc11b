//! The rows behind a cause, which the page opens below it: threads, system calls and functions.

use super::waterfall::row_name;
use crate::clean::clean;
use crate::document::{Cell, Table, Tone};
use crate::verdict::values;
use recording::comparison::{Amount, Comparison, Finding, FunctionShare, Pair, Term};
use recording::format::{self, Scale};
use recording::vocabulary::TermKind;

/// Functions of one row that are listed.
const FUNCTIONS: usize = 3;
/// Rows that are listed.
const ROWS: usize = 100;

/// Returns the rows that a finding cites: threads, values and counts of both arms, and the
/// functions with most of each row. `None` where it cites no row.
pub fn rows(comparison: &Comparison, finding: &Finding) -> Option<Table> {
    let cited: Vec<_> = comparison.cited_terms(finding).collect();
    let (metric, pair, _) = *cited.first()?;
    let scale = Scale::of(metric.unit, values(metric, pair));
    let unit = scale.per(metric.per.label());
    let mut table = Table::new(format!("Rows of this cause, in {unit}"))
        .words("Threads")
        .words("Row")
        .number("Δ")
        .number(clean(&pair.a))
        .number(clean(&pair.b))
        .words("Functions with most of it");
    let (first, further) = cited.split_at(cited.len().min(ROWS));
    for (_, _, term) in first {
        let role = term.role.as_ref().map_or("all", |role| role.label());
        let cells = vec![
            Cell::from(clean(role)),
            row_name(term).into(),
            scale.signed(term.delta).into(),
            amount(term.in_a, &scale),
            amount(term.in_b, &scale),
            functions(comparison, pair, term).into(),
        ];
        table.row(Tone::Plain, cells);
    }
    if !further.is_empty() {
        let sum =
            |value: fn(&Term) -> f64| further.iter().map(|(.., term)| value(term)).sum::<f64>();
        let values = [sum(|term| term.in_a.value), sum(|term| term.in_b.value)];
        let [a, b] = values.map(|value| Cell::from(scale.show(value)));
        let name = Cell::from(format!("{} further rows", further.len()));
        let delta = scale.signed(sum(|term| term.delta)).into();
        table.row(Tone::Plain, vec![name, "".into(), delta, a, b, "".into()]);
    }
    Some(table)
}

/// Returns a value with its count below.
fn amount(amount: Amount, scale: &Scale) -> Cell {
    let cell = Cell::from(scale.show(amount.value));
    match amount.count {
        0.0 | 1.0 => cell,
        count => cell.with_note(format!("× {}", format::number(count))),
    }
}

/// Returns the functions with most of a row in the arm that takes more: those of its category with
/// their callers, otherwise the one that samples found.
fn functions(comparison: &Comparison, pair: &Pair, term: &Term) -> String {
    let costly = if term.delta < 0.0 { &pair.a } else { &pair.b };
    let of_category: Vec<String> = match term.kind {
        TermKind::Code(category) => {
            let arm = comparison.arms.iter().find(|arm| arm.arm == *costly);
            let functions = arm.into_iter().flat_map(|arm| &arm.functions);
            let functions = functions.filter(|function| function.category == category);
            functions.take(FUNCTIONS).map(function).collect()
        }
        _ => Vec::new(),
    };
    match of_category.is_empty() {
        true => clean(term.function.as_deref().unwrap_or_default()),
        false => of_category.join("; "),
    }
}

fn function(function: &FunctionShare) -> String {
    let caller = match function.caller.is_empty() {
        true => String::new(),
        false => format!(", called by {}", clean(&function.caller)),
    };
    let share = format::percent(function.share);
    format!("{}{caller} ({share} of user time)", clean(function.label()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use recording::Evidence;
    use recording::comparison::{Arm, Metric};
    use recording::evidence::Rows;
    use recording::vocabulary::{CodeCategory, MetricId, Role};

    fn comparison() -> Comparison {
        let term = |cause: &str, kind, delta| Term {
            cause: cause.into(),
            kind,
            delta,
            role: Some(Role::MainLoop),
            in_b: Amount {
                value: delta,
                count: 3.0,
                sampling_error: None,
            },
            ..Term::default()
        };
        let mut futex = term("futex\u{1b}", TermKind::default(), 2_000.0);
        futex.function = Some("pthread_cond_wait".into());
        let pair = Pair {
            a: "old".into(),
            b: "new".into(),
            terms: vec![
                futex,
                term("JSON", TermKind::Code(CodeCategory::Json), 5_000.0),
            ],
            ..Pair::default()
        };
        let mut metric = Metric::new(MetricId::CpuNsPerToken);
        metric.pairs = vec![pair];
        let share = |name: &str, category, share| FunctionShare {
            name: name.into(),
            caller: "handle".into(),
            category,
            share,
            ..FunctionShare::default()
        };
        let functions = vec![
            share("parse", CodeCategory::Json, 0.25),
            share("collect", CodeCategory::default(), 0.5),
        ];
        let new = Arm {
            arm: "new".into(),
            functions,
            ..Arm::default()
        };
        Comparison {
            arms: vec![new],
            metrics: vec![metric],
            ..Comparison::default()
        }
    }

    fn finding(evidence: Vec<Evidence>) -> Finding {
        Finding {
            id: "thread-handoff".into(),
            metric: MetricId::CpuNsPerToken,
            pair: Some(["old".into(), "new".into()]),
            title: String::new(),
            text: String::new(),
            meaning: String::new(),
            advice: String::new(),
            share: 1.0,
            consequence: false,
            predicted: None,
            evidence,
            stacks: Vec::new(),
        }
    }

    #[test]
    fn shows_cited_rows_with_threads_counts_and_functions() {
        let pair = Evidence::pair(0, 0);
        let cited = [0, 1].map(|term| pair.row(Rows::Terms, term));
        let finding = finding([vec![pair.clone()], cited.to_vec()].concat());
        let table = rows(&comparison(), &finding).expect("rows");
        let texts = table.rows.iter().map(|row| {
            let cells = row.cells.iter().map(|cell| cell.text.as_str());
            cells.collect::<Vec<_>>().join("|")
        });
        let texts: Vec<String> = texts.collect();
        assert_eq!(texts.len(), 2);
        assert!(texts[0].contains("|futex\u{fffd}|"), "{texts:?}");
        assert!(texts[0].ends_with("|pthread_cond_wait"), "{texts:?}");
        let parse = "|parse, called by handle (25 % of user time)";
        assert!(texts[1].ends_with(parse), "{texts:?}");
        assert_eq!(table.rows[0].cells[4].note, "× 3");
    }

    #[test]
    fn returns_no_table_without_cited_rows() {
        let beyond = Evidence::pair(0, 0).row(Rows::Terms, 9);
        let finding = finding(vec![Evidence::pair(0, 0), beyond]);
        assert!(rows(&comparison(), &finding).is_none());
    }
}
