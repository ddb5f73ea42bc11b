//! Comments and prose, as blocks of lines that belong together.

use std::path::Path;

/// Where a block of text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A comment that is no documentation.
    Comment,
    /// Documentation of an item (`///`).
    ItemDoc,
    /// Documentation of the file (`//!`).
    ModuleDoc,
    /// A string literal.
    Literal,
    /// Prose of a document or template.
    Prose,
    /// A row of a table in a document.
    Row,
}

impl Kind {
    /// Whether the block is a comment or documentation in source code.
    pub fn is_comment(self) -> bool {
        matches!(self, Self::Comment | Self::ItemDoc | Self::ModuleDoc)
    }
}

/// Neighbouring lines of one kind, without the markers of a comment.
pub struct Block {
    /// Where it stands.
    pub kind: Kind,
    /// Number of its first line, from 1.
    pub line: usize,
    /// Its text.
    pub lines: Vec<String>,
}

/// A line: its number, kind and text, and whether it may continue the block above.
pub type Line<'a> = (usize, Kind, &'a str, bool);

impl Block {
    /// Groups lines into blocks.
    pub fn group<'a>(lines: impl IntoIterator<Item = Line<'a>>) -> Vec<Self> {
        let mut blocks: Vec<Self> = Vec::new();
        for (line, kind, text, continues) in lines {
            let text = text.to_owned();
            match blocks.last_mut() {
                Some(block) if continues && block.kind == kind && block.numbers().end == line => {
                    block.lines.push(text);
                }
                _ => blocks.push(Self {
                    kind,
                    line,
                    lines: vec![text],
                }),
            }
        }
        blocks
    }

    /// Returns the numbers of its lines.
    pub fn numbers(&self) -> std::ops::Range<usize> {
        self.line..self.line + self.lines.len()
    }

    /// Returns the lines joined by spaces, and where each begins in that text.
    pub fn joined(&self) -> (String, Vec<usize>) {
        let mut text = String::new();
        let mut starts = Vec::new();
        for line in &self.lines {
            if !text.is_empty() {
                text.push(' ');
            }
            starts.push(text.len());
            text.push_str(line.trim());
        }
        (without_code(text), starts)
    }

    /// Returns the number of the line that holds the byte `at` of the joined text.
    pub fn line_of(&self, starts: &[usize], at: usize) -> usize {
        let before = starts.partition_point(|start| *start <= at);
        self.line + before.saturating_sub(1)
    }
}

/// Replaces code between backticks by as many underscores. A single backtick opens nothing.
fn without_code(text: String) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return text;
    }
    let replaced = parts.iter().enumerate().map(|(at, part)| match at % 2 {
        0 => (*part).to_owned(),
        _ => "_".repeat(part.len()),
    });
    replaced.collect::<Vec<_>>().join("`")
}

/// Returns the blocks of a file that is not Rust.
pub fn blocks(path: &str, text: &str) -> Vec<Block> {
    let extension = Path::new(path).extension().and_then(|it| it.to_str());
    let (kind, marker) = match extension.unwrap_or_default() {
        "md" => return markdown(text),
        "html" | "css" => (Kind::Prose, ""),
        "go" | "ts" | "js" | "mjs" | "cpp" | "hpp" | "h" => (Kind::Comment, "//"),
        "toml" | "sh" | "py" | "yml" | "yaml" => (Kind::Comment, "#"),
        _ => return Vec::new(),
    };
    Block::group((1..).zip(text.lines()).filter_map(|(number, line)| {
        let text = line.trim_start().strip_prefix(marker)?;
        Some((number, kind, text.trim_start_matches(['/', '!', '#']), true))
    }))
}

/// Returns the paragraphs of a document and the rows of its tables, without fenced code.
fn markdown(text: &str) -> Vec<Block> {
    let mut fenced = false;
    Block::group((1..).zip(text.lines()).filter_map(|(number, line)| {
        let start = line.trim_start();
        let fence = start.starts_with("```");
        fenced ^= fence;
        let kind = match start.starts_with('|') {
            true => Kind::Row,
            false => Kind::Prose,
        };
        let continues = kind == Kind::Prose && !starts_anew(start);
        let is_text = !fenced && !fence && !start.is_empty();
        is_text.then_some((number, kind, line, continues))
    }))
}

/// Whether a line opens a heading or an item of a list.
fn starts_anew(line: &str) -> bool {
    let number = line.trim_start_matches(|c: char| c.is_ascii_digit());
    line.starts_with(['#', '-', '*', '>']) || (number.len() < line.len() && number.starts_with('.'))
}
