//! The prose of a Markdown document.

use super::block::{Block, Kind};

/// A line of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// Within a fenced block of code, or its fence.
    Code,
    /// A row of a table.
    Row,
    /// Everything else.
    Prose,
}

/// Returns each line with the part of the document that it belongs to.
pub fn lines(text: &str) -> impl Iterator<Item = (Line, &str)> {
    let mut fenced = false;
    text.lines().map(move |line| {
        let start = line.trim_start();
        let fence = start.starts_with("```");
        let kind = match fenced || fence {
            true => Line::Code,
            false if start.starts_with('|') => Line::Row,
            false => Line::Prose,
        };
        fenced ^= fence;
        (kind, line)
    })
}

/// Returns the paragraphs and rows of tables, without code.
pub fn blocks(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut open = false;
    for (at, (kind, line)) in lines(text).enumerate() {
        let continues = kind == Line::Prose && !starts_anew(line.trim_start());
        if kind == Line::Code || line.trim().is_empty() {
            open = false;
            continue;
        }
        match blocks.last_mut() {
            Some(block) if open && continues => block.lines.push(line.to_owned()),
            _ => blocks.push(Block {
                kind: Kind::Prose,
                line: at + 1,
                lines: vec![line.to_owned()],
            }),
        }
        open = kind == Line::Prose;
    }
    blocks
}

/// Whether a line opens a heading or an item of a list.
fn starts_anew(line: &str) -> bool {
    let number = line.trim_start_matches(|c: char| c.is_ascii_digit());
    line.starts_with(['#', '-', '*', '>']) || (number.len() < line.len() && number.starts_with('.'))
}
