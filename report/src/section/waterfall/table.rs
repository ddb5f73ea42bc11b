//! The table behind a waterfall: a row a term, the part that no row accounts for, and the sum.

use super::pair::{PairWaterfall, by_size, cause};
use crate::clean::{clean, places};
use crate::document::{Block, Cell, Table, Tone};
use recording::comparison::{Amount, Term};
use recording::format::{self, Scale};

/// Rows of a table before the small ones are added up. A program may name each of its threads, and
/// each name is a role.
const ROWS: usize = 200;

/// Columns that a table of rows needs.
#[derive(Clone, Copy)]
struct Columns {
    roles: bool,
    counts: bool,
}

impl Columns {
    fn of(rows: &[Term]) -> Self {
        // A count of 1 everywhere means that the row is a level, and counts nothing.
        let counted = |term: &Term| {
            [term.in_a, term.in_b]
                .iter()
                .any(|amount| ![0.0, 1.0].contains(&amount.count))
        };
        Columns {
            roles: rows.iter().any(|term| term.role.is_some()),
            counts: rows.iter().any(counted),
        }
    }

    fn empty(self) -> Table {
        let mut table = Table::new("");
        if self.roles {
            table = table.words("Thread role");
        }
        table = table.words("Cause").number("Δ").number("share");
        if self.counts {
            table = table.numbers("of which", ["count effect", "unit-cost effect"]);
        }
        table
    }
}

impl PairWaterfall<'_> {
    /// Returns the table of these rows.
    pub fn table(&self, rows: &[Term]) -> Block {
        let columns = Columns::of(rows);
        let arms = [clean(&self.pair.a), clean(&self.pair.b)];
        let value = if columns.counts {
            "value × count"
        } else {
            "value"
        };
        let mut table = columns
            .empty()
            .numbers(value, arms.iter().map(String::as_str))
            .page_only("Evidence");
        let unit = self.scale.per(self.metric.per.label());
        table.caption = format!("Rows of the difference, in {unit}");
        let rows = by_size(rows);
        let (first, smaller) = rows.split_at(rows.len().min(ROWS));
        for term in first {
            table.row(Tone::Plain, self.term_row(term, columns));
        }
        if !smaller.is_empty() {
            table.row(Tone::Plain, self.smaller_row(smaller, columns));
        }
        let rest = [
            "not accounted for".to_string(),
            String::new(),
            String::new(),
        ];
        let rest = self.sum_row(rest, self.pair.unexplained, columns);
        table.row(Tone::Unexplained, rest);
        let [a, b] = [self.a, self.b].map(|value| self.scale.show(value));
        let sum = self.sum_row(["difference".to_string(), a, b], self.gap(), columns);
        table.row(Tone::Total, sum);
        table.block()
    }

    fn term_row(&self, term: &Term, columns: Columns) -> Vec<Cell> {
        let scale = &self.scale;
        let role = term.role.as_ref().map_or("", |role| role.label());
        let mut cells = Vec::new();
        cells.extend(columns.roles.then(|| Cell::from(clean(role))));
        cells.push(cause(term).into());
        let delta = Cell::from(scale.signed(term.delta));
        cells.push(match term.sampling_error {
            Some(error) => delta.with_note(format!("± {}", scale.show(error))),
            None => delta,
        });
        cells.push(format::percent(term.delta / self.gap()).into());
        if columns.counts {
            cells.push(scale.signed(term.count_effect).into());
            cells.push(scale.signed(term.unit_cost_effect).into());
        }
        cells.extend([term.in_a, term.in_b].map(|part| amount(part, scale, columns.counts)));
        cells.push(Cell {
            evidence: places(&term.evidence),
            ..Cell::default()
        });
        cells
    }

    /// Returns the sum of rows that are too many to be shown.
    fn smaller_row(&self, terms: &[&Term], columns: Columns) -> Vec<Cell> {
        let scale = &self.scale;
        let sum = |value: fn(&Term) -> f64| terms.iter().map(|term| value(term)).sum::<f64>();
        let delta = sum(|term| term.delta);
        let mut cells = vec![Cell::from(format!("{} smaller rows", terms.len()))];
        cells.extend(columns.roles.then(Cell::default));
        cells.push(scale.signed(delta).into());
        cells.push(format::percent(delta / self.gap()).into());
        if columns.counts {
            cells.push(scale.signed(sum(|term| term.count_effect)).into());
            cells.push(scale.signed(sum(|term| term.unit_cost_effect)).into());
        }
        let values = [sum(|term| term.in_a.value), sum(|term| term.in_b.value)];
        cells.extend(values.map(|value| Cell::from(scale.show(value))));
        cells.push("in comparison.json".into());
        cells
    }

    fn sum_row(&self, [name, a, b]: [String; 3], delta: f64, columns: Columns) -> Vec<Cell> {
        let empty = |wanted: bool, count: usize| {
            std::iter::repeat_n("", if wanted { count } else { 0 }).map(Cell::from)
        };
        let mut cells: Vec<Cell> = vec![name.into()];
        cells.extend(empty(columns.roles, 1));
        cells.push(self.scale.signed(delta).into());
        cells.push(format::percent(delta / self.gap()).into());
        cells.extend(empty(columns.counts, 2));
        cells.extend([a.into(), b.into(), Cell::default()]);
        cells
    }
}

fn amount(amount: Amount, scale: &Scale, counted: bool) -> Cell {
    let cell = Cell::from(scale.show(amount.value));
    if !counted || amount.count == 0.0 {
        cell
    } else {
        cell.with_note(format!("× {}", format::number(amount.count)))
    }
}
