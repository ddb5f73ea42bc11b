//! Tables of a document.

use super::Tone;
use serde::Serialize;

/// Rows and columns, with units in the header and numbers right-aligned.
#[derive(Debug, Default, Serialize)]
pub struct Table {
    /// Title.
    pub caption: String,
    /// Columns, left to right.
    pub columns: Vec<Column>,
    /// Spans of columns under a common heading; empty where there are none.
    pub groups: Vec<Group>,
    /// Rows, top to bottom.
    pub rows: Vec<Row>,
}

/// A column.
#[derive(Debug, Default, Serialize)]
pub struct Column {
    /// Heading, unit included.
    pub label: String,
    /// Whether it holds numbers.
    pub number: bool,
    /// Heading shared with the neighbours; empty if none.
    pub group: String,
    /// Whether only the page shows it: places of numbers would push the numbers off a terminal.
    pub page_only: bool,
}

/// Neighbouring columns under one heading.
#[derive(Debug, Serialize)]
pub struct Group {
    /// Heading, empty over columns without one.
    pub label: String,
    /// Number of columns.
    pub span: usize,
}

/// A row.
#[derive(Debug, Serialize)]
pub struct Row {
    /// Its meaning to the reader.
    pub tone: Tone,
    /// One cell a column.
    pub cells: Vec<Cell>,
}

/// A cell.
#[derive(Debug, Default, Serialize)]
pub struct Cell {
    /// Its value.
    pub text: String,
    /// A smaller line below: an interval, a count.
    pub note: String,
    /// Places of the numbers behind it, folded away.
    pub evidence: Vec<String>,
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Cell {
            text,
            ..Cell::default()
        }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Cell::from(text.to_string())
    }
}

impl Cell {
    /// Returns the cell with a smaller line below.
    pub fn with_note(mut self, note: String) -> Self {
        self.note = note;
        self
    }
}
