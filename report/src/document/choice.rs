//! Parts of a document among which a reader chooses.

use super::{Block, Tone};
use serde::Serialize;

/// Alternatives of which the page shows one at a time. A terminal prints them one after the other.
#[derive(Debug, Serialize)]
pub struct Tabs {
    /// The choice in a few words, for readers who do not see the tabs.
    pub label: String,
    /// The alternatives; the page shows the first until a reader chooses.
    pub tabs: Vec<Tab>,
}

/// One alternative.
#[derive(Debug, Serialize)]
pub struct Tab {
    /// Stable anchor.
    pub id: String,
    /// Its name.
    pub title: String,
    /// Whether a terminal names the content instead of printing it.
    pub page_only: bool,
    /// Its content.
    pub blocks: Vec<Block>,
}

/// A metric in large type with the values of all arms. Only the page shows it: a terminal has the
/// same values in the table of metrics.
#[derive(Debug, Serialize)]
pub struct Card {
    /// Name of the metric.
    pub title: String,
    /// One row an arm.
    pub rows: Vec<CardRow>,
}

/// The value of one arm.
#[derive(Debug, Serialize)]
pub struct CardRow {
    /// Name of the arm.
    pub arm: String,
    /// Position of the arm, which decides its colour.
    pub position: usize,
    /// Value with its unit.
    pub value: String,
    /// Ratio to the first arm; empty for the first.
    pub ratio: String,
    /// Verdict with the interval of the ratio, or the interval of the value.
    pub note: String,
    /// Bad where the arm costs more than the first, good where it costs less.
    pub tone: Tone,
}

impl Tabs {
    /// Returns the alternatives as one block; the content alone where there is no choice.
    pub fn block(label: impl Into<String>, mut tabs: Vec<Tab>) -> Vec<Block> {
        match tabs.len() {
            0 => Vec::new(),
            1 => tabs.remove(0).blocks,
            _ => vec![Block::Tabs(Tabs {
                label: label.into(),
                tabs,
            })],
        }
    }
}
