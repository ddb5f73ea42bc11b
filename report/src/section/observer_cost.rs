//! What observing cost each arm, where rounds were recorded for it.

use crate::clean::clean;
use crate::document::{Cell, Section, Table, Tone};
use crate::{Input, units};
use recording::comparison::{BudgetVerdict, ObserverCost};
use recording::observer::Mode;

const LEAD: &str = "The same process under the same load in turns of a second: with no eBPF program, with the kernel's own \
    counters, and with everything; and with all programs attached but following nobody, which is what the kernel takes to get to \
    them: less than that no observer of these hooks costs. CPU time is what the kernel charged to the server, programs on its threads included; what they cost in \
    interrupts and on idle CPUs is not all in it. No number in this report is corrected by this.";

/// A row an arm and mode; nothing without a comparison that has them.
pub fn section(input: &Input) -> Option<Section> {
    let costs = &input.comparison?.observer_cost;
    if costs.is_empty() {
        return None;
    }
    let mut table = Table::new("CPU time per token, observed and not")
        .words("Arm")
        .words("Observed by")
        .number("turns")
        .number("CPU per token")
        .number("over no programs")
        .number("budget")
        .words("Verdict");
    for cost in costs {
        table.row(tone(cost.verdict), row(cost));
    }
    Some(Section {
        id: "observer-cost",
        title: "What observing cost",
        lead: LEAD.into(),
        blocks: vec![table.block()],
    })
}

fn row(cost: &ObserverCost) -> Vec<Cell> {
    let scale = units::Scale::of("ns", [cost.cpu_ns_per_token.value]);
    let [low, high] = cost.cpu_ns_per_token.ci95.map(|end| scale.show(end));
    let ratio = match cost.mode {
        Mode::None => Cell::from(units::NONE),
        _ => {
            let [low, high] = cost.ratio.ci95.map(percent);
            Cell::from(percent(cost.ratio.value)).with_note(format!("{low} to {high}"))
        }
    };
    vec![
        clean(&cost.arm).into(),
        observed_by(cost.mode).into(),
        cost.rounds.to_string().into(),
        Cell::from(scale.full(cost.cpu_ns_per_token.value)).with_note(format!("{low}–{high}")),
        ratio,
        cost.budget.map_or(units::NONE.into(), percent).into(),
        cost.verdict.map_or(units::NONE, words).into(),
    ]
}

/// A ratio as what it adds.
fn percent(ratio: f64) -> String {
    format!("{:+.1} %", (ratio - 1.0) * 100.0)
}

fn observed_by(mode: Mode) -> &'static str {
    match mode {
        Mode::None | Mode::Turns => "no programs",
        Mode::Hooks => "programs that follow nobody",
        Mode::Counters => "counters",
        Mode::All => "everything",
    }
}

fn words(verdict: BudgetVerdict) -> &'static str {
    match verdict {
        BudgetVerdict::Within => "within the budget",
        BudgetVerdict::Over => "over the budget",
        BudgetVerdict::Inconclusive => "the turns do not tell",
    }
}

fn tone(verdict: Option<BudgetVerdict>) -> Tone {
    match verdict {
        Some(BudgetVerdict::Over) => Tone::Warning,
        Some(BudgetVerdict::Within) => Tone::Good,
        _ => Tone::Plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use recording::{Comparison, comparison::Estimate};

    fn cost(mode: Mode, ratio: f64, verdict: Option<BudgetVerdict>) -> ObserverCost {
        let estimate = |value: f64| Estimate {
            value,
            ci95: [value - 0.005, value + 0.005],
        };
        ObserverCost {
            arm: "go\u{1b}[2J".into(),
            mode,
            rounds: 4,
            cpu_ns_per_token: estimate(50_000.0 * ratio),
            ratio: estimate(ratio),
            budget: verdict.map(|_| 1.03),
            verdict,
            evidence: Vec::new(),
        }
    }

    #[test]
    fn each_arm_and_mode_has_a_row_with_its_verdict() {
        let comparison = Comparison {
            observer_cost: vec![
                cost(Mode::None, 1.0, None),
                cost(Mode::All, 1.05, Some(BudgetVerdict::Over)),
            ],
            ..Comparison::default()
        };
        let input = Input {
            comparison: Some(&comparison),
            recordings: &[],
        };
        let mut text = Vec::new();
        crate::text(&input, false, &mut text).expect("text");
        let text = String::from_utf8(text).expect("UTF-8");
        for expected in [
            "+5.0 %",
            "+4.5 % to +5.5 %",
            "+3.0 %",
            "over the budget",
            "52.50 µs",
        ] {
            assert!(text.contains(expected), "{expected} is missing in:\n{text}");
        }
        assert!(!text.contains('\u{1b}'), "{text:?}");
    }

    #[test]
    fn without_such_rounds_there_is_no_section() {
        let comparison = Comparison::default();
        let input = Input {
            comparison: Some(&comparison),
            recordings: &[],
        };
        assert!(section(&input).is_none());
    }
}
