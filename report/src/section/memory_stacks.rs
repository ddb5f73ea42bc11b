//! The code that takes memory and returns it to the kernel.

use crate::arms::Arms;
use crate::clean::clean;
use crate::document::{Block, Cell, Table, Tone};
use recording::format::{self, Scale};
use recording::vocabulary::{MemoryEvent, Role, Unit};
use recording::{MemoryStack, Recording};
use std::collections::BTreeMap;

/// Call sites shown before the others are folded away.
const FIRST: usize = 12;
/// Call sites shown, folded ones included.
const MOST: usize = 60;
/// Functions of a stack that are shown.
const FRAMES: usize = 8;
/// Size of a page, by which calls are ranked among page faults.
const PAGE: f64 = 4096.0;

const NOT_RECORDED: &str =
    "Call sites were not recorded: only the threads of page faults and memory calls are known.";

const LEAD: &str = "A page fault is charged to the code that touched the page first, or to the syscall in which the kernel did. \
A call is charged to its caller and to the callers above, as far as frame pointers lead. Bytes are addresses that were asked \
for, backed by memory or not; negative where they were returned. \"Other code\" is the sum of small call sites and of those \
that the map had no room for.";

/// Returns the table, or a sentence where call sites were not recorded.
pub fn blocks(arms: &Arms) -> Vec<Block> {
    let recorded = |round: &Recording| !round.memory_stacks.is_empty();
    if !arms.recordings().any(recorded) {
        return vec![Block::paragraph(NOT_RECORDED)];
    }
    let each = arms.each(|arm| {
        let mut sums: BTreeMap<Row, Sum> = BTreeMap::new();
        for round in &arm.rounds {
            for stack in &round.memory_stacks {
                let sum = sums.entry(Row::of(stack, round)).or_default();
                sum.count += stack.count as f64 / arm.divisor();
                sum.bytes += stack.bytes as f64 / arm.divisor();
            }
        }
        sums
    });
    let rows = by_size(&each);
    let shown = &rows[..rows.len().min(MOST)];
    let (first, rest) = shown.split_at(shown.len().min(FIRST));
    let title = "Call sites that take memory and return it";
    let mut blocks = vec![table(arms, title, &each, first), Block::paragraph(LEAD)];
    if !rest.is_empty() {
        let further = format!("{} further call sites", rest.len());
        let title = match rows.len() - shown.len() {
            0 => further,
            left => format!("{further}; {left} smaller ones are in the recordings"),
        };
        blocks.push(Block::Fold {
            blocks: vec![table(arms, &title, &each, rest)],
            title,
        });
    }
    blocks
}

/// Subject of one row, safe to show.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    code: String,
    role: String,
    kind: MemoryEvent,
}

#[derive(Clone, Copy, Default)]
struct Sum {
    count: f64,
    bytes: f64,
}

impl Row {
    fn of(stack: &MemoryStack, round: &Recording) -> Self {
        let code = match stack.stack.is_empty() {
            true => "other code".to_owned(),
            false => clean(&stack.functions(FRAMES)),
        };
        let thread = stack.thread.and_then(|thread| round.threads.get(thread));
        let role = thread.map_or(&Role::Unassigned, |thread| &thread.role);
        Row {
            code,
            role: match role {
                Role::Unassigned => String::new(),
                role => clean(role.label()),
            },
            kind: stack.kind,
        }
    }
}

/// Returns the rows of all arms, those with the most pages first.
fn by_size(each: &[BTreeMap<Row, Sum>]) -> Vec<Row> {
    let mut pages: BTreeMap<&Row, f64> = BTreeMap::new();
    for (row, sum) in each.iter().flatten() {
        *pages.entry(row).or_default() += sum.count.max(sum.bytes.abs() / PAGE);
    }
    let mut rows: Vec<_> = pages.into_iter().collect();
    rows.sort_by(|one, other| other.1.total_cmp(&one.1));
    rows.into_iter().map(|(row, _)| row.clone()).collect()
}

