//! How servers start: from exec to the first token.

use crate::arms::{Arm, Arms};
use crate::document::{Cell, Section, Table, Tone};
use recording::Start;
use recording::format::{self, Scale};
use recording::vocabulary::Unit;

const LEAD: &str = "Each start is a new process, suspended until the recorder is attached. Times run from its exec: until it \
accepts a connection, and until the first token of one request, which the model answers at once. The files were in the page \
cache: each round begins with a start that is not recorded. Counts run to the end of that answer.";

/// Returns times, counts and sizes of each arm; nothing unless starts were recorded.
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
        format::count(starts(arm).count() as u64).into()
    });
    row("Exec to listening, median", &|arm| {
        times(starts(arm).map(|start| start.listening_ns))
    });
    row("Exec to first token, median", &|arm| {
        times(starts(arm).map(|start| start.first_token_ns))
    });
    row("CPU time of a start", &|arm| {
        let each = arm.sum(|round| round.process.on_cpu_ns) / starts(arm).count() as f64;
        format::duration(each as u64).into()
    });
    row("Minor page faults", &|arm| {
        each(arm, arm.sum(|round| round.faults.minor))
    });
    row("Major page faults", &|arm| {
        each(arm, arm.sum(|round| round.faults.major))
    });
    row("Syscalls", &|arm| {
        each(
            arm,
            arm.sum(|round| round.syscalls.iter().map(|call| call.count).sum()),
        )
    });
    row("Executable", &|arm| {
        size(arm.rounds.first().map(|round| round.target.binary_bytes))
    });
    row("Installed size", &|arm| {
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
    format::number(sum / starts(arm).count() as f64).into()
}

/// Formats the median, with the fastest and the slowest below.
fn times(times: impl Iterator<Item = u64>) -> Cell {
    let mut times: Vec<u64> = times.collect();
    times.sort_unstable();
    let (Some(first), Some(last)) = (times.first(), times.last()) else {
        return format::NONE.into();
    };
    let middle = [(times.len() - 1) / 2, times.len() / 2];
    let median = middle.map(|at| times[at] as f64).iter().sum::<f64>() / 2.0;
    let scale = Scale::of(Unit::Ns, [median]);
    let [low, high] = [first, last].map(|ns| scale.show(*ns as f64));
    Cell::from(scale.full(median)).with_note(format!("{low}–{high}"))
}

fn size(bytes: Option<u64>) -> Cell {
    match bytes {
        Some(bytes) if bytes > 0 => format::bytes(bytes).into(),
        _ => "unknown".into(),
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
        let comparison = recording::Comparison::default();
        let arms = Arms::of(&Input {
            comparison: &comparison,
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
    fn shows_the_median_and_the_cost_of_a_start() {
        let start = |ms: u64| Start {
            listening_ns: ms * 500_000,
            first_token_ns: ms * 1_000_000,
        };
        let rows = shown(&[start(30), start(20), start(90)]).unwrap();
        let value = |name: &str| rows.iter().find(|row| row.0 == name).unwrap().1.as_str();
        assert_eq!(value("Exec to first token, median"), "30.0 ms 20.0–90.0");
        assert_eq!(value("CPU time of a start"), "10.0 ms");
        assert_eq!(value("Minor page faults"), "15");
        assert_eq!(value("Installed size"), "unknown");
        assert_eq!(value("Executable"), "1.91 MiB");
    }

    #[test]
    fn shows_nothing_without_starts() {
        assert_eq!(shown(&[]), None);
    }
}
