//! Instrumented rounds: symbols that the runtime wrote, and calls of runtime functions.

use super::code_categories::function_table;
use crate::Input;
use crate::clean::{clean, clean_sentence};
use crate::document::{Block, Cell, Section, Table, Tone};
use recording::comparison::{GoroutineWaits, InstrumentedEvent, InstrumentedRound};
use recording::format::{self, Scale};
use recording::vocabulary::Unit;
use std::collections::BTreeSet;

const LEAD: &str = "±: the 95 % interval that sampling causes.";
/// A paragraph, since a terminal prints no lead.
const APART: &str = "One more round of each arm, in which the runtime wrote symbols of the code that it compiled, or its own \
functions carried probes. That costs CPU time that no other round pays, so these rounds enter no metric, ledger, verdict or \
check of this report.";

/// Returns cost, events and functions of the instrumented rounds; nothing without such rounds.
pub fn section(input: &Input) -> Option<Section> {
    let rounds = &input.comparison.instrumented;
    if rounds.is_empty() {
        return None;
    }
    let has_round = |arm: &&str| rounds.iter().any(|round| round.arm == **arm);
    let arms = input.comparison.arms.iter().map(|arm| arm.arm.as_str());
    let without: Vec<&str> = arms.filter(|arm| !has_round(arm)).collect();
    let mut blocks = vec![Block::paragraph(APART), cost(rounds, &without)];
    blocks.extend(events(rounds));
    blocks.extend(rounds.iter().filter_map(goroutine_waits));
    blocks.extend(rounds.iter().filter_map(functions));
    blocks.extend(rounds.iter().filter_map(notes));
    Some(Section {
        id: "instrumented",
        title: "Instrumented rounds",
        lead: LEAD.into(),
        blocks,
    })
}

/// Returns a row for each round, and one without numbers for each arm `without`.
fn cost(rounds: &[InstrumentedRound], without: &[&str]) -> Block {
    let mut table = Table::new("Cost of instrumentation")
        .words("Arm")
        .words("Instrumentation")
        .number("CPU per token, instrumented")
        .number("as measured")
        .number("ratio");
    for round in rounds {
        table.row(Tone::Plain, cost_row(round));
    }
    for arm in without {
        table.named(clean(arm), [format::NONE; 4].map(String::from));
    }
    table.block()
}

fn cost_row(round: &InstrumentedRound) -> Vec<Cell> {
    let measured = round.measured_cpu_ns_per_token;
    let values = [round.cpu_ns_per_token, measured.map(|cpu| cpu.value)];
    let scale = Scale::of(Unit::Ns, values.into_iter().flatten());
    let ratio = match values {
        [Some(with), Some(without)] if without > 0.0 => format::ratio(with / without),
        _ => format::NONE.into(),
    };
    let shown = values[0].map_or(format::NONE.into(), |value| scale.full(value));
    let measured = measured.map_or(Cell::from(format::NONE), |cpu| {
        let [low, high] = cpu.ci95.map(|end| scale.show(end));
        Cell::from(scale.full(cpu.value)).with_note(format!("{low}–{high}"))
    });
    vec![
        clean(&round.arm).into(),
        instrumentation(round).into(),
        shown.into(),
        measured,
        ratio.into(),
    ]
}

fn instrumentation(round: &InstrumentedRound) -> String {
    let compiled = round.compiled.as_ref().map(|compiled| {
        let pieces = format::count(compiled.pieces);
        format!("{}: {pieces} pieces of code", clean(&compiled.source))
    });
    let events = (!round.events.is_empty()).then(|| "probes on runtime functions".to_owned());
    let parts: Vec<String> = compiled.into_iter().chain(events).collect();
    match parts.is_empty() {
        true => format::NONE.into(),
        false => parts.join("; "),
    }
}

/// Returns a row for each kind of event, a column for each arm.
fn events(rounds: &[InstrumentedRound]) -> Option<Block> {
    let mut rows: Vec<&str> = Vec::new();
    for event in rounds.iter().flat_map(|round| &round.events) {
        if !rows.contains(&event.name.as_str()) {
            rows.push(&event.name);
        }
    }
    let names: Vec<String> = rounds.iter().map(|round| clean(&round.arm)).collect();
    let mut table = Table::new("Calls of runtime functions, per token")
        .words("Event")
        .numbers("per token", names.iter().map(String::as_str));
    for name in &rows {
        let cells = rounds.iter().map(|round| {
            let event = round.events.iter().find(|event| event.name == *name);
            event.map_or(format::NONE.into(), |event| {
                let rate = event.per_token;
                let note = format!("{} in all{}", format::count(event.count), between(event));
                Cell::from(rate.map_or(format::NONE.into(), format::number)).with_note(note)
            })
        });
        let cells = std::iter::once(clean(name).into()).chain(cells);
        table.row(Tone::Plain, cells.collect());
    }
    (!rows.is_empty()).then(|| table.block())
}

/// Returns how much is allocated between two garbage collections, in words.
fn between(event: &InstrumentedEvent) -> String {
    event.per_collection.map_or_else(String::new, |bytes| {
        let bytes = format::bytes(bytes as u64);
        format!("; {bytes} from one garbage collection to the next")
    })
}

