//! Every metric of every arm, with its verdict.

use super::names::heading;
use crate::Input;
use crate::arms::Arms;
use crate::document::{Block, Cell, Section, Table, Tone};
use crate::verdict::interval;
use recording::comparison::{Estimate, Metric, Pair, Verdict};
use recording::format::{self, Scale};

const INTERVALS: &str = "Below each value stands its 95 % interval over rounds.";
const RATIOS: &str = "A ratio is that arm's value divided by the first arm's.";

/// Returns the table of metrics; nothing without arms.
pub fn section(input: &Input, arms: &Arms) -> Option<Section> {
    let first = arms.list.first()?;
    let others: Vec<&str> = arms.names().skip(1).collect();
    let mut table = Table::new("Every metric of every arm")
        .words("Metric")
        .numbers("value", arms.names());
    if !others.is_empty() {
        table = table.numbers(format!("ratio to {}", first.name), others);
    }
    for metric in &input.comparison.metrics {
        table.row(Tone::Plain, row(metric, arms));
    }
    let lead = match arms.list.len() {
        1 => INTERVALS.into(),
        _ => format!("{INTERVALS} {RATIOS}"),
    };
    let blocks = vec![table.block_or("No metric could be computed.")];
    Some(Section {
        id: "metrics",
        title: "Metrics",
        lead,
        blocks,
    })
}

fn row(metric: &Metric, arms: &Arms) -> Vec<Cell> {
    let values = metric.arms.values().map(|estimate| estimate.value);
    let scale = Scale::of(metric.unit, values);
    let mut cells = vec![Cell::from(heading(&metric.label()))];
    cells.extend(arms.each(|arm| {
        let found = metric.arms.get(arm.key);
        found.map_or(format::NONE.into(), |found| value(found, &scale))
    }));
    let first = arms.list.first().map_or("", |arm| arm.key);
    let pair = |key: &str| {
        let mut pairs = metric.pairs.iter();
        pairs.find(|pair| pair.a == first && pair.b == key)
    };
    let others = arms.list.iter().skip(1);
    cells.extend(others.map(|arm| pair(arm.key).map_or(format::NONE.into(), ratio)));
    cells
}

fn value(estimate: &Estimate, scale: &Scale) -> Cell {
    Cell::from(scale.full(estimate.value)).with_note(spread(estimate, scale))
}

fn ratio(pair: &Pair) -> Cell {
    Cell::from(format::ratio(pair.ratio)).with_note(verdict(pair))
}

/// Returns the interval of a value; empty where it is a point, as that of a single round.
pub fn spread(estimate: &Estimate, scale: &Scale) -> String {
    let [low, high] = estimate.ci95.map(|end| scale.show(end));
    match low == high {
        true => String::new(),
        false => format!("{low}–{high}"),
    }
}

/// Returns the verdict in the words of a table, with the interval of the ratio.
pub fn verdict(pair: &Pair) -> String {
    let verdict = match pair.verdict {
        Verdict::Higher => "higher",
        Verdict::Lower => "lower",
        Verdict::Equivalent => "equivalent",
        Verdict::Inconclusive => "no verdict",
    };
    interval(pair.ci95).map_or(verdict.into(), |range| format!("{verdict}, {range}"))
}

/// Returns the sentence in place of a table without data: `No syscalls were recorded.`
pub fn nothing(subject: &str) -> Block {
    Block::paragraph(format!("No {subject} recorded."))
}
