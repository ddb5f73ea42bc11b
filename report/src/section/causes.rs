//! What stands behind the differences, as the explanation rules found it.

use super::told;
use crate::Input;
use crate::arms::Arms;
use crate::clean::{clean, clean_sentence};
use crate::document::{Block, FindingItem, Section};
use recording::comparison::{Comparison, Finding};

/// Rules that state a difference, or that there is none; all others give a reason.
const STATEMENTS: [&str; 3] = ["difference", "no-difference", "undecided"];

const LEAD: &str = "Rules that look for known causes, with the share of the difference each accounts for, largest first. \
Causes may overlap; the bridge above does not.";

/// Whether a finding states what is, rather than why.
pub fn is_statement(finding: &Finding) -> bool {
    STATEMENTS.contains(&finding.id.as_str())
}

/// Causes pair by pair, those of further pairs folded, then what is about no pair.
pub fn section(input: &Input, arms: &Arms) -> Option<Section> {
    let comparison = input.comparison?;
    let first = arms.list.first()?.key;
    let mut blocks = Vec::new();
    for (a, b) in pairs(arms) {
        let of_pair = |finding: &&Finding| {
            let pair = told::pair(comparison, finding).map(|(_, pair)| pair);
            pair.is_some_and(|pair| pair.a == a && pair.b == b)
        };
        let items = causes(comparison, of_pair);
        if items.is_empty() {
            continue;
        }
        let title = format!("{} → {}", clean(a), clean(b));
        blocks.extend(if a == first {
            vec![Block::Heading { text: title }, Block::Findings { items }]
        } else {
            vec![Block::Fold {
                title,
                blocks: vec![Block::Findings { items }],
            }]
        });
    }
    let items = causes(comparison, |finding| {
        told::pair(comparison, finding).is_none()
    });
    if !items.is_empty() {
        let text = "In single arms".into();
        blocks.extend([Block::Heading { text }, Block::Findings { items }]);
    }
    Some(Section {
        id: "causes",
        title: "Causes",
        lead: LEAD.into(),
        blocks,
    })
}

fn pairs<'a>(arms: &Arms<'a>) -> Vec<(&'a str, &'a str)> {
    let keys = arms.each(|arm| arm.key);
    let with_later = |at: usize| keys[at + 1..].iter().map(move |b| (at, *b));
    (0..keys.len())
        .flat_map(with_later)
        .map(|(at, b)| (keys[at], b))
        .collect()
}

fn causes(comparison: &Comparison, of: impl Fn(&&Finding) -> bool) -> Vec<FindingItem> {
    let findings = comparison.findings.iter();
    findings
        .filter(|finding| !is_statement(finding))
        .filter(of)
        .map(item)
        .collect()
}

/// A finding as an item of a list: its first words name it.
pub fn item(finding: &Finding) -> FindingItem {
    let (title, text) = finding.text.split_once(": ").unwrap_or(("", &finding.text));
    FindingItem {
        title: super::names::heading(&clean_sentence(title)),
        text: clean_sentence(text),
        evidence: finding.evidence.iter().map(|place| clean(place)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_words_name_a_finding() {
        let finding = |id: &str| Finding {
            id: id.into(),
            text: "user code: 3 µs of 4 µs: most of it here".into(),
            share: 0.75,
            ..Finding::default()
        };
        let shown = item(&finding("user-code"));
        assert_eq!(shown.title, "User code");
        assert_eq!(shown.text, "3 µs of 4 µs: most of it here");
    }

    #[test]
    fn statements_are_no_causes() {
        let finding = |id: &str| Finding {
            id: id.into(),
            ..Finding::default()
        };
        let findings = vec![finding("difference"), finding("growing-memory")];
        let comparison = Comparison {
            findings,
            ..Comparison::default()
        };
        assert_eq!(causes(&comparison, |_| true).len(), 1);
    }
}