/// Returns why the goroutines of a round waited, and who ended that.
fn goroutine_waits(round: &InstrumentedRound) -> Option<Block> {
    let rows = &round.goroutine_waits;
    let mean = |row: &GoroutineWaits| row.wait_ns as f64 / row.count.max(1) as f64;
    let title = format!("{}: waits of goroutines", clean(&round.arm));
    let mut table = Table::new(title)
        .words("Reason")
        .words("Waits in")
        .words("Ended by")
        .number("time in all")
        .number("waits")
        .number("per token")
        .number("mean");
    for row in rows {
        let ended_by = match (row.open == row.count, row.by.is_empty()) {
            (true, _) => "not ended".into(),
            (false, true) => "the runtime".into(),
            (false, false) => stack(&row.by),
        };
        let cells = vec![
            Cell::from(clean(&row.reason)),
            stack(&row.place).into(),
            ended_by.into(),
            format::quantity(row.wait_ns as f64, Unit::Ns).into(),
            format::count(row.count).into(),
            row.per_token
                .map_or(format::NONE.into(), format::number)
                .into(),
            format::quantity(mean(row), Unit::Ns).into(),
        ];
        table.row(Tone::Plain, cells);
    }
    (!rows.is_empty()).then(|| table.block())
}

/// Returns functions, the innermost first.
fn stack(functions: &[String]) -> String {
    let names: Vec<String> = functions.iter().map(|name| clean(name)).collect();
    names.join(" ← ")
}

fn functions(round: &InstrumentedRound) -> Option<Block> {
    let samples = format::count(round.samples);
    let arm = clean(&round.arm);
    let caption = format!("{arm}: functions with the most of {samples} samples");
    function_table(caption, &round.functions)
}

/// Returns the data that is missing or doubtful, each reason once.
fn notes(round: &InstrumentedRound) -> Option<Block> {
    let notes = round.notes.iter().map(|note| clean_sentence(note));
    let notes: Vec<String> = notes.collect::<BTreeSet<_>>().into_iter().collect();
    let text = format!("{}: {}.", clean(&round.arm), notes.join("; "));
    (!notes.is_empty()).then(|| Block::paragraph(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::section::testing::text_of;
    use recording::Comparison;
    use recording::comparison::{Estimate, FunctionShare};
    use recording::instrumented::CompiledSymbols;
    use recording::vocabulary::CodeCategory;

    fn text(instrumented: Vec<InstrumentedRound>) -> String {
        let comparison = Comparison {
            instrumented,
            ..Comparison::default()
        };
        text_of(&comparison)
    }

    fn round() -> InstrumentedRound {
        InstrumentedRound {
            arm: "bun\u{1b}[2J".into(),
            compiled: Some(CompiledSymbols {
                source: "JIT dump".into(),
                pieces: 1_234,
            }),
            cpu_ns_per_token: Some(150_000.0),
            measured_cpu_ns_per_token: Some(Estimate {
                value: 100_000.0,
                ci95: [90_000.0, 110_000.0],
            }),
            samples: 500,
            functions: vec![FunctionShare {
                name: "answer\u{1b}[31m".into(),
                place: "jit-code".into(),
                category: CodeCategory::Application,
                share: 0.25,
                error: 0.04,
                samples: 125,
                ..FunctionShare::default()
            }],
            events: vec![InstrumentedEvent {
                name: "goroutines created".into(),
                count: 100,
                per_token: Some(0.5),
                per_collection: Some(2048.0),
            }],
            goroutine_waits: vec![GoroutineWaits {
                reason: "sync.Mutex.Lock".into(),
                place: vec!["main.get\u{1b}[3m".into(), "main.serve".into()],
                by: vec!["main.put".into()],
                count: 20,
                wait_ns: 40_000_000,
                ..GoroutineWaits::default()
            }],
            notes: vec!["perf-1.map was not used".into()],
            ..InstrumentedRound::default()
        }
    }

    #[test]
    fn shows_cost_functions_and_missing_data() {
        let text = text(vec![round()]);
        for expected in [
            "Instrumented rounds",
            "1.50×",
            "150 µs",
            "JIT dump: 1,234 pieces of code",
            "25 % (± 4.0 %)",
            "goroutines created",
            "100 in all; 2.00 KiB from one garbage collection to the next",
            "waits of goroutines",
            "sync.Mutex.Lock",
            "main.serve",
            "main.put",
            "2.00 ms",
            "perf-1.map was not used.",
            "enter no metric, ledger, verdict or check",
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
    fn shows_no_number_for_unknown_values() {
        let text = text(vec![InstrumentedRound {
            arm: "go".into(),
            ..InstrumentedRound::default()
        }]);
        assert!(text.contains("Instrumented rounds") && text.contains('–'));
        assert!(!text.contains("NaN"));
    }

    #[test]
    fn shows_nothing_without_such_rounds() {
        assert!(!text(vec![]).contains("Instrumented rounds"));
    }
}
