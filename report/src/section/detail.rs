//! What runtimes helped to tell, where rounds were recorded for it.

use crate::clean::{clean, clean_sentence};
use crate::document::{Block, Cell, Section, Table, Tone};
use crate::{Input, units};
use recording::comparison::DetailRound;
use std::collections::BTreeMap;

/// Functions listed for each arm.
const FUNCTIONS: usize = 15;

const LEAD: &str = "Its runtime wrote down the names of the functions that it compiled, or its own functions were watched. ± is \
    the 95 % interval of the sampling.";
/// Said everywhere, in a terminal too.
const APART: &str = "One more round of each arm, in which its runtime helped. That costs what no other round has to pay, so \
    these rounds are in no metric, ledger, verdict or check of this report.";

/// What the help cost, what it told of the runtime, and the hottest functions; nothing without such rounds.
pub fn section(input: &Input) -> Option<Section> {
    let comparison = input.comparison?;
    let rounds = &comparison.detail;
    if rounds.is_empty() {
        return None;
    }
    let has_round = |arm: &&str| rounds.iter().any(|round| round.arm == **arm);
    let arms = comparison.arms.iter().map(|arm| arm.arm.as_str());
    let without: Vec<&str> = arms.filter(|arm| !has_round(arm)).collect();
    let mut blocks = vec![Block::paragraph(APART), cost(rounds, &without)];
    blocks.extend(events(rounds));
    blocks.extend(rounds.iter().flat_map(functions));
    blocks.extend(rounds.iter().flat_map(notes));
    Some(Section {
        id: "detail",
        title: "Detail rounds",
        lead: LEAD.into(),
        blocks,
    })
}

/// A row for each round, and one of nothing for each arm `without`.
fn cost(rounds: &[DetailRound], without: &[&str]) -> Block {
    let mut table = Table::new("What the help cost")
        .words("Arm")
        .words("What helped")
        .number("CPU per token with help")
        .number("as measured")
        .number("with help, over measured");
    for round in rounds {
        let measured = round.measured_cpu_ns_per_token;
        let values = [round.cpu_ns_per_token, measured.map(|cpu| cpu.value)];
        let scale = units::Scale::of("ns", values.into_iter().flatten());
        let show = |value: Option<f64>| value.map_or(units::NONE.into(), |value| scale.full(value));
        let ratio = match values {
            [Some(with), Some(without)] if without > 0.0 => format!("{:.2}×", with / without),
            _ => units::NONE.into(),
        };
        let measured = measured.map_or(Cell::from(units::NONE), |cpu| {
            let [low, high] = cpu.ci95.map(|end| scale.show(end));
            Cell::from(scale.full(cpu.value)).with_note(format!("{low}–{high}"))
        });
        let cells = vec![
            clean(&round.arm).into(),
            helped(round).into(),
            show(values[0]).into(),
            measured,
            ratio.into(),
        ];
        table.row(Tone::Plain, cells);
    }
    for arm in without {
        let mut cells = vec![Cell::from(clean(arm))];
        cells.extend([units::NONE; 4].map(Cell::from));
        table.row(Tone::Plain, cells);
    }
    table.block()
}

fn helped(round: &DetailRound) -> String {
    let compiled = round.compiled.as_ref().map(|compiled| {
        let (source, pieces) = (clean(&compiled.source), units::count(compiled.pieces));
        format!("{source}: {pieces} pieces of code")
    });
    let events = (!round.events.is_empty()).then(|| "probes on its functions".to_owned());
    let helped: Vec<String> = compiled.into_iter().chain(events).collect();
    match helped.is_empty() {
        true => units::NONE.into(),
        false => helped.join("; "),
    }
}

/// A row for each thing that a runtime was seen doing, a column for each arm.
fn events(rounds: &[DetailRound]) -> Option<Block> {
    let mut rows: Vec<&str> = Vec::new();
    for event in rounds.iter().flat_map(|round| &round.events) {
        if !rows.contains(&event.what.as_str()) {
            rows.push(&event.what);
        }
    }
    let names: Vec<String> = rounds.iter().map(|round| clean(&round.arm)).collect();
    let mut table = Table::new("What the runtime did, per token")
        .words("What")
        .numbers("per token", names.iter().map(String::as_str));
    for what in &rows {
        let cells = rounds.iter().map(|round| {
            let event = round.events.iter().find(|event| event.what == *what);
            event.map_or(units::NONE.into(), |event| {
                let count = format!("{} in all", units::count(event.count));
                let per_token = event
                    .per_token
                    .map_or(units::NONE.into(), |rate| units::one("", rate));
                Cell::from(per_token).with_note(count)
            })
        });
        let cells = std::iter::once(clean(what).into()).chain(cells);
        table.row(Tone::Plain, cells.collect());
    }
    (!rows.is_empty()).then(|| table.block())
}

