//! How much of the sampled code has a function, by module.

use crate::arms::{Arm, Arms};
use crate::clean::clean;
use crate::document::{Block, Section, Table, Tone};
use recording::format::{self, percent};
use recording::stacks::SampleMode;
use recording::vocabulary::{CodePlace, RegionClass};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Modules listed for each arm.
const MODULES: usize = 12;

const LEAD: &str = "The innermost function of each sample in user code, by the file that its code comes from. Files without \
symbols get names from debug files: `kontrast report --symbols DIR`. Broken: samples whose stack ends before the start of the \
thread, by the file in which it ends.";

#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    samples: u64,
    named: u64,
    broken: u64,
}

/// Returns a table for each arm, folded away; nothing without stacks.
pub fn section(arms: &Arms) -> Option<Section> {
    let blocks: Vec<Block> = arms.list.iter().filter_map(modules).collect();
    (!blocks.is_empty()).then(|| Section {
        id: "symbols",
        title: "Functions with a name, by module",
        lead: LEAD.into(),
        blocks,
    })
}

fn modules(arm: &Arm) -> Option<Block> {
    let sums = sums(arm);
    let all: u64 = sums.values().map(|sum| sum.samples).sum();
    let named: u64 = sums.values().map(|sum| sum.named).sum();
    if all == 0 {
        return None;
    }
    let share = |part: u64, whole: u64| match whole {
        0 => format::NONE.into(),
        whole => percent(part as f64 / whole as f64),
    };
    let mut rows: Vec<(String, Sum)> = sums.into_iter().collect();
    rows.sort_by_key(|(_, sum)| Reverse((sum.samples, sum.broken)));
    let samples = format::count(all);
    let mut table = Table::new(format!("{}: {samples} samples in user code", arm.name))
        .words("Module")
        .number("samples")
        .number("share")
        .number("named")
        .number("broken");
    for (module, sum) in rows.into_iter().take(MODULES) {
        let cells = [
            format::count(sum.samples),
            share(sum.samples, all),
            share(sum.named, sum.samples),
            format::count(sum.broken),
        ];
        let name = std::iter::once(module.into());
        table.row(Tone::Plain, name.chain(cells.map(Into::into)).collect());
    }
    Some(Block::Fold {
        title: format!(
            "{}: {} of user code has a name",
            arm.name,
            share(named, all)
        ),
        blocks: vec![table.block()],
    })
}

/// Adds up samples by the words for their module, over all rounds.
fn sums(arm: &Arm) -> BTreeMap<String, Sum> {
    let mut sums: BTreeMap<String, Sum> = BTreeMap::new();
    for stacks in arm.rounds.iter().map(|round| &round.stacks) {
        let in_user_code = stacks
            .counts
            .iter()
            .filter(|count| count.mode == SampleMode::User);
        for count in in_user_code {
            let frame = stacks.frames_of(count.node).next();
            let file = frame.and_then(|frame| stacks.modules.get(frame.module?));
            let place = frame.map_or(CodePlace::Region(RegionClass::Unmapped), |frame| {
                frame.place
            });
            let name = file.map_or_else(|| format!("[{place}]"), |module| clean(&module.file));
            let has_name = frame.is_some_and(|frame| !frame.function.is_empty());
            let sum = sums.entry(name).or_default();
            sum.samples += count.samples;
            sum.named += if has_name { count.samples } else { 0 };
        }
        for module in stacks.modules.iter().filter(|module| module.broken > 0) {
            sums.entry(clean(&module.file)).or_default().broken += module.broken;
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Input;
    use recording::stacks::{StackFrame, StacksBuilder};
    use recording::{Comparison, Recording};

    fn recording() -> Recording {
        let mut builder = StacksBuilder::default();
        let module = builder.module("lib\u{1b}c.so", "ab");
        builder.broken_in(module, 2);
        let frame = |function: &str, module, place| StackFrame {
            function: function.into(),
            module,
            place,
            ..StackFrame::default()
        };
        let library = CodePlace::Region(RegionClass::Libraries);
        let compiled = CodePlace::Region(RegionClass::JitCode);
        let user = (0, SampleMode::User, false);
        builder.add(user, [frame("copy", Some(module), library)], 3);
        builder.add(user, [frame("", Some(module), library)], 1);
        builder.add(user, [frame("", None, compiled)], 4);
        builder.add(
            (0, SampleMode::Syscall, false),
            [frame("read", Some(module), library)],
            9,
        );
        let mut recording = Recording::default();
        recording.target.arm = "go".into();
        recording.stacks = builder.done();
        recording
    }

    #[test]
    fn shows_the_share_with_a_name_by_module() {
        let recordings = vec![("a".to_owned(), recording()), ("b".to_owned(), recording())];
        let comparison = Comparison::default();
        let input = Input {
            comparison: &comparison,
            recordings: &recordings,
        };
        let section = section(&Arms::of(&input)).expect("there are samples");
        let [Block::Fold { title, blocks }] = section.blocks.as_slice() else {
            panic!("one arm: {section:?}")
        };
        assert_eq!(title, "go: 38 % of user code has a name");
        let [Block::Table(table)] = blocks.as_slice() else {
            panic!("a table")
        };
        let rows: Vec<Vec<&str>> = table
            .rows
            .iter()
            .map(|row| row.cells.iter().map(|cell| cell.text.as_str()).collect())
            .collect();
        let expected = [
            ["lib\u{fffd}c.so", "8", "50 %", "75 %", "4"],
            ["[JIT code]", "8", "50 %", "0 %", "0"],
        ];
        assert_eq!(rows, expected);
    }

    #[test]
    fn shows_nothing_without_stacks() {
        let recordings = vec![("a".to_owned(), Recording::default())];
        let comparison = Comparison::default();
        let input = Input {
            comparison: &comparison,
            recordings: &recordings,
        };
        assert!(section(&Arms::of(&input)).is_none());
    }
}
