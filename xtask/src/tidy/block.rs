//! Lines of text that belong together.

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
}

impl Kind {
    /// Whether the block is a comment or documentation in source code.
    pub fn is_comment(self) -> bool {
        matches!(self, Self::Comment | Self::ItemDoc | Self::ModuleDoc)
    }
}

/// Neighbouring lines of one kind, without the markers of a comment.
#[derive(Clone, Debug)]
pub struct Block {
    /// Where it stands.
    pub kind: Kind,
    /// Number of its first line, from 1.
    pub line: usize,
    /// Its text.
    pub lines: Vec<String>,
}

impl Block {
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
        (without_code(&text), starts)
    }

    /// Returns the number of the line that holds the byte `at` of the joined text.
    pub fn line_of(&self, starts: &[usize], at: usize) -> usize {
        let before = starts.partition_point(|start| *start <= at);
        self.line + before.saturating_sub(1)
    }
}

/// Replaces code between backticks by as many underscores.
fn without_code(text: &str) -> String {
    let mut code = false;
    let replaced = text.chars().flat_map(|c| {
        code ^= c == '`';
        let length = if code { c.len_utf8() } else { 0 };
        std::iter::repeat_n('_', length).chain((!code).then_some(c))
    });
    let replaced: String = replaced.collect();
    // A single backtick opens nothing.
    if code { text.to_owned() } else { replaced }
}
