//! Findings of a document.

use super::Table;
use serde::Serialize;

/// A finding.
#[derive(Debug, Default, Serialize)]
pub struct FindingItem {
    /// The field's term for it; empty where it has none.
    pub title: String,
    /// One sentence with the numbers.
    pub text: String,
    /// One sentence of meaning; may be empty.
    pub meaning: String,
    /// Advice, with the predicted saving where it is known; may be empty.
    pub advice: String,
    /// Places of the numbers.
    pub evidence: Vec<String>,
    /// Stable anchor on the page; empty where nothing links to it.
    pub id: String,
    /// Share of the difference, for a list that is ranked by it.
    pub share: Option<f64>,
    /// Rows that it claims, which the page opens below it.
    pub rows: Option<Table>,
    /// Call stacks with most of these rows, which the page opens below them.
    pub stacks: Option<FindingStacks>,
}

/// Call stacks behind a finding.
#[derive(Debug, Serialize)]
pub struct FindingStacks {
    /// Title.
    pub title: String,
    /// How much of the finding they are, and how to read them.
    pub lead: String,
    /// The stacks, costliest first.
    pub items: Vec<FindingStack>,
}

/// A call stack behind a finding.
#[derive(Debug, Serialize)]
pub struct FindingStack {
    /// Its time per unit, and its samples.
    pub cost: String,
    /// Thread role, row, then functions from the outermost inward.
    pub frames: Vec<String>,
}
