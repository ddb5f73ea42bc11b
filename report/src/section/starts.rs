//! How servers start: from exec to the first token.

use crate::arms::{Arm, Arms};
use crate::document::{Cell, Section, Table, Tone};
use crate::units::{self, Scale};
use recording::Start;

const LEAD: &str = "Each start is a process of its own, let go when the recorder was attached: its exec, until it accepts a \
connection, then one question, whose answer has one token that the model sends at once. Files were in the page cache, as \
each round begins with a start that is not recorded. Counts are of the whole way, to the end of that answer.";

/// Times, counts and sizes of each arm; nothing unless starts were recorded.
pub fn section(arms: &Arms) -> Option<Section> {
    arms.recordings().find(|round| !round.starts.is_empty())?;
    let mut table = Table::new("Starts, all rounds")
        .words("")
        .numbers("", arms.names());
    let mut row = |name: &str, value: &dyn Fn(&Arm) -> Cell| {
        let mut cells = vec![Cell::from(name)];
        cells.extend(arms.each(|arm| value(arm)));
        table.row(Tone::Plain, cells);
    };
    row("Starts", &|arm| {
        units::count(starts(arm).count() as u64).into()
    });
    row("Exec to listening, median", &|arm| {
        times(starts(arm).map(|start| start.listening_ns))
    });
    row("Exec to first token, median", &|arm| {
        times(starts(arm).map(|start| start.first_token_ns))
    });
    row("CPU time of a start", &|arm| {
        let each = arm.sum(|round| round.process.on_cpu_ns) / starts(arm).count() as f64;
        units::one("ns", each).into()
    });
    row("Minor page faults", &|arm| {
        each(arm, arm.sum(|round| round.faults.minor))
    });
    row("Major page faults", &|arm| {
        each(arm, arm.sum(|round| round.faults.major))
    });
    row("System calls", &|arm| {
        each(
            arm,
            arm.sum(|round| round.syscalls.iter().map(|call| call.count).sum()),
        )
    });
    row("Executable", &|arm| {
        size(arm.rounds.first().map(|round| round.target.binary_bytes))
    });
    row("All that is needed to run it", &|arm| {
        size(
            arm.rounds
                .first()
                .and_then(|round| round.target.installed_bytes),
        )
    });
    Some(Section {
        id: "starts",
        title: "Cold start",
        lead: LEAD.into(),
        blocks: vec![table.block()],
    })
}

fn starts<'a>(arm: &Arm<'a>) -> impl Iterator<Item = &'a Start> {
    arm.rounds
        .clone()
        .into_iter()
        .flat_map(|round| &round.starts)
}

fn each(arm: &Arm, sum: f64) -> Cell {
    format!("{:.1}", sum / starts(arm).count() as f64).into()
}

/// The median, with the quickest and the slowest below.
fn times(times: impl Iterator<Item = u64>) -> Cell {
    let mut times: Vec<u64> = times.collect();
    times.sort_unstable();
    let (Some(first), Some(last)) = (times.first(), times.last()) else {
        return units::NONE.into();
    };
    let middle = [(times.len() - 1) / 2, times.len() / 2];
    let median = middle.map(|at| times[at] as f64).iter().sum::<f64>() / 2.0;
    let scale = Scale::of("ns", [median]);
    let [low, high] = [first, last].map(|ns| scale.show(*ns as f64));
    Cell::from(scale.full(median)).with_note(format!("{low}–{high}"))
}

fn size(bytes: Option<u64>) -> Cell {
    match bytes {
        Some(bytes) if bytes > 0 => units::one("bytes", bytes as f64).into(),
        _ => "not known".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Input, document::Block};
    use recording::Recording;

    fn shown(starts: &[Start]) -> Option<Vec<(String, String)>> {
        let mut recording = Recording {
            starts: starts.into(),
            ..Recording::default()
        };
        recording.process.on_cpu_ns = 30_000_000;
        recording.faults.minor = 45;
        recording.target.binary_bytes = 2_000_000;
        let recordings = [("go/1".to_owned(), recording)];
        let arms = Arms::of(&Input {
            comparison: None,
            recordings: &recordings,
        });
        let section = section(&arms)?;
        let [Block::Table(table)] = &section.blocks[..] else {
            panic!("one table")
        };
        let text = |cell: &Cell| format!("{} {}", cell.text, cell.note).trim_end().to_owned();
        let rows = table.rows.iter();
        Some(
            rows.map(|row| (text(&row.cells[0]), text(&row.cells[1])))
                .collect(),
        )
    }

    #[test]
    fn a_start_is_told_by_its_median_and_what_it_took() {
        let start = |ms: u64| Start {
            listening_ns: ms * 500_000,
            first_token_ns: ms * 1_000_000,
        };
        let rows = shown(&[start(30), start(20), start(90)]).unwrap();
        let value = |name: &str| rows.iter().find(|row| row.0 == name).unwrap().1.as_str();
        assert_eq!(value("Exec to first token, median"), "30.00 ms 20.00–90.00");
        assert_eq!(value("CPU time of a start"), "10.00 ms");
        assert_eq!(value("Minor page faults"), "15.0");
        assert_eq!(value("All that is needed to run it"), "not known");
        assert!(value("Executable").contains("MB") || value("Executable").contains("MiB"));
    }

    #[test]
    fn without_starts_there_is_no_such_section() {
        assert_eq!(shown(&[]), None);
    }
}
