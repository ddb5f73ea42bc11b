//! Page faults, and what the resident memory is made of.

use crate::arms::{Arms, ranked};
use crate::clean::clean;
use crate::document::{Block, Cell, Section, Table, Tone};
use crate::units::Scale;
use recording::Recording;
use std::collections::BTreeMap;

type Value = fn(&Recording) -> u64;

/// Faults per token and memory by region.
pub fn section(arms: &Arms) -> Option<Section> {
    arms.recordings().next()?;
    let mut blocks = vec![faults(arms)];
    blocks.extend(fault_regions(arms));
    blocks.push(memory(arms));
    Some(Section {
        id: "faults",
        title: "Page faults and memory",
        lead: String::new(),
        blocks,
    })
}

fn faults(arms: &Arms) -> Block {
    let rows: [(&str, Value); 4] = [
        ("Minor (no I/O)", |r| r.faults.minor),
        ("Major (I/O)", |r| r.faults.major),
        ("Taken in user mode", |r| r.faults.user),
        ("Taken in the kernel", |r| r.faults.kernel),
    ];
    let per = arms.per.word();
    let mut table = Table::new("Page faults")
        .words("")
        .numbers("all rounds", arms.names())
        .numbers(format!("per {per}"), arms.names());
    for (name, value) in rows {
        let sums = arms.each(|arm| arm.sum(value));
        let rates = arms.each(|arm| arm.rate(value));
        let (sum, rate) = (
            Scale::of("", sums.iter().copied()),
            Scale::of("", rates.iter().copied()),
        );
        let mut cells = vec![Cell::from(name)];
        cells.extend(sums.iter().map(|value| Cell::from(sum.show(*value))));
        cells.extend(rates.iter().map(|value| Cell::from(rate.show(*value))));
        table.row(Tone::Plain, cells);
    }
    table.block()
}

fn fault_regions(arms: &Arms) -> Option<Block> {
    let each = arms.each(|arm| {
        let regions = arm.rounds.iter().flat_map(|round| &round.faults.regions);
        sums(regions.map(|region| (clean(&region.class), region.count as f64)))
    });
    let names = ranked(&each);
    let scale = Scale::of("", each.iter().flat_map(|sums| sums.values().copied()));
    let mut table = Table::new("Page faults by kind of memory, all rounds")
        .words("Memory")
        .numbers("faults", arms.names());
    for name in &names {
        table.row(Tone::Plain, named(name, &each, &scale));
    }
    (!names.is_empty()).then(|| table.block())
}

/// Mean over rounds: memory at the end of each window is a level, not something to add up.
fn memory(arms: &Arms) -> Block {
    let each = arms.each(|arm| {
        let count = arm.rounds.len() as f64;
        let regions = arm.rounds.iter().flat_map(|round| &round.memory.regions);
        sums(regions.map(|region| (clean(&region.class), region.rss_bytes as f64 / count)))
    });
    let [rss, peak] = [
        |r: &Recording| r.memory.rss_bytes,
        |r: &Recording| r.memory.peak_rss_bytes,
    ]
    .map(|value| arms.each(|arm| arm.mean(value)));
    let scale = Scale::of("bytes", rss.iter().chain(&peak).copied());
    let mut table = Table::new(format!(
        "Resident memory at the end of the window, {}, mean of the rounds",
        scale.unit
    ))
    .words("Memory")
    .numbers("RSS", arms.names());
    for name in &ranked(&each) {
        table.row(Tone::Plain, named(name, &each, &scale));
    }
    for (name, tone, values) in [("RSS", Tone::Total, rss), ("Peak RSS", Tone::Plain, peak)] {
        let mut cells = vec![Cell::from(name)];
        cells.extend(values.iter().map(|value| Cell::from(scale.show(*value))));
        table.row(tone, cells);
    }
    table.block()
}

fn sums(values: impl Iterator<Item = (String, f64)>) -> BTreeMap<String, f64> {
    values.fold(BTreeMap::new(), |mut sums, (name, value)| {
        *sums.entry(name).or_default() += value;
        sums
    })
}

fn named(name: &String, each: &[BTreeMap<String, f64>], scale: &Scale) -> Vec<Cell> {
    let mut cells = vec![Cell::from(name.as_str())];
    cells.extend(
        each.iter()
            .map(|sums| Cell::from(scale.show(sums.get(name).copied().unwrap_or_default()))),
    );
    cells
}
