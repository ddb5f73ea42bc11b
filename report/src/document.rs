//! The content of a report, before its form: sections made of blocks.
//!
//! The HTML page, the terminal text and the Markdown are renderings of the same document, so all
//! say the same. Text in it is already free of control characters (see [`crate::clean`]); the
//! templates escape HTML.

mod choice;
mod finding;
mod table;

pub use choice::{Card, CardRow, Tab, Tabs};
pub use finding::{FindingItem, FindingStack, FindingStacks};
pub use table::{Cell, Column, Group, Row, Table};

use crate::chart::{Chart, FlameFigure};
use serde::Serialize;

/// A whole report.
#[derive(Debug, Default, Serialize)]
pub struct Document {
    /// `go against bun, bun-1.4`, for instance.
    pub title: String,
    /// Load, rounds, host and time in one line.
    pub subtitle: String,
    /// Arms that a reader can hide, in the order of their colours.
    pub arms: Vec<String>,
    /// Faults that a reader must know of before any number: failed checks, lost events.
    pub notices: Vec<Notice>,
    /// Chapters in reading order.
    pub chapters: Vec<Chapter>,
}

/// Sections about one subject.
#[derive(Debug, Serialize)]
pub struct Chapter {
    /// Stable anchor.
    pub id: &'static str,
    /// Heading; empty for a document without chapters.
    pub title: &'static str,
    /// Sections in reading order.
    pub sections: Vec<Section>,
}

/// One section.
#[derive(Debug, Serialize)]
pub struct Section {
    /// Stable anchor.
    pub id: &'static str,
    /// Heading.
    pub title: &'static str,
    /// How to read it, in a few sentences; empty where it needs no words.
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
    /// Verdicts in large type, one for each pair of arms.
    Headlines {
        /// The verdicts.
        lines: Vec<Headline>,
    },
    /// A fault that a reader must know of.
    Notice(Notice),
    /// Findings with the numbers behind them.
    Findings {
        /// Largest share first.
        items: Vec<FindingItem>,
    },
    /// Rows and columns.
    Table(Table),
    /// A drawing.
    Figure(Figure),
    /// Flame graphs.
    Flame(FlameFigure),
    /// Names with values.
    Facts {
        /// The rows.
        rows: Vec<Fact>,
    },
    /// A command line for a shell.
    Command {
        /// The command line.
        text: String,
    },
    /// Metrics in large type.
    Cards {
        /// One card a metric.
        cards: Vec<Card>,
    },
    /// Alternatives.
    Tabs(Tabs),
    /// Detail that the page folds away.
    Fold {
        /// Title of the content.
        title: String,
        /// The content.
        blocks: Vec<Block>,
    },
    /// Numbers of a drawing, which the page folds away and a terminal prints.
    Numbers {
        /// Title of the content.
        title: String,
        /// The content.
        blocks: Vec<Block>,
    },
}

/// The verdict about one pair, or one arm alone.
#[derive(Debug, Serialize)]
pub struct Headline {
    /// The sentence.
    pub text: String,
    /// Values, interval and rounds.
    pub detail: String,
    /// Parts of the difference, or of the arm's value.
    pub table: Option<Table>,
    /// Advice, and the cost of observing.
    pub notes: Vec<String>,
    /// Places of the numbers.
    pub evidence: Vec<String>,
}

/// A fault that a reader must know of.
#[derive(Clone, Debug, Serialize)]
pub struct Notice {
    /// How bad it is.
    pub tone: Tone,
    /// The fault.
    pub title: String,
    /// Details, one a line.
    pub lines: Vec<String>,
}

/// The meaning of a row or a notice to the reader.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tone {
    /// An ordinary row.
    #[default]
    Plain,
    /// A sum.
    Total,
    /// The part that no row accounts for.
    Unexplained,
    /// As it should be.
    Good,
    /// Worth a look.
    Warning,
    /// Invalidates the result.
    Bad,
}

/// A name and a value.
#[derive(Debug, Serialize)]
pub struct Fact {
    /// Name.
    pub name: String,
    /// Value.
    pub value: String,
}

/// A drawing.
#[derive(Debug, Serialize)]
pub struct Figure {
    /// Stable name, also of its files.
    pub id: String,
    /// Title.
    pub title: String,
    /// Content in a sentence, for readers who do not see it.
    pub description: String,
    /// The drawing itself.
    #[serde(skip)]
    pub chart: Chart,
}

impl Block {
    /// Returns a block of prose.
    pub fn paragraph(text: impl Into<String>) -> Self {
        Block::Paragraph { text: text.into() }
    }
}

impl Fact {
    /// Returns a name with its value.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Fact {
            name: name.into(),
            value: value.into(),
        }
    }
}

impl Chapter {
    /// Returns the one chapter, without a heading, of a document that needs no chapters.
    pub fn only(sections: Vec<Section>) -> Vec<Self> {
        let is_empty = sections.is_empty();
        let chapter = Chapter {
            id: "report",
            title: "",
            sections,
        };
        (!is_empty).then_some(chapter).into_iter().collect()
    }
}

impl Document {
    /// Returns every drawing, folded ones included, in reading order.
    pub fn figures(&self) -> Vec<&Figure> {
        let blocks = self.blocks().into_iter();
        let found = blocks.filter_map(|block| match block {
            Block::Figure(found) => Some(found),
            _ => None,
        });
        found.collect()
    }

    /// Returns all flame graphs, folded ones included, in reading order.
    pub fn flames(&self) -> Vec<&FlameFigure> {
        let blocks = self.blocks().into_iter();
        let found = blocks.filter_map(|block| match block {
            Block::Flame(found) => Some(found),
            _ => None,
        });
        found.collect()
    }

    /// Returns the sections of all chapters, in reading order.
    pub fn sections(&self) -> impl Iterator<Item = &Section> {
        self.chapters.iter().flat_map(|chapter| &chapter.sections)
    }

    fn blocks(&self) -> Vec<&Block> {
        let mut found = Vec::new();
        self.sections()
            .for_each(|section| collect(&section.blocks, &mut found));
        found
    }
}

fn collect<'a>(blocks: &'a [Block], found: &mut Vec<&'a Block>) {
    blocks.iter().for_each(|block| match block {
        Block::Fold { blocks, .. } | Block::Numbers { blocks, .. } => collect(blocks, found),
        Block::Tabs(choice) => {
            let tabs = choice.tabs.iter();
            tabs.for_each(|tab| collect(&tab.blocks, found));
        }
        block => found.push(block),
    });
}
