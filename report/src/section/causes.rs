//! Causes of the differences, as the rules of the analysis found them.

use super::finding_text::cause;
use super::{cause_rows, cause_stacks};
use crate::Input;
use crate::arms::Arms;
use crate::clean::clean;
use crate::document::{Block, FindingItem, Section};
use recording::comparison::{Comparison, Finding};
use std::collections::HashMap;

/// Rules that state a difference, or its absence; all others give a cause.
const STATEMENTS: [&str; 3] = ["difference", "no-difference", "undecided"];

const LEAD: &str = "Each rule looks for one known cause and reports its share of the difference, largest first. Two causes \
may share a row of the table above; the table itself counts each row once.";

/// Returns whether a finding states a difference rather than a cause.
pub fn is_statement(finding: &Finding) -> bool {
    STATEMENTS.contains(&finding.id.as_str())
}

/// Returns causes pair by pair, those of further pairs folded, then findings about one arm.
pub fn section(input: &Input, arms: &Arms) -> Option<Section> {
    let comparison = input.comparison;
    let first = arms.list.first()?.key;
    let mut blocks = Vec::new();
    for (a, b) in pairs(arms) {
        let items = causes(comparison, |pair| pair.is_some_and(|pair| *pair == [a, b]));
        if items.is_empty() {
            continue;
        }
        let title = format!("{} → {}", clean(a), clean(b));
        if a == first {
            blocks.extend([Block::Heading { text: title }, Block::Findings { items }]);
        } else {
            let blocks_inside = vec![Block::Findings { items }];
            blocks.push(Block::Fold {
                title,
                blocks: blocks_inside,
            });
        }
    }
    let mut items = causes(comparison, |pair| pair.is_none());
    number_repeats(&mut items);
    if !items.is_empty() {
        let text = "In single arms".into();
        blocks.extend([Block::Heading { text }, Block::Findings { items }]);
    }
    let lead = if arms.list.len() > 1 { LEAD } else { "" };
    Some(Section {
        id: "causes",
        title: "Causes",
        lead: lead.into(),
        blocks,
    })
}

/// Adds a number to names that several arms share, so that a link leads to one place.
fn number_repeats(items: &mut [FindingItem]) {
    let mut times: HashMap<String, usize> = HashMap::new();
    for item in items {
        let times = times.entry(item.id.clone()).or_default();
        *times += 1;
        if *times > 1 {
            item.id = format!("{}-{times}", item.id);
        }
    }
}

fn pairs<'a>(arms: &Arms<'a>) -> Vec<(&'a str, &'a str)> {
    let keys = arms.each(|arm| arm.key);
    let with_later = |at: usize| keys[at + 1..].iter().map(move |b| (at, *b));
    (0..keys.len())
        .flat_map(with_later)
        .map(|(at, b)| (keys[at], b))
        .collect()
}

fn causes(comparison: &Comparison, of: impl Fn(Option<&[String; 2]>) -> bool) -> Vec<FindingItem> {
    let findings = comparison.findings.iter();
    findings
        .filter(|finding| !is_statement(finding) && of(finding.pair.as_ref()))
        .map(|finding| FindingItem {
            rows: cause_rows::rows(comparison, finding),
            stacks: cause_stacks::stacks(comparison, finding),
            ..cause(finding)
        })
        .collect()
}
