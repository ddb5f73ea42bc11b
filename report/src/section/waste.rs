//! Waste: work that an arm could do without, whether or not another arm does the same.

use super::names::heading;
use crate::Input;
use crate::clean::{clean, clean_sentence, places};
use crate::document::{Block, FindingItem, Section};
use crate::verdict::with_lead;
use recording::comparison::Waste;

const LEAD: &str = "Events that bring the server nothing, at their price in the arm's own ledger. Kinds of waste may overlap, so \
that their sum means nothing.";

/// Kinds of waste of an arm that are listed before the others are folded away.
const FIRST: usize = 3;

/// Returns the waste of each arm, costliest first; nothing where no arm has any.
pub fn section(input: &Input) -> Option<Section> {
    let arms = input.comparison.arms.iter();
    let wasteful = arms.filter(|arm| !arm.waste.is_empty());
    let blocks: Vec<Block> = wasteful
        .flat_map(|arm| of_arm(&clean(&arm.arm), &arm.waste))
        .collect();
    (!blocks.is_empty()).then(|| Section {
        id: "waste",
        title: "Waste of each arm",
        lead: LEAD.into(),
        blocks,
    })
}

fn of_arm(name: &str, waste: &[Waste]) -> Vec<Block> {
    let (first, rest) = waste.split_at(waste.len().min(FIRST));
    let items = |waste: &[Waste]| waste.iter().map(item).collect();
    let mut blocks = vec![
        Block::Heading { text: name.into() },
        Block::Findings {
            items: items(first),
        },
    ];
    if !rest.is_empty() {
        blocks.push(Block::Fold {
            title: format!("{name}: {} further kinds of waste", rest.len()),
            blocks: vec![Block::Findings { items: items(rest) }],
        });
    }
    blocks
}

fn item(waste: &Waste) -> FindingItem {
    FindingItem {
        title: heading(waste.id.label()),
        text: clean_sentence(&waste.text),
        advice: with_lead("", &clean_sentence(&waste.advice)),
        evidence: places(&waste.evidence),
        ..FindingItem::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use recording::comparison::{Arm, WasteId};
    use recording::{Comparison, Evidence};

    fn text(kinds: usize) -> String {
        let waste = |at: usize| Waste {
            id: WasteId::ALL[at % WasteId::ALL.len()],
            count_per_unit: 1.5,
            cost_per_unit: 900.0,
            share: 0.05,
            text: format!("{at} reads\u{1b}[2J per token"),
            advice: "Wait first.".into(),
            evidence: vec![Evidence::recording("go/1")],
        };
        let comparison = Comparison {
            arms: vec![Arm {
                arm: "go".into(),
                waste: (0..kinds).map(waste).collect(),
                ..Arm::default()
            }],
            ..Comparison::default()
        };
        let input = Input {
            comparison: &comparison,
            recordings: &[],
        };
        let mut text = Vec::new();
        crate::verdict(&input, false, &mut text).expect("text");
        String::from_utf8(text).expect("UTF-8")
    }

    #[test]
    fn lists_the_costliest_kinds_and_folds_the_others() {
        let text = text(FIRST + 2);
        assert!(text.contains("2 reads\u{fffd}[2J per token"), "{text}");
        assert!(text.contains("to try: Wait first."), "{text}");
        assert!(!text.contains("3 reads") && text.contains("2 further kinds of waste"));
    }

    #[test]
    fn shows_nothing_where_no_arm_wastes() {
        assert!(!text(0).contains("Waste"));
    }
}
