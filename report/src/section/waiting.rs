//! What threads did with their time: the ledger of running, waiting for a CPU, idling and being blocked.

use super::rows::{self, Book};
use crate::arms::Arms;
use crate::clean::clean;
use crate::document::{Block, Cell, Section, Table, Tone};
use crate::units::{self, Scale};
use analysis::ledger::waiting;
use recording::comparison::Amount;
use recording::observer::Mode;
use std::collections::BTreeMap;

/// Rows shown of each table before the rest is one row.
const MOST: usize = 20;

const LEAD: &str = "Every thread's life in the window, whole. Idle: in a call in which threads of its kind rest. Blocked: in \
any other call; what the thread serves waits with it, or it serves one connection alone and waits for its next byte. \
Runnable: it waits for a CPU, after a wake-up or because its CPU was taken away (preempted); the second table says who had the CPU.";

/// Both tables, by role folded away; nothing where system calls were not recorded.
pub fn section(arms: &Arms) -> Option<Section> {
    let all = |round: &recording::Recording| {
        round.observer.mode == Mode::All && !round.threads.is_empty()
    };
    if arms.recordings().next().is_none() || !arms.recordings().all(all) {
        return None;
    }
    let kinds = table(
        arms,
        "Time of all threads",
        "State: call",
        rows::by_cause,
        waiting::book_life,
    );
    let roles = table(
        arms,
        "Time of all threads by role",
        "Role: state: call",
        rows::by_role,
        waiting::book_life,
    );
    let who = table(
        arms,
        "Waiting for a CPU: who had it",
        "Who",
        rows::by_cause,
        waiting::book_queued,
    );
    let fold = Block::Fold {
        title: "The same by thread role".into(),
        blocks: vec![roles],
    };
    Some(Section {
        id: "waiting",
        title: "Running, runnable, idle, blocked",
        lead: LEAD.into(),
        blocks: vec![kinds, fold, who],
    })
}

type Rows = BTreeMap<String, Amount>;

fn table(
    arms: &Arms,
    title: &str,
    what: &str,
    rows: fn(&crate::arms::Arm, Book) -> Rows,
    book: Book,
) -> Block {
    let each = arms.each(|arm| rows(arm, book));
    let totals: Vec<f64> = each
        .iter()
        .map(|rows| rows.values().map(|row| row.value).sum())
        .collect();
    let values = each
        .iter()
        .flat_map(|rows| rows.values().map(|row| row.value));
    let scale = Scale::of("ns", values);
    let mut table = Table::new(format!("{title}, {}", scale.per(arms.per.word())))
        .words(what)
        .numbers("time", arms.names());
    let names = rows::ranked(&each);
    let (first, rest) = names.split_at(names.len().min(MOST));
    for name in first {
        let of = |rows: &Rows| {
            rows.get(name)
                .map_or(units::NONE.into(), |row| scale.show(row.value))
        };
        table.row(Tone::Plain, line(clean(name), each.iter().map(of)));
    }
    if !rest.is_empty() {
        let sum = |rows: &Rows| {
            rest.iter()
                .filter_map(|name| rows.get(name))
                .map(|row| row.value)
                .sum()
        };
        let sums = each.iter().map(|rows| scale.show(sum(rows)));
        table.row(
            Tone::Plain,
            line(format!("{} smaller rows", rest.len()), sums),
        );
    }
    table.row(
        Tone::Total,
        line("all".into(), totals.iter().map(|total| scale.show(*total))),
    );
    table.block_or("No thread waited for a CPU.")
}

fn line(name: String, values: impl Iterator<Item = String>) -> Vec<Cell> {
    std::iter::once(name)
        .chain(values)
        .map(Cell::from)
        .collect()
}

/// Whether a metric has its ledger here rather than among the differences.
pub fn is_here(metric: &str) -> bool {
    ["thread_ns_per_second", "run_queue_ns_per_second"].contains(&metric)
}

#[cfg(test)]
mod tests {
    use super::*;
    use analysis::work;

    #[test]
    fn its_metrics_exist_and_their_rows_are_kinds() {
        for name in ["thread_ns_per_second", "run_queue_ns_per_second"] {
            assert!(is_here(name) && analysis::metrics::by_name(name).is_some());
        }
        assert_eq!(work::of("idle: futex"), "idle");
        assert_eq!(work::of(waiting::PREEMPTED), "runnable");
    }
}
