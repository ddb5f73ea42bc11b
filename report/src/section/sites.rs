//! Which code takes memory and gives it back.

use crate::arms::Arms;
use crate::clean::clean;
use crate::document::{Block, Cell, Table, Tone};
use crate::units::{self, Scale};
use analysis::sites;
use recording::{MemorySite, Recording};
use std::collections::BTreeMap;

/// Sites shown before others are folded away,
const FIRST: usize = 12;
/// and those shown at all.
const MOST: usize = 60;
/// Functions of a stack that are shown.
const FRAMES: usize = 8;
/// A page: what calls are ranked by, next to page faults.
const PAGE: f64 = 4096.0;

const NOT_RECORDED: &str =
    "Which code caused a fault or made a call is not recorded, only which threads.";

const LEAD: &str = "The code that touched a page for the first time, or the system call in which the kernel did; and the code \
that made a call, with its callers as far as frame pointers lead (a function between may be missing where a library keeps none). \
Bytes are addresses asked for, with memory behind them or not; given back is below zero. Sites too small to be listed, and those \
that there was no room for, are \"other code\".";

/// The table, or a word on there being none.
pub fn blocks(arms: &Arms) -> Vec<Block> {
    let recorded = |round: &Recording| !round.memory_sites.is_empty();
    if !arms.recordings().any(recorded) {
        return vec![Block::paragraph(NOT_RECORDED)];
    }
    let each = arms.each(|arm| {
        let mut sums: BTreeMap<Row, Sum> = BTreeMap::new();
        for site in arm.rounds.iter().flat_map(|round| &round.memory_sites) {
            let sum = sums.entry(Row::of(site)).or_default();
            sum.count += site.count as f64 / arm.divisor();
            sum.bytes += site.bytes as f64 / arm.divisor();
        }
        sums
    });
    let rows = by_size(&each);
    let shown = &rows[..rows.len().min(MOST)];
    let (first, rest) = shown.split_at(shown.len().min(FIRST));
    let title = "Who takes memory and gives it back";
    let mut blocks = vec![table(arms, title, &each, first), Block::paragraph(LEAD)];
    if !rest.is_empty() {
        let title = match rows.len() - shown.len() {
            0 => format!("{} further sites", rest.len()),
            left => format!(
                "{} further sites; {left} smaller ones are in the recordings",
                rest.len()
            ),
        };
        blocks.push(Block::Fold {
            blocks: vec![table(arms, &title, &each, rest)],
            title,
        });
    }
    blocks
}

/// What one row is about, safe to show.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    code: String,
    role: String,
    kind: String,
}

#[derive(Clone, Copy, Default)]
struct Sum {
    count: f64,
    bytes: f64,
}

impl Row {
    fn of(site: &MemorySite) -> Self {
        let code = match site.stack.is_empty() {
            true => "other code".to_owned(),
            false => clean(&sites::names(&site.stack, FRAMES)),
        };
        Row {
            code,
            role: clean(&site.role),
            kind: clean(&site.kind),
        }
    }
}

/// Rows of all arms, those first that stand for the most pages.
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
    let counts = Scale::of("", shown().map(|sum| sum.count));
    let bytes = Scale::of("bytes", shown().map(|sum| sum.bytes));
    let per = arms.per.word();
    let mut table = Table::new(caption)
        .words("Code")
        .words("Threads")
        .words("What")
        .numbers(format!("count/{per}"), arms.names())
        .numbers(bytes.per(per), arms.names());
    for row in rows {
        let words = [&row.code, &row.role, &row.kind];
        let mut cells: Vec<Cell> = words.map(|word| Cell::from(word.as_str())).into();
        let number = |sum: Option<&Sum>, scale: &Scale, of: fn(&Sum) -> f64| {
            let value = sum.map(of).filter(|value| *value != 0.0);
            Cell::from(value.map_or(units::NONE.into(), |value| scale.show(value)))
        };
        cells.extend(
            each.iter()
                .map(|sums| number(sums.get(row), &counts, |sum| sum.count)),
        );
        cells.extend(
            each.iter()
                .map(|sums| number(sums.get(row), &bytes, |sum| sum.bytes)),
        );
        table.row(Tone::Plain, cells);
    }
    table.block()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Input;
    use recording::sites::{Frame, PAGE_FAULT};

    fn site(kind: &str, count: u64, bytes: i64, functions: &[&str]) -> MemorySite {
        let frame = |function: &&str| Frame {
            function: function.to_string(),
            file: "server".into(),
            class: "binary text".into(),
        };
        MemorySite {
            role: "main\u{1b}[2J".into(),
            kind: kind.into(),
            count,
            bytes,
            stack: functions.iter().map(frame).collect(),
        }
    }

    fn shown(sites: Vec<MemorySite>) -> Vec<Block> {
        let mut round = Recording {
            memory_sites: sites,
            ..Recording::default()
        };
        round.window.duration_ns = 2_000_000_000;
        let recordings = [("go".to_owned(), round)];
        let input = Input {
            comparison: None,
            recordings: &recordings,
        };
        blocks(&Arms::of(&input))
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
    fn sites_are_ranked_by_pages_and_shown_by_the_second() {
        let blocks = shown(vec![
            site(PAGE_FAULT, 100, 0, &["touch"]),
            site("munmap", 2, -(1 << 21), &["give", "main"]),
            site(PAGE_FAULT, 2, 0, &[]),
        ]);
        let main = "main\u{fffd}[2J";
        assert_eq!(
            rows(&blocks[0]),
            [
                ["give ← main (server)", main, "munmap", "1", "−1.00"],
                ["touch (server)", main, PAGE_FAULT, "50", "–"],
                ["other code", main, PAGE_FAULT, "1", "–"],
            ]
        );
    }

    #[test]
    fn many_sites_are_folded_and_the_smallest_are_not_shown() {
        let many =
            (0..MOST as u64 + 5).map(|n| site(PAGE_FAULT, 1_000 - n, 0, &[&format!("f{n}")]));
        let blocks = shown(many.collect());
        assert_eq!(rows(&blocks[0]).len(), FIRST);
        let Some(Block::Fold { title, blocks }) = blocks.last() else {
            panic!("a fold")
        };
        assert_eq!(
            title,
            "48 further sites; 5 smaller ones are in the recordings"
        );
        assert_eq!(rows(&blocks[0]).len(), MOST - FIRST);
    }

    #[test]
    fn a_recording_without_sites_says_so() {
        let [Block::Paragraph { text }] = &shown(vec![])[..] else {
            panic!("a sentence")
        };
        assert_eq!(text, NOT_RECORDED);
    }
}
