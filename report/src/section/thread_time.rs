//! Time of threads: on a CPU, in the run queue, idle and blocked.

use crate::arms::{Arm, Arms, ranked};
use crate::clean::clean;
use crate::document::{Block, Cell, Section, Table, Tone};
use recording::comparison::LedgerRow;
use recording::format::{self, Scale};
use recording::vocabulary::{MetricId, TermKind, Unit};
use std::collections::BTreeMap;

/// Metrics whose ledgers are shown here rather than among the differences.
pub const METRICS: [MetricId; 2] = [MetricId::ThreadNsPerSecond, MetricId::RunQueueNsPerSecond];

/// Rows shown of each table before the others are one row.
const MOST: usize = 20;

const LEAD: &str = "The whole time of every thread in the window, per second. Idle: in a call in which threads of that role rest. \
Blocked: in any other call, while the work of the thread waits. Run queue: runnable, waiting for a CPU, after a wake-up or \
after a preemption; the second table names the process that held the CPU.";

/// Returns both tables, with the first by role folded away; nothing where the comparison has no
/// such ledger.
pub fn section(arms: &Arms) -> Option<Section> {
    let [time, run_queue] = METRICS;
    let has_ledger = |arm: &Arm| !arm.by_cause(time).is_empty();
    if arms.list.is_empty() || !arms.list.iter().all(has_ledger) {
        return None;
    }
    let by_cause = arms.each(|arm| values(arm.by_cause(time), name));
    let by_role = arms.each(|arm| values(arm.ledger(time), name_with_role));
    let blame = arms.each(|arm| values(arm.by_cause(run_queue), name));
    let fold = Block::Fold {
        title: "The same by thread role".into(),
        blocks: vec![table(
            arms,
            "Time of threads by role",
            "Role: state",
            &by_role,
        )],
    };
    Some(Section {
        id: "thread-time",
        title: "On CPU, run queue, idle, blocked",
        lead: LEAD.into(),
        blocks: vec![
            table(arms, "Time of all threads", "State", &by_cause),
            fold,
            table(arms, "Run queue: who held the CPU", "Process", &blame),
        ],
    })
}

type Rows = BTreeMap<String, f64>;

fn values(rows: &[LedgerRow], name: fn(&LedgerRow) -> String) -> Rows {
    rows.iter().fold(Rows::new(), |mut sums, row| {
        *sums.entry(name(row)).or_default() += row.amount.value;
        sums
    })
}

fn name(row: &LedgerRow) -> String {
    match row.cause.as_str() {
        "" => row.kind.label().into(),
        cause if [TermKind::Idle, TermKind::Blocked].contains(&row.kind) => {
            // Which call the thread rested in decides whether it was idle or blocked.
            let (state, cause) = (row.kind.label(), clean(cause));
            match cause.starts_with(state) {
                true => cause,
                false => format!("{state}: {cause}"),
            }
        }
        cause => clean(cause),
    }
}

fn name_with_role(row: &LedgerRow) -> String {
    match &row.role {
        Some(role) => format!("{}: {}", clean(role.label()), name(row)),
        None => name(row),
    }
}

fn table(arms: &Arms, title: &str, heading: &str, each: &[Rows]) -> Block {
    let totals: Vec<f64> = each.iter().map(|rows| rows.values().sum()).collect();
    let values = each.iter().flat_map(|rows| rows.values().copied());
    let scale = Scale::of(Unit::Ns, values);
    let mut table = Table::new(format!("{title}, {}", scale.per("second")))
        .words(heading)
        .numbers("time", arms.names());
    let names = ranked(each);
    let (first, rest) = names.split_at(names.len().min(MOST));
    for name in first {
        let shown = |rows: &Rows| {
            let value = rows.get(name);
            value.map_or(format::NONE.into(), |value| scale.show(*value))
        };
        table.named(name.as_str(), each.iter().map(shown));
    }
    if !rest.is_empty() {
        let sum = |rows: &Rows| rest.iter().filter_map(|name| rows.get(name)).sum();
        let sums = each.iter().map(|rows| scale.show(sum(rows)));
        table.named(format!("{} smaller rows", rest.len()), sums);
    }
    if names.is_empty() {
        return Block::paragraph("No thread waited for a CPU.");
    }
    let totals = totals.iter().map(|total| Cell::from(scale.show(*total)));
    table.row(
        Tone::Total,
        std::iter::once("all".into()).chain(totals).collect(),
    );
    table.block()
}
