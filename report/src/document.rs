//! What a report says, before anyone decides how it looks: sections made of blocks.
//!
//! The HTML page and the terminal text are two renderings of the same document, so neither can know more than the
//! other. All text in it is already free of control characters (see [`crate::clean`]); HTML is escaped by the templates.

use crate::chart::Chart;
use serde::Serialize;

/// A whole report.
#[derive(Debug, Serialize)]
pub struct Document {
    /// `go against bun, bun-1.4`, for instance.
    pub title: String,
    /// Load, rounds, host and time in one line.
    pub subtitle: String,
    /// What the reader must know before anything else: failed checks, lost events.
    pub notices: Vec<Notice>,
    /// In reading order.
    pub sections: Vec<Section>,
}

/// One chapter.
#[derive(Debug, Serialize)]
pub struct Section {
    /// Stable anchor.
    pub id: &'static str,
    /// Heading.
    pub title: &'static str,
    /// How to read it, in a sentence or two; empty if it speaks for itself.
    pub lead: String,
    /// Content.
    pub blocks: Vec<Block>,
}

/// A piece of a section.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Block {
    /// A heading inside the section.
    Heading {
        /// Its text.
        text: String,
    },
    /// Prose.
    Paragraph {
        /// Its text.
        text: String,
    },
    /// The answer in large type, one line for each pair of arms.
    Headlines {
        /// The lines.
        lines: Vec<Headline>,
    },
    /// Something a reader must not miss.
    Notice(Notice),
    /// Sentences with what they rest on.
    Findings {
        /// Largest share first.
        items: Vec<FindingItem>,
    },
    /// Rows and columns.
    Table(Table),
    /// A drawing.
    Figure(Figure),
    /// Names with values.
    Facts {
        /// The rows.
        rows: Vec<Fact>,
    },
    /// Something to type in a shell.
    Command {
        /// The command line.
        text: String,
    },
    /// Detail that is folded away until asked for.
    Fold {
        /// What is inside.
        title: String,
        /// The content.
        blocks: Vec<Block>,
    },
}

/// The answer for one pair.
#[derive(Debug, Serialize)]
pub struct Headline {
    /// The sentence.
    pub text: String,
    /// The values, how sure, and how much of it is explained.
    pub detail: String,
    /// Why, largest part first.
    pub reasons: Vec<String>,
    /// Where the numbers are.
    pub evidence: Vec<String>,
}

/// Something a reader must not miss.
#[derive(Clone, Debug, Serialize)]
pub struct Notice {
    /// How bad it is.
    pub tone: Tone,
    /// What happened.
    pub title: String,
    /// Details, one a line.
    pub lines: Vec<String>,
}

/// What a row or a notice is to the reader.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tone {
    /// Nothing special.
    #[default]
    Plain,
    /// A sum.
    Total,
    /// What could not be explained.
    Unexplained,
    /// In order.
    Good,
    /// Worth a look.
    Warning,
    /// Invalidates the result.
    Bad,
}

/// A sentence with what it rests on.
#[derive(Debug, Serialize)]
pub struct FindingItem {
    /// What names it; empty if nothing does.
    pub title: String,
    /// The sentences.
    pub text: String,
    /// Where its numbers are.
    pub evidence: Vec<String>,
}

/// A name and a value.
#[derive(Debug, Serialize)]
pub struct Fact {
    /// Name.
    pub name: String,
    /// Value.
    pub value: String,
}

/// Rows and columns, with units in the header and numbers right-aligned.
#[derive(Debug, Default, Serialize)]
pub struct Table {
    /// What it shows.
    pub caption: String,
    /// Columns, left to right.
    pub columns: Vec<Column>,
    /// Spans of columns under a common heading; empty where there are none.
    pub groups: Vec<Group>,
    /// Rows, top to bottom.
    pub rows: Vec<Row>,
}

/// A column.
#[derive(Debug, Serialize)]
pub struct Column {
    /// Heading, unit included.
    pub label: String,
    /// Whether it holds numbers.
    pub number: bool,
    /// Heading shared with the neighbours; empty if none.
    pub group: String,
}

/// Neighbouring columns under one heading.
#[derive(Debug, Serialize)]
pub struct Group {
    /// Heading, empty over columns without one.
    pub label: String,
    /// How many columns.
    pub span: usize,
}

/// A row.
#[derive(Debug, Serialize)]
pub struct Row {
    /// What it is to the reader.
    pub tone: Tone,
    /// One cell a column.
    pub cells: Vec<Cell>,
}

/// A cell.
#[derive(Debug, Default, Serialize)]
pub struct Cell {
    /// What it shows.
    pub text: String,
    /// Smaller, below: an interval, a count.
    pub note: String,
    /// What stands behind it, folded: places of the evidence.
    pub evidence: Vec<String>,
}

/// A drawing, with words for those who do not see it.
#[derive(Debug, Serialize)]
pub struct Figure {
    /// Stable name, also of the files it is written to.
    pub id: String,
    /// Title.
    pub title: String,
    /// What it shows, in a sentence.
    pub description: String,
    /// The drawing itself.
    #[serde(skip)]
    pub chart: Chart,
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
    /// Adds a smaller line below.
    pub fn with_note(mut self, note: String) -> Self {
        self.note = note;
        self
    }
}

impl Block {
    /// Prose.
    pub fn paragraph(text: impl Into<String>) -> Self {
        Block::Paragraph { text: text.into() }
    }
}

impl Fact {
    /// A name and a value.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Fact {
            name: name.into(),
            value: value.into(),
        }
    }
}

impl Document {
    /// Every drawing, folded ones included, in reading order.
    pub fn figures(&self) -> Vec<&Figure> {
        let mut found = Vec::new();
        self.sections
            .iter()
            .for_each(|section| collect(&section.blocks, &mut found));
        found
    }
}

fn collect<'a>(blocks: &'a [Block], found: &mut Vec<&'a Figure>) {
    for block in blocks {
        match block {
            Block::Figure(figure) => found.push(figure),
            Block::Fold { blocks, .. } => collect(blocks, found),
            _ => {}
        }
    }
}
