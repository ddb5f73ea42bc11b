//! Page faults, and resident memory by class of region.

use crate::arms::{Arms, ranked};
use crate::document::{Block, Cell, Section, Table, Tone};
use recording::Recording;
use recording::format::Scale;
use recording::vocabulary::{RegionClass, Unit};
use std::collections::BTreeMap;

type Value = fn(&Recording) -> u64;
type ByClass = BTreeMap<RegionClass, f64>;

/// Returns faults per token and memory by region; nothing without recordings.
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
    let per = arms.per.label();
    let mut table = Table::new("Page faults")
        .words("")
        .numbers("all rounds", arms.names())
        .numbers(format!("per {per}"), arms.names());
    for (name, value) in rows {
        let sums = arms.each(|arm| arm.sum(value));
        let rates = arms.each(|arm| arm.rate(value));
        let [sum, rate] = [&sums, &rates].map(|values| Scale::plain(values.iter().copied()));
        let sums = sums.iter().map(|value| sum.show(*value));
        table.named(
            name,
            sums.chain(rates.iter().map(|value| rate.show(*value))),
        );
    }
    table.block()
}

fn fault_regions(arms: &Arms) -> Option<Block> {
    let each = arms.each(|arm| {
        let regions = arm.rounds.iter().flat_map(|round| &round.faults.regions);
        by_class(regions.map(|region| (region.class, region.count as f64)))
    });
    let classes = ranked(&each);
    let scale = Scale::plain(each.iter().flat_map(|sums| sums.values().copied()));
    let mut table = Table::new("Page faults by class of region, all rounds")
        .words("Region")
        .numbers("faults", arms.names());
    classes
        .iter()
        .for_each(|class| add(&mut table, *class, &each, &scale));
    (!classes.is_empty()).then(|| table.block())
}

/// Returns the mean over rounds: memory at the end of a window is a level, so that a sum means
/// nothing.
fn memory(arms: &Arms) -> Block {
    let each = arms.each(|arm| {
        let count = arm.rounds.len() as f64;
        let regions = arm.rounds.iter().flat_map(|round| &round.memory.regions);
        by_class(regions.map(|region| (region.class, region.rss_bytes as f64 / count)))
    });
    let [rss, peak] = [
        |r: &Recording| r.memory.rss_bytes,
        |r: &Recording| r.memory.peak_rss_bytes,
    ]
    .map(|value| arms.each(|arm| arm.mean(value)));
    let scale = Scale::of(Unit::Bytes, rss.iter().chain(&peak).copied());
    let unit = scale.unit;
    let caption = format!("Resident memory at the end of the window, {unit}, mean of the rounds");
    let mut table = Table::new(caption)
        .words("Region")
        .numbers("RSS", arms.names());
    for class in ranked(&each) {
        add(&mut table, class, &each, &scale);
    }
    for (name, tone, values) in [("RSS", Tone::Total, rss), ("Peak RSS", Tone::Plain, peak)] {
        let values = values.iter().map(|value| Cell::from(scale.show(*value)));
        table.row(tone, std::iter::once(name.into()).chain(values).collect());
    }
    table.block()
}

fn by_class(values: impl Iterator<Item = (RegionClass, f64)>) -> ByClass {
    values.fold(BTreeMap::new(), |mut sums, (class, value)| {
        *sums.entry(class).or_default() += value;
        sums
    })
}

fn add(table: &mut Table, class: RegionClass, each: &[ByClass], scale: &Scale) {
    let value = |sums: &ByClass| sums.get(&class).copied().unwrap_or_default();
    let values = each.iter().map(|sums| scale.show(value(sums)));
    table.named(class.label(), values);
}
