//! Answers for programs and assistants (`kontrast.explain/1`): statements that cite their rows, in
//! pages of a bounded size.
//!
//! A statement says what the report says, in the same words. Its citations are JSON pointers into
//! `comparison.json` and the recordings. Text of observed processes is cleaned, as in every form.

mod statements;

use crate::Input;
use serde::{Deserialize, Serialize};

/// The schema of an answer.
pub const EXPLAIN_SCHEMA: &str = "kontrast.explain/1";
/// Largest page, in bytes of compact JSON. A token of a language model has two bytes of such JSON
/// or more, so that a page has fewer than 20,000 tokens.
pub const LARGEST_PAGE: usize = 36_000;
/// Citations of one statement; further ones are counted.
const MOST_CITES: usize = 8;
/// Longest statement, in characters.
const LONGEST_TEXT: usize = 1_200;

/// The subject of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Topic {
    /// The verdict, its parts and what to try.
    #[default]
    Verdict,
    /// Every metric: values and verdicts.
    Metrics,
    /// Causes and other findings.
    Findings,
    /// Each row of the ledgers of CPU time.
    Ledger,
    /// Work that an arm could do without.
    Waste,
    /// Functions of user code by their share.
    Functions,
    /// Whether the result may be trusted.
    Checks,
}

impl Topic {
    /// All topics.
    pub const ALL: [Topic; 7] = [
        Topic::Verdict,
        Topic::Metrics,
        Topic::Findings,
        Topic::Ledger,
        Topic::Waste,
        Topic::Functions,
        Topic::Checks,
    ];

    /// Returns its name in answers.
    pub fn name(self) -> &'static str {
        match self {
            Topic::Verdict => "verdict",
            Topic::Metrics => "metrics",
            Topic::Findings => "findings",
            Topic::Ledger => "ledger",
            Topic::Waste => "waste",
            Topic::Functions => "functions",
            Topic::Checks => "checks",
        }
    }
}

/// One statement with its sources.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Statement {
    /// Stable name of what is stated: the id of a finding or a kind of waste, the name of a metric.
    pub id: String,
    /// One or more sentences.
    pub text: String,
    /// Places that the statement rests on: `comparison#/metrics/0/pairs/0`.
    pub cites: Vec<String>,
    /// Number of further citations, which the cited place lists.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_cites: usize,
}

/// One page of an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// Always [`EXPLAIN_SCHEMA`].
    pub schema: String,
    /// The topic.
    pub topic: Topic,
    /// This page, from 1.
    pub page: usize,
    /// Number of pages.
    pub pages: usize,
    /// Whether the result may be trusted; topic `checks` says why not.
    pub valid: bool,
    /// The arms.
    pub arms: Vec<String>,
    /// The statements of this page.
    pub statements: Vec<Statement>,
    /// Other topics that have statements.
    pub other_topics: Vec<Topic>,
}

/// Returns a page of the answer about a topic, where `page` counts from 1; `None` beyond the last
/// page. A topic without statements has one page.
pub fn answer(input: &Input, topic: Topic, page: usize) -> Option<Answer> {
    let statements = statements::about(input, topic);
    let pages = paged(statements);
    let others = Topic::ALL.into_iter().filter(|other| *other != topic);
    let others = others.filter(|other| !statements::about(input, *other).is_empty());
    let validity = &input.comparison.validity;
    let arms = input.comparison.arms.iter().take(16);
    Some(Answer {
        schema: EXPLAIN_SCHEMA.into(),
        topic,
        page,
        pages: pages.len(),
        valid: validity.ok,
        arms: arms.map(|arm| crate::clean::clean(&arm.arm)).collect(),
        statements: pages.into_iter().nth(page.checked_sub(1)?)?,
        other_topics: others.collect(),
    })
}

/// Divides statements into pages. Each page keeps below the limit, with room for its head.
fn paged(statements: Vec<Statement>) -> Vec<Vec<Statement>> {
    /// Room for the head of an answer: arms and topics.
    const HEAD: usize = 16_000;
    let mut pages = vec![Vec::new()];
    let mut used = 0;
    for statement in statements.into_iter().map(bounded) {
        let size = serde_json::to_string(&statement).map_or(0, |text| text.len()) + 1;
        if used + size > LARGEST_PAGE - HEAD && used > 0 {
            pages.push(Vec::new());
            used = 0;
        }
        used += size;
        if let Some(page) = pages.last_mut() {
            page.push(statement);
        }
    }
    pages
}

/// Cuts long texts and lists of citations.
fn bounded(mut statement: Statement) -> Statement {
    if let Some((at, _)) = statement.text.char_indices().nth(LONGEST_TEXT) {
        statement.text.truncate(at);
        statement.text.push('…');
    }
    statement.more_cites = statement.cites.len().saturating_sub(MOST_CITES);
    statement.cites.truncate(MOST_CITES);
    statement
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

#[cfg(test)]
mod tests;
