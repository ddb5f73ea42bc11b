//! Growth of resident memory, and the threads that take memory and return it.

use super::memory_stacks;
use crate::Input;
use crate::arms::{Arms, ranked};
use crate::clean::clean;
use crate::document::{Block, Cell, Section, Table, Tone};
use recording::comparison::MemoryGrowth;
use recording::format::{self, Scale};
use recording::process::Thread;
use recording::vocabulary::{Per, RegionClass, SyscallClass, Unit};
use std::collections::{BTreeMap, BTreeSet};

/// Rows of roles and events, at most.
const ROWS: usize = 100;

const LEAD: &str = "Slopes of straight lines through the resident memory of each class: against open connections while their \
number rises, and against time in the second half of a round while it stays the same. Below each stands its 95 % interval, \
over rounds. That of a single round is over its points, and too narrow where memory grows in steps. The classes add up.";

/// Returns tables of slopes, where there are any, and of page faults and memory calls by thread.
pub fn section(input: &Input, arms: &Arms) -> Option<Section> {
    let growth = &input.comparison.memory_growth;
    let per = [Per::Connection, Per::Second].into_iter();
    let mut blocks: Vec<Block> = per.filter_map(|per| table(growth, per, arms)).collect();
    let lead = if blocks.is_empty() { "" } else { LEAD };
    blocks.extend(by_thread(arms));
    Some(Section {
        id: "memory-growth",
        title: "Memory growth and memory calls",
        lead: lead.into(),
        blocks,
    })
}

fn table(growth: &[MemoryGrowth], per: Per, arms: &Arms) -> Option<Block> {
    let ours: Vec<&MemoryGrowth> = growth.iter().filter(|slope| slope.per == per).collect();
    let sums = ours.iter().filter(|slope| slope.class.is_none());
    let scale = Scale::of(Unit::Bytes, sums.map(|slope| slope.bytes.value));
    let unit = scale.per(per.label());
    let mut table = Table::new(format!("Growth of resident memory, {unit}"))
        .words("Region")
        .numbers("slope", arms.names());
    let cell = |class: Option<RegionClass>, arm: &str| {
        let mut found = ours.iter();
        let found = found.find(|slope| slope.class == class && slope.arm == arm);
        found.map_or(format::NONE.into(), |slope| {
            let [low, high] = slope.bytes.ci95.map(|end| scale.show(end));
            Cell::from(scale.show(slope.bytes.value)).with_note(format!("{low} to {high}"))
        })
    };
    let classes: BTreeSet<RegionClass> = ours.iter().filter_map(|slope| slope.class).collect();
    for class in classes.into_iter().map(Some).chain([None]) {
        let (name, tone) = match class {
            None => ("all", Tone::Total),
            Some(class) => (class.label(), Tone::Plain),
        };
        let cells = arms.each(|arm| cell(class, arm.key));
        table.row(tone, std::iter::once(name.into()).chain(cells).collect());
    }
    (!ours.is_empty()).then(|| table.block())
}

/// Returns page faults and memory calls by thread role, then by call site; nothing where there were
/// none.
fn by_thread(arms: &Arms) -> Vec<Block> {
    let each = arms.each(|arm| {
        let mut sums: BTreeMap<String, f64> = BTreeMap::new();
        for thread in arm.rounds.iter().flat_map(|round| &round.threads) {
            for (event, count) in memory_events(thread) {
                let name = format!("{}: {}", clean(thread.role.label()), clean(event));
                *sums.entry(name).or_default() += count as f64 / arm.divisor();
            }
        }
        sums
    });
    let per = arms.per.label();
    let scale = Scale::plain(each.iter().flat_map(|sums| sums.values().copied()));
    let names = ranked(&each);
    let mut caption = format!("Page faults and memory calls by thread role, per {per}");
    if names.len() > ROWS {
        caption += &format!(": the {ROWS} most of {}", names.len());
    }
    let mut table = Table::new(caption)
        .words("Threads: event")
        .numbers("count", arms.names());
    for name in names.iter().take(ROWS) {
        let value = |sums: &BTreeMap<String, f64>| {
            let found = sums.get(name);
            found.map_or(format::NONE.into(), |count| scale.show(*count))
        };
        table.named(name.as_str(), each.iter().map(value));
    }
    if names.is_empty() {
        return Vec::new();
    }
    let mut blocks = vec![table.block()];
    blocks.extend(memory_stacks::blocks(arms));
    blocks
}

/// Returns a thread's page faults and memory calls.
fn memory_events(thread: &Thread) -> impl Iterator<Item = (&str, u64)> {
    let calls = thread.syscalls.iter();
    let memory = calls.filter(|call| SyscallClass::of(&call.name) == SyscallClass::Memory);
    let faults = std::iter::once(("page faults", thread.faults));
    let all = faults.chain(memory.map(|call| (call.name.as_str(), call.count)));
    all.filter(|(_, count)| *count > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use recording::{Comparison, Recording, comparison::Estimate};

    #[test]
    fn shows_slopes_with_their_interval_and_the_sum_last() {
        let slope = |class: Option<RegionClass>, value: f64| MemoryGrowth {
            arm: "go".into(),
            class,
            per: Per::Connection,
            bytes: Estimate {
                value,
                ci95: [value - 100.0, value + 100.0],
            },
            ..MemoryGrowth::default()
        };
        let heap = Some(RegionClass::RuntimeHeap);
        let comparison = Comparison {
            memory_growth: vec![slope(None, 2_048.0), slope(heap, 2_048.0)],
            ..Comparison::default()
        };
        let mut round = Recording::default();
        round.target.arm = "go".into();
        let recordings = [("go/1".to_owned(), round)];
        let input = Input {
            comparison: &comparison,
            recordings: &recordings,
        };
        let mut text = Vec::new();
        crate::text(&input, false, &mut text).expect("text");
        let text = String::from_utf8(text).expect("UTF-8");
        let (_, table) = text.split_once("KiB/connection").expect("a table");
        let places = ["runtime heap", "\n all "].map(|part| table.find(part));
        assert!(places.is_sorted() && places[0].is_some(), "{text}");
        assert!(text.contains("1.90 to 2.10"), "{text}");
    }

    #[test]
    fn shows_nothing_without_slopes_and_threads() {
        let input = Input {
            comparison: &Comparison::default(),
            recordings: &[],
        };
        let found = section(&input, &Arms::of(&input)).expect("a section");
        assert!(found.blocks.is_empty());
    }
}
