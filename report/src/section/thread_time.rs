//! Time of threads: on a CPU, in the run queue, idle and blocked.

use crate::arms::{Arm, Arms, ranked};
use crate::clean::clean;
use crate::document::{Block, Cell, Section, Table, Tone};
use recording::comparison::LedgerRow;
use recording::format::{self, Scale};
use recording::vocabulary::{MetricId, Unit};
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
    let mut table = Table::new(format!("{title}, per second"))
        .words(heading)
        .numbers("time", arms.names());
    let names = ranked(each);
    let (first, rest) = names.split_at(names.len().min(MOST));
    for name in first {
        table.named(name.as_str(), times(each, |rows| rows.get(name).copied()));
    }
    if !rest.is_empty() {
        let sum = |rows: &Rows| Some(rest.iter().filter_map(|name| rows.get(name)).sum());
        table.named(format!("{} smaller rows", rest.len()), times(each, sum));
    }
    if names.is_empty() {
        return Block::paragraph("No thread waited for a CPU.");
    }
    let totals = times(each, |rows| Some(rows.values().sum()));
    let totals = totals.into_iter().map(Cell::from);
    table.row(
        Tone::Total,
        std::iter::once("all".into()).chain(totals).collect(),
    );
    table.block()
}

/// Formats a time of each arm. Each row has its own unit: waits are a thousandth of idle time.
fn times(each: &[Rows], value: impl Fn(&Rows) -> Option<f64>) -> Vec<String> {
    let values: Vec<Option<f64>> = each.iter().map(value).collect();
    let scale = Scale::of(Unit::Ns, values.iter().flatten().copied());
    let shown = |value: &Option<f64>| value.map_or(format::NONE.into(), |value| scale.full(value));
    values.iter().map(shown).collect()
}
