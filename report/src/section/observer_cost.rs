//! The cost of observing each arm, where rounds measured it.

use crate::Input;
use crate::clean::clean;
use crate::document::{Cell, Section, Table, Tone};
use recording::comparison::{BudgetVerdict, ObserverCost};
use recording::format::{self, Scale};
use recording::observer::Mode;

const LEAD: &str = "The same process under the same load, in intervals of a second that alternate: without eBPF programs, with \
all programs attached but following no process, with the kernel's own counters, and with every probe. CPU time is the \
kernel's CPU clock of the process. It includes the programs that run on its threads, but not all of their cost in interrupts \
and on idle CPUs. No other number is corrected by this cost.";

/// Returns a row an arm and mode; nothing where no round measured it.
pub fn section(input: &Input) -> Option<Section> {
    let costs = &input.comparison.observer_cost;
    if costs.is_empty() {
        return None;
    }
    let mut table = Table::new("CPU time per token, by the probes attached")
        .words("Arm")
        .words("Probes")
        .number("intervals")
        .number("CPU per token")
        .number("change from none")
        .number("budget")
        .words("Verdict");
    for cost in costs {
        table.row(tone(cost.verdict), row(cost));
    }
    Some(Section {
        id: "observer-cost",
        title: "Cost of observing",
        lead: LEAD.into(),
        blocks: vec![table.block()],
    })
}

fn row(cost: &ObserverCost) -> Vec<Cell> {
    let scale = Scale::of(
        recording::vocabulary::Unit::Ns,
        [cost.cpu_ns_per_token.value],
    );
    let [low, high] = cost.cpu_ns_per_token.ci95.map(|end| scale.show(end));
    let ratio = match cost.mode {
        Mode::None => Cell::from(format::NONE),
        _ => {
            let [low, high] = cost.ratio.ci95.map(format::change);
            Cell::from(format::change(cost.ratio.value)).with_note(format!("{low} to {high}"))
        }
    };
    let budget = cost.budget.map_or(format::NONE.into(), format::change);
    vec![
        clean(&cost.arm).into(),
        probes(cost.mode).into(),
        format::count(cost.rounds.into()).into(),
        Cell::from(scale.full(cost.cpu_ns_per_token.value)).with_note(format!("{low}–{high}")),
        ratio,
        budget.into(),
        cost.verdict.map_or(format::NONE, words).into(),
    ]
}

fn probes(mode: Mode) -> &'static str {
    match mode {
        Mode::None | Mode::Overhead => "none",
        Mode::AttachedIdle => "attached, following no process",
        Mode::Counters => "counters",
        Mode::All => "all",
    }
}

fn words(verdict: BudgetVerdict) -> &'static str {
    match verdict {
        BudgetVerdict::Within => "within the budget",
        BudgetVerdict::Over => "over the budget",
        BudgetVerdict::Inconclusive => "no verdict (too noisy)",
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
    use crate::section::testing::text_of;
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
    fn shows_each_arm_and_mode_with_its_verdict() {
        let comparison = Comparison {
            observer_cost: vec![
                cost(Mode::None, 1.0, None),
                cost(Mode::All, 1.05, Some(BudgetVerdict::Over)),
            ],
            ..Comparison::default()
        };
        let text = text_of(&comparison);
        for expected in [
            "+5.0 %",
            "+4.5 % to +5.5 %",
            "+3.0 %",
            "over the budget",
            "52.5 µs",
        ] {
            assert!(text.contains(expected), "{expected} is missing in:\n{text}");
        }
        assert!(!text.contains('\u{1b}'), "{text:?}");
    }

    #[test]
    fn shows_nothing_without_such_rounds() {
        let input = Input {
            comparison: &Comparison::default(),
            recordings: &[],
        };
        assert!(section(&input).is_none());
    }
}
