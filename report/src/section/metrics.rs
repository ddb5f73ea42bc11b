//! Every metric of every arm, with its verdict.

use super::{names, verdict};
use crate::arms::Arms;
use crate::document::{Block, Cell, Section, Table, Tone};
use crate::{
    Input,
    units::{self, Scale},
};
use recording::comparison::{Estimate, Metric, Pair, Verdict};

const LEAD: &str = "95 % intervals below the values come from resampling the rounds. A ratio is that arm over the first.";

/// The metrics table; nothing without a comparison.
pub fn section(input: &Input, arms: &Arms) -> Option<Section> {
    let comparison = input.comparison?;
    let others: Vec<&str> = arms.names().skip(1).collect();
    let first = arms.list.first().map_or("", |arm| arm.name.as_str());
    let mut table = Table::new("Every metric of every arm")
        .words("Metric")
        .numbers("value", arms.names());
    table = table.numbers(format!("ratio to {first}"), others);
    for metric in &comparison.metrics {
        table.row(Tone::Plain, row(metric, arms));
    }
    let blocks = vec![table.block_or("No metric could be computed.")];
    Some(Section {
        id: "metrics",
        title: "Metrics",
        lead: LEAD.into(),
        blocks,
    })
}

fn row(metric: &Metric, arms: &Arms) -> Vec<Cell> {
    let scale = Scale::of(
        &metric.unit,
        metric.arms.values().map(|estimate| estimate.value),
    );
    let mut cells = vec![Cell::from(names::heading(&names::metric(&metric.name)))];
    cells.extend(arms.each(|arm| {
        metric
            .arms
            .get(arm.key)
            .map_or(units::NONE.into(), |found| value(found, &scale))
    }));
    let first = arms.list.first().map_or("", |arm| arm.key);
    let pair = |key: &str| {
        metric
            .pairs
            .iter()
            .find(|pair| pair.a == first && pair.b == key)
    };
    cells.extend(
        arms.list
            .iter()
            .skip(1)
            .map(|arm| pair(arm.key).map_or(units::NONE.into(), ratio)),
    );
    cells
}

fn value(estimate: &Estimate, scale: &Scale) -> Cell {
    let cell = Cell::from(scale.full(estimate.value));
    let [low, high] = estimate.ci95.map(|end| scale.show(end));
    if low == high {
        cell
    } else {
        cell.with_note(format!("{low}–{high}"))
    }
}

fn ratio(pair: &Pair) -> Cell {
    let verdict = match pair.verdict {
        Verdict::Higher => "higher",
        Verdict::Lower => "lower",
        Verdict::Equivalent => "equivalent",
        Verdict::Inconclusive => "inconclusive",
    };
    let note = verdict::interval(pair.ci95)
        .map_or(verdict.to_string(), |range| format!("{verdict}, {range}"));
    Cell::from(units::ratio(pair.ratio)).with_note(note)
}

/// Shown in place of a table when no recording has what it needs.
pub fn nothing(what: &str) -> Block {
    Block::paragraph(format!("No {what} recorded."))
}
