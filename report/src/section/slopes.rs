//! How resident memory grows, and which threads take memory and give it back.

use super::sites;
use crate::Input;
use crate::arms::{Arms, ranked};
use crate::clean::clean;
use crate::document::{Block, Cell, Section, Table, Tone};
use crate::units::{self, Scale};
use analysis::work;
use recording::comparison::Slope;
use recording::process::Thread;
use std::collections::{BTreeMap, BTreeSet};

const LEAD: &str = "Slopes are straight lines through the resident memory of each class: against open connections while they \
become more, and against time in the second half of a round while they stay the same. Below each is its 95 % interval, over \
rounds, or over the points of a single round, which is then too narrow where memory grows in steps. The classes add up.";

/// Tables of slopes, where there are any, and of who takes and gives back.
pub fn section(input: &Input, arms: &Arms) -> Option<Section> {
    let slopes = input
        .comparison
        .map_or(&[][..], |comparison| &comparison.slopes);
    let tables = ["connection", "second"].into_iter();
    let mut blocks: Vec<Block> = tables.filter_map(|per| table(slopes, per, arms)).collect();
    let lead = if blocks.is_empty() { "" } else { LEAD };
    blocks.extend(givers(arms));
    Some(Section {
        id: "memory-growth",
        title: "Memory: growth and giving back",
        lead: lead.into(),
        blocks,
    })
}

fn table(slopes: &[Slope], per: &str, arms: &Arms) -> Option<Block> {
    let ours: Vec<&Slope> = slopes.iter().filter(|slope| slope.per == per).collect();
    let all = |slope: &&&Slope| slope.class.is_empty();
    let classes: BTreeSet<&str> = ours.iter().map(|slope| slope.class.as_str()).collect();
    let scale = Scale::of(
        "bytes",
        ours.iter().filter(all).map(|slope| slope.bytes.value),
    );
    let mut table = Table::new(format!("Growth of resident memory, {}", scale.per(per)))
        .words("Memory")
        .numbers("slope", arms.names());
    let cell = |class: &str, arm: &str| {
        let found = ours
            .iter()
            .find(|slope| slope.class == class && slope.arm == arm);
        found.map_or(units::NONE.into(), |slope| {
            let [low, high] = slope.bytes.ci95.map(|end| scale.show(end));
            Cell::from(scale.show(slope.bytes.value)).with_note(format!("{low} to {high}"))
        })
    };
    // The sum, which has no class, is first in order and goes last.
    for class in classes
        .iter()
        .filter(|class| !class.is_empty())
        .chain(&[""])
    {
        let (name, tone) = match *class {
            "" => ("all".to_owned(), Tone::Total),
            class => (clean(class), Tone::Plain),
        };
        let cells = arms.each(|arm| cell(class, arm.key));
        table.row(tone, std::iter::once(name.into()).chain(cells).collect());
    }
    (!ours.is_empty()).then(|| table.block())
}

/// Page faults and calls that manage memory, by thread role.
fn givers(arms: &Arms) -> Vec<Block> {
    let each = arms.each(|arm| {
        let mut sums: BTreeMap<String, f64> = BTreeMap::new();
        for thread in arm.rounds.iter().flat_map(|round| &round.threads) {
            for (what, count) in memory_events(thread) {
                let name = format!("{}: {what}", clean(&thread.role));
                *sums.entry(name).or_default() += count as f64 / arm.divisor();
            }
        }
        sums
    });
    let per = arms.per.word();
    let scale = Scale::of("", each.iter().flat_map(|sums| sums.values().copied()));
    let mut table = Table::new(format!(
        "Taking memory and giving it back, by thread, per {per}"
    ))
    .words("Threads: what")
    .numbers("count", arms.names());
    let names = ranked(&each);
    for name in &names {
        let of = |sums: &BTreeMap<String, f64>| {
            sums.get(name)
                .map_or(units::NONE.into(), |count| scale.show(*count))
        };
        let cells = each.iter().map(|sums| Cell::from(of(sums)));
        table.row(
            Tone::Plain,
            std::iter::once(name.as_str().into()).chain(cells).collect(),
        );
    }
    if names.is_empty() {
        return Vec::new();
    }
    let mut blocks = vec![table.block()];
    blocks.extend(sites::blocks(arms));
    blocks
}

/// What a thread did about memory, and how often.
fn memory_events(thread: &Thread) -> impl Iterator<Item = (&str, u64)> {
    let calls = thread.syscalls.iter();
    let managing = calls.filter(|call| work::of(&call.name) == "managing memory");
    let faults = std::iter::once(("page faults", thread.faults));
    let all = faults.chain(managing.map(|call| (call.name.as_str(), call.count)));
    all.filter(|(_, count)| *count > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use recording::{Comparison, Recording, comparison::Estimate};

    #[test]
    fn slopes_are_shown_with_their_interval_and_their_sum_last() {
        let slope = |class: &str, value: f64| Slope {
            arm: "go".into(),
            class: class.into(),
            per: "connection".into(),
            bytes: Estimate {
                value,
                ci95: [value - 100.0, value + 100.0],
            },
            ..Slope::default()
        };
        let comparison = Comparison {
            slopes: vec![slope("", 2_048.0), slope("heap\u{1b}[2J", 2_048.0)],
            ..Comparison::default()
        };
        let mut round = Recording::default();
        round.target.arm = "go".into();
        let recordings = [("go/1".to_owned(), round)];
        let input = Input {
            comparison: Some(&comparison),
            recordings: &recordings,
        };
        let mut text = Vec::new();
        crate::text(&input, false, &mut text).expect("text");
        let text = String::from_utf8(text).expect("UTF-8");
        let (_, table) = text.split_once("KiB/connection").expect("a table");
        let places = ["heap\u{fffd}", "\n all "].map(|part| table.find(part));
        assert!(places.is_sorted() && places[0].is_some(), "{text}");
        assert!(text.contains("1.90 to 2.10"), "{text}");
    }

    #[test]
    fn without_slopes_or_threads_there_is_nothing() {
        let input = Input {
            comparison: None,
            recordings: &[],
        };
        let found = section(&input, &Arms::of(&input)).expect("a section");
        assert!(found.blocks.is_empty());
    }
}
