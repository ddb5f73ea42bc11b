//! What user code does, as far as samples tell.

use super::rows;
use crate::arms::{Arm, Arms};
use crate::clean::clean;
use crate::document::{Block, Cell, Section, Table, Tone};
use crate::units::{self, Scale};
use analysis::{ledger::cpu, runtime::code, work};
use recording::comparison::Amount;
use std::collections::BTreeMap;

/// Functions listed for each arm.
const FUNCTIONS: usize = 15;

const LEAD: &str = "User time is measured; how it divides is known from samples (± is the 95 % interval of the sampling, \
which each arm's number of samples decides), by the names of the functions that they found, or by what a thread is for. \
\"user code\" is what no name tells: the binary is stripped, or nobody has written a rule.";

/// A table of kinds, and the functions behind it folded away; nothing without samples.
pub fn section(arms: &Arms) -> Option<Section> {
    let sampled = |arm: &Arm| arm.rounds.iter().any(|round| !round.code.is_empty());
    if !arms.list.iter().any(sampled) {
        return None;
    }
    let mut blocks = vec![kinds(arms)];
    blocks.extend(arms.list.iter().filter_map(functions));
    Some(Section {
        id: "user-code",
        title: "What user code does",
        lead: LEAD.into(),
        blocks,
    })
}

fn kinds(arms: &Arms) -> Block {
    let each = arms.each(|arm| {
        let rows = rows::by_cause(arm, cpu::book);
        let user = rows
            .into_iter()
            .filter(|(cause, _)| work::is_user_code(cause));
        user.collect::<BTreeMap<_, _>>()
    });
    let totals: Vec<f64> = each
        .iter()
        .map(|rows| rows.values().map(|row| row.value).sum())
        .collect();
    let scale = Scale::of("ns", totals.iter().copied());
    let per = arms.per.word();
    let mut table = Table::new(format!("User time by what it does, {}", scale.per(per)))
        .words("Kind")
        .numbers("user time", arms.names());
    for kind in rows::ranked(&each) {
        let amounts = each
            .iter()
            .map(|rows| rows.get(&kind).copied().unwrap_or_default());
        let cells = amounts.map(|amount| sampled(amount, &scale));
        table.row(
            Tone::Plain,
            std::iter::once(clean(&kind).into()).chain(cells).collect(),
        );
    }
    let totals = totals.iter().map(|total| Cell::from(scale.show(*total)));
    table.row(
        Tone::Total,
        std::iter::once("user time".into()).chain(totals).collect(),
    );
    table.block()
}

/// A value with what sampling leaves open below it.
fn sampled(amount: Amount, scale: &Scale) -> Cell {
    if amount.value == 0.0 {
        return units::NONE.into();
    }
    let cell = Cell::from(scale.show(amount.value));
    match amount.sampling_error {
        Some(error) => cell.with_note(format!("± {}", scale.show(error))),
        None => cell,
    }
}

fn functions(arm: &Arm) -> Option<Block> {
    let mut sums: BTreeMap<[String; 3], u64> = BTreeMap::new();
    for round in &arm.rounds {
        for found in &round.code {
            let doing = code::doing(&round.target.runtime, found).to_owned();
            let name = match found.function.as_str() {
                "" => "(no name)".to_owned(),
                name => clean(name),
            };
            let place = if found.file.is_empty() {
                &found.class
            } else {
                &found.file
            };
            *sums.entry([name, clean(place), doing]).or_default() += found.samples;
        }
    }
    let all: u64 = sums.values().sum();
    let mut sums: Vec<_> = sums.into_iter().collect();
    sums.sort_by_key(|(_, samples)| std::cmp::Reverse(*samples));
    let shown = sums.len().min(FUNCTIONS);
    let mut table = Table::new(format!(
        "{}: the first {shown} of {} functions, {all} samples",
        arm.name,
        sums.len()
    ))
    .words("Function")
    .words("File or region")
    .words("Kind")
    .number("samples")
    .number("share");
    for ([name, place, doing], samples) in sums.into_iter().take(FUNCTIONS) {
        let share = units::share(samples as f64 / all as f64);
        let cells = [name, place, doing, units::count(samples), share];
        table.row(Tone::Plain, cells.map(Cell::from).into());
    }
    (all > 0).then(|| Block::Fold {
        title: format!("{}: functions that samples found", arm.name),
        blocks: vec![table.block()],
    })
}
