//! The costliest call stacks of a cause, which the page opens below it.

use super::flame::{amount, name};
use crate::clean::clean;
use crate::document::{FindingStack, FindingStacks};
use recording::comparison::{CauseStack, Comparison, Finding, Flame, Pair};
use recording::format::{count, percent};

/// Stacks of a finding, at most.
const STACKS: usize = 8;
/// Frames of a stack, at most.
const FRAMES: usize = 300;

/// Returns the stacks of a finding; `None` where it has none.
pub fn stacks(comparison: &Comparison, finding: &Finding) -> Option<FindingStacks> {
    let flame = comparison.flame.as_ref()?;
    // A damaged file may have more than the analysis writes.
    let stacks = &finding.stacks[..finding.stacks.len().min(STACKS)];
    let first = stacks.first()?;
    let items = stacks.iter().map(|stack| {
        let frames = stack.frames.iter().take(FRAMES);
        FindingStack {
            cost: cost(flame, stack),
            frames: frames.map(|frame| name(flame, *frame)).collect(),
        }
    });
    let shown: f64 = stacks.iter().map(|stack| stack.value).sum();
    let all = of_arm(comparison, finding, &first.arm);
    let arm = clean(&first.arm);
    let share = match all > 0.0 {
        true => format!(", {} of the rows' time in {arm}", percent(shown / all)),
        false => String::new(),
    };
    Some(FindingStacks {
        title: format!("costliest call stacks of {arm}"),
        lead: format!(
            "{}{share}. Each begins with thread role and row; the last function has the time.",
            how_many(stacks.len())
        ),
        items: items.collect(),
    })
}

fn how_many(stacks: usize) -> String {
    match stacks {
        1 => "1 stack".into(),
        more => format!("{more} stacks"),
    }
}

/// Returns the time of a stack per unit, with its samples.
pub fn cost(flame: &Flame, stack: &CauseStack) -> String {
    let samples = match stack.samples {
        1 => "1 sample".into(),
        more => format!("{} samples", count(more)),
    };
    format!("{}, {samples}", amount(stack.value, flame.per.label()))
}

/// Returns the time of an arm in the rows that a finding cites.
fn of_arm(comparison: &Comparison, finding: &Finding, arm: &str) -> f64 {
    let rows = comparison.cited_terms(finding);
    let value = |pair: &Pair| pair.a == arm;
    rows.map(|(_, pair, term)| match value(pair) {
        true => term.in_a.value,
        false => term.in_b.value,
    })
    .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use recording::Evidence;
    use recording::comparison::{Amount, FlameFrame, FlameLevel, Metric, Term};
    use recording::evidence::Rows;
    use recording::vocabulary::{MetricId, Per};

    fn comparison() -> Comparison {
        let frame = |level, label: &str| FlameFrame {
            level,
            label: label.into(),
            module: String::new(),
            package: String::new(),
            place: None,
            unnamed: false,
        };
        let flame = Flame {
            metric: MetricId::CpuNsPerToken,
            per: Per::Token,
            frames: vec![
                frame(FlameLevel::Role, "main loop"),
                frame(FlameLevel::Function, "parse\u{1b}[31m"),
            ],
            arms: Vec::new(),
            packages: Vec::new(),
            pairs: Vec::new(),
        };
        let in_b = Amount {
            value: 4_000.0,
            ..Amount::default()
        };
        let mut metric = Metric::new(MetricId::CpuNsPerToken);
        metric.pairs = vec![Pair {
            a: "old".into(),
            b: "new".into(),
            terms: vec![Term {
                in_b,
                ..Term::default()
            }],
            ..Pair::default()
        }];
        Comparison {
            metrics: vec![metric],
            flame: Some(flame),
            ..Comparison::default()
        }
    }

    fn finding(frames: Vec<usize>) -> Finding {
        let stack = CauseStack {
            arm: "new".into(),
            value: 1_000.0,
            samples: 2_065,
            frames,
        };
        Finding {
            id: "user-code".into(),
            metric: MetricId::CpuNsPerToken,
            pair: Some(["old".into(), "new".into()]),
            title: String::new(),
            text: String::new(),
            meaning: String::new(),
            advice: String::new(),
            share: 1.0,
            consequence: false,
            predicted: None,
            evidence: vec![Evidence::pair(0, 0).row(Rows::Terms, 0)],
            stacks: vec![stack],
        }
    }

    #[test]
    fn shows_whole_stacks_with_their_cost_and_share() {
        let found = stacks(&comparison(), &finding(vec![0, 1])).expect("stacks");
        assert_eq!(found.title, "costliest call stacks of new");
        assert!(
            found
                .lead
                .starts_with("1 stack, 25 % of the rows' time in new.")
        );
        assert_eq!(found.items[0].cost, "1.00 µs per token, 2,065 samples");
        assert_eq!(found.items[0].frames, ["main loop", "parse\u{fffd}[31m"]);
    }

    #[test]
    fn bounds_the_stacks_of_a_damaged_file() {
        let mut damaged = finding(vec![77; 100_000]);
        damaged.stacks = vec![damaged.stacks[0].clone(); 1_000];
        let found = stacks(&comparison(), &damaged).expect("stacks");
        assert_eq!(
            (found.items.len(), found.items[0].frames.len()),
            (STACKS, FRAMES)
        );
        assert_eq!(found.items[0].frames[0], "(damaged file)");
    }
}