fn functions(round: &DetailRound) -> Option<Block> {
    let shown = round.functions.iter().take(FUNCTIONS);
    let arm = clean(&round.arm);
    let title = format!(
        "{arm}: hottest functions, {} samples",
        units::count(round.samples)
    );
    let mut table = Table::new(title)
        .words("Function")
        .words("File or region")
        .words("Kind")
        .number("samples")
        .number("share of user time");
    for function in shown.clone() {
        let name = match function.name.as_str() {
            "" => "(no name)".to_owned(),
            name => clean(name),
        };
        let cells = vec![
            name.into(),
            clean(&function.place).into(),
            clean(&function.kind).into(),
            units::count(function.samples).into(),
            Cell::from(percent(function.share)).with_note(format!("± {}", percent(function.error))),
        ];
        table.row(Tone::Plain, cells);
    }
    (shown.len() > 0).then(|| table.block())
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// What could not be had, each once.
fn notes(round: &DetailRound) -> Option<Block> {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for note in &round.notes {
        *counts.entry(clean_sentence(note)).or_default() += 1;
    }
    let notes: Vec<String> = counts.into_keys().collect();
    let text = format!("{}: {}.", clean(&round.arm), notes.join("; "));
    (!notes.is_empty()).then(|| Block::paragraph(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use recording::{
        Comparison,
        comparison::{DetailEvent, DetailFunction, Estimate},
        detail::Compiled,
    };

    fn text(detail: Vec<DetailRound>) -> String {
        let comparison = Comparison {
            detail,
            ..Comparison::default()
        };
        let input = Input {
            comparison: Some(&comparison),
            recordings: &[],
        };
        let mut text = Vec::new();
        crate::text(&input, false, &mut text).expect("text");
        String::from_utf8(text).expect("UTF-8")
    }

    fn round() -> DetailRound {
        DetailRound {
            arm: "bun\u{1b}[2J".into(),
            compiled: Some(Compiled {
                source: "JIT dump".into(),
                pieces: 1_234,
            }),
            cpu_ns_per_token: Some(150_000.0),
            measured_cpu_ns_per_token: Some(Estimate {
                value: 100_000.0,
                ci95: [90_000.0, 110_000.0],
            }),
            samples: 500,
            functions: vec![DetailFunction {
                name: "answer\u{1b}[31m".into(),
                place: "jit code".into(),
                kind: "application code".into(),
                share: 0.25,
                error: 0.04,
                samples: 125,
            }],
            events: vec![DetailEvent {
                what: "goroutines made".into(),
                count: 100,
                per_token: Some(0.5),
            }],
            notes: vec!["perf-1.map was not used".into()],
            ..DetailRound::default()
        }
    }

    #[test]
    fn a_round_tells_its_cost_its_functions_and_what_is_missing() {
        let text = text(vec![round()]);
        for expected in [
            "Detail rounds",
            "1.50×",
            "150.0 µs",
            "JIT dump: 1,234 pieces of code",
            "25.0 %",
            "± 4.0 %",
            "goroutines made",
            "100 in all",
            "perf-1.map was not used.",
            "in no metric, ledger, verdict or check",
        ] {
            let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(
                words.contains(expected),
                "{expected} is missing in:\n{text}"
            );
        }
        assert!(!text.contains('\u{1b}'), "{text:?}");
    }

    #[test]
    fn what_is_not_known_is_no_number() {
        let text = text(vec![DetailRound {
            arm: "go".into(),
            ..DetailRound::default()
        }]);
        assert!(text.contains("Detail rounds") && text.contains('–') && !text.contains("NaN"));
    }

    #[test]
    fn without_such_rounds_there_is_no_section() {
        assert!(!text(vec![]).contains("Detail rounds"));
    }
}