fn table(arms: &Arms, caption: &str, each: &[BTreeMap<Row, Sum>], rows: &[Row]) -> Block {
    let shown = || {
        each.iter()
            .flat_map(|sums| rows.iter().filter_map(|row| sums.get(row)))
    };
    let counts = Scale::plain(shown().map(|sum| sum.count));
    let bytes = Scale::of(Unit::Bytes, shown().map(|sum| sum.bytes));
    let per = arms.per.label();
    let mut table = Table::new(caption)
        .words("Code")
        .words("Threads")
        .words("Event")
        .numbers(format!("count/{per}"), arms.names())
        .numbers(bytes.per(per), arms.names());
    for row in rows {
        let words = [row.code.as_str(), row.role.as_str(), row.kind.label()];
        let mut cells: Vec<Cell> = words.map(Cell::from).into();
        let number = |sum: Option<&Sum>, scale: &Scale, of: fn(&Sum) -> f64| {
            let value = sum.map(of).filter(|value| *value != 0.0);
            Cell::from(value.map_or(format::NONE.into(), |value| scale.show(value)))
        };
        let count = |sums: &BTreeMap<Row, Sum>| number(sums.get(row), &counts, |sum| sum.count);
        let size = |sums: &BTreeMap<Row, Sum>| number(sums.get(row), &bytes, |sum| sum.bytes);
        cells.extend(each.iter().map(count));
        cells.extend(each.iter().map(size));
        table.row(Tone::Plain, cells);
    }
    table.block()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Input;
    use recording::Comparison;
    use recording::process::{Frame, Thread};
    use recording::vocabulary::{CodePlace, RegionClass};

    fn stack(kind: MemoryEvent, count: u64, bytes: i64, functions: &[&str]) -> MemoryStack {
        let frame = |function: &&str| Frame {
            function: function.to_string(),
            file: "server".into(),
            class: CodePlace::Region(RegionClass::BinaryText),
            code: None,
        };
        MemoryStack {
            thread: Some(0),
            kind,
            count,
            bytes,
            stack: functions.iter().map(frame).collect(),
        }
    }

    fn shown(stacks: Vec<MemoryStack>) -> Vec<Block> {
        let mut round = Recording {
            memory_stacks: stacks,
            threads: vec![Thread {
                role: Role::Named("main\u{1b}[2J".into()),
                ..Thread::default()
            }],
            ..Recording::default()
        };
        round.window.duration_ns = 2_000_000_000;
        let recordings = [("go".to_owned(), round)];
        blocks(&Arms::of(&Input {
            comparison: &Comparison::default(),
            recordings: &recordings,
        }))
    }

    fn rows(block: &Block) -> Vec<Vec<String>> {
        let Block::Table(table) = block else {
            panic!("a table")
        };
        let cells =
            |row: &crate::document::Row| row.cells.iter().map(|cell| cell.text.clone()).collect();
        table.rows.iter().map(cells).collect()
    }

    #[test]
    fn ranks_call_sites_by_pages_per_second() {
        let blocks = shown(vec![
            stack(MemoryEvent::PageFault, 100, 0, &["touch"]),
            stack(MemoryEvent::Unmap, 2, -(1 << 21), &["give", "main"]),
            stack(MemoryEvent::PageFault, 2, 0, &[]),
        ]);
        let main = "main\u{fffd}[2J";
        assert_eq!(
            rows(&blocks[0]),
            [
                ["give ← main (server)", main, "munmap", "1", "−1.00"],
                ["touch (server)", main, "page fault", "50", "–"],
                ["other code", main, "page fault", "1", "–"],
            ]
        );
    }

    #[test]
    fn folds_many_call_sites_and_leaves_out_the_smallest() {
        let fault = |n| stack(MemoryEvent::PageFault, 1_000 - n, 0, &[&format!("f{n}")]);
        let blocks = shown((0..MOST as u64 + 5).map(fault).collect());
        assert_eq!(rows(&blocks[0]).len(), FIRST);
        let Some(Block::Fold { title, blocks }) = blocks.last() else {
            panic!("a fold")
        };
        assert_eq!(
            title,
            "48 further call sites; 5 smaller ones are in the recordings"
        );
        assert_eq!(rows(&blocks[0]).len(), MOST - FIRST);
    }

    #[test]
    fn says_where_call_sites_were_not_recorded() {
        let [Block::Paragraph { text }] = &shown(vec![])[..] else {
            panic!("a sentence")
        };
        assert_eq!(text, NOT_RECORDED);
    }
}
