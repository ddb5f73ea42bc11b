//! Threads by role: CPU time, waits, wake-ups.

mod waits;

use crate::arms::{Arm, Arms};
use crate::clean::clean;
use crate::document::{Block, Cell, Section, Table, Tone};
use recording::comparison::LedgerRow;
use recording::format::{self, Scale, percent};
use recording::process::Thread;
use recording::vocabulary::{Role, TermKind, Unit};

/// Threads listed one by one, for each arm, at most.
const LISTED: usize = 1_000;
/// Roles of an arm before those with the least CPU time are one row.
const ROLES: usize = 60;

const LEAD: &str =
    "User, syscalls, faults and switches are rows of the ledger; the other columns are measured.";

/// Returns a table of roles for each arm; wake-ups and single threads are folded.
pub fn section(arms: &Arms) -> Option<Section> {
    let roles = arms.list.iter().filter_map(|arm| roles(arm, arms));
    let mut blocks: Vec<Block> = roles.collect();
    blocks.extend(waits::wakers(arms));
    blocks.extend(waits::run_queue_blame(arms));
    blocks.extend(arms.list.iter().filter_map(|arm| listed(arm)));
    Some(Section {
        id: "threads",
        title: "Threads by role",
        lead: LEAD.into(),
        blocks,
    })
}

/// Part of a role's CPU time.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    User,
    Syscalls,
    Faults,
    Switches,
}

impl Part {
    const ALL: [Part; 4] = [Part::User, Part::Syscalls, Part::Faults, Part::Switches];

    fn of(kind: TermKind) -> Self {
        match kind {
            TermKind::Syscall(_) => Part::Syscalls,
            TermKind::Fault => Part::Faults,
            TermKind::ContextSwitch => Part::Switches,
            _ => Part::User,
        }
    }
}

fn roles(arm: &Arm, arms: &Arms) -> Option<Block> {
    let roles = arm.roles();
    let sum = |threads: &[&Thread], value: fn(&Thread) -> u64| {
        let values = threads.iter().map(|thread| value(thread) as f64);
        values.sum::<f64>() / arm.divisor()
    };
    let on_cpu = |threads: &[&Thread]| sum(threads, |thread| thread.on_cpu_ns);
    let total: f64 = roles.values().map(|threads| on_cpu(threads)).sum();
    let scale = Scale::of(Unit::Ns, [total]);
    let mut ordered: Vec<_> = roles.iter().collect();
    ordered.sort_by(|one, other| on_cpu(other.1).total_cmp(&on_cpu(one.1)));
    let per = arms.per.label();
    let columns = ["CPU", "user", "syscalls", "faults", "switches", "run queue"];
    let mut table = Table::new(format!("{}: threads by role", arm.name))
        .words("Role")
        .number("threads")
        .number("share of CPU")
        .numbers(scale.per(per), columns)
        .numbers(
            format!("per {per}"),
            ["vol. switches", "invol.", "migrations"],
        );
    let ledger = arm.ledger(arms.cpu_metric());
    let (shown, others) = ordered.split_at(ordered.len().min(ROLES));
    let shown = shown
        .iter()
        .map(|(role, threads)| (clean(role.label()), vec![*role], (*threads).clone()));
    let rest = (!others.is_empty()).then(|| {
        let roles = others.iter().map(|(role, _)| *role).collect();
        let threads = others
            .iter()
            .flat_map(|(_, threads)| threads.iter().copied());
        (
            format!("{} further roles", others.len()),
            roles,
            threads.collect(),
        )
    });
    for (name, roles, threads) in shown.chain(rest) {
        let threads = &threads[..];
        let a_round = threads.len() as f64 / arm.rounds.len() as f64;
        let mut cells = vec![
            name,
            format::number(a_round),
            percent(on_cpu(threads) / total),
            scale.show(on_cpu(threads)),
        ];
        cells.extend(Part::ALL.map(|part| scale.show(booked(ledger, &roles, part))));
        cells.push(scale.show(sum(threads, |thread| thread.run_queue_ns)));
        let counts: [fn(&Thread) -> u64; 3] = [
            |thread| thread.voluntary_switches,
            |thread| thread.involuntary_switches,
            |thread| thread.migrations,
        ];
        cells.extend(counts.map(|count| format::number(sum(threads, count))));
        table.row(Tone::Plain, cells.into_iter().map(Cell::from).collect());
    }
    (!roles.is_empty()).then(|| table.block())
}

/// Returns a part of the CPU time of roles from the ledger.
fn booked(ledger: &[LedgerRow], roles: &[&Role], part: Part) -> f64 {
    let is_ours = |row: &LedgerRow| row.role.as_ref().is_some_and(|role| roles.contains(&role));
    let ours = |row: &&LedgerRow| Part::of(row.kind) == part && is_ours(row);
    let rows = ledger.iter().filter(ours);
    rows.map(|row| row.amount.value).sum()
}

fn listed(arm: &Arm) -> Option<Block> {
    let mut threads: Vec<(usize, &Thread)> = Vec::new();
    for (at, round) in arm.rounds.iter().enumerate() {
        threads.extend(round.threads.iter().map(|thread| (at + 1, thread)));
    }
    threads.sort_by_key(|(round, thread)| (std::cmp::Reverse(thread.on_cpu_ns), *round));
    let all = threads.len();
    let caption = match all > LISTED {
        true => format!("the {LISTED} of {all} threads with the most CPU time"),
        false => format!("{all} threads"),
    };
    threads.truncate(LISTED);
    threads.sort_by_key(|(round, thread)| (*round, std::cmp::Reverse(thread.on_cpu_ns)));
    let mut table = Table::new(format!("{}: {caption}", arm.name))
        .number("round")
        .number("tid")
        .words("Name")
        .words("Role")
        .numbers("time", ["on-CPU", "run queue", "off-CPU"])
        .numbers("switches", ["vol.", "invol."]);
    for (round, thread) in threads {
        let times = [thread.on_cpu_ns, thread.run_queue_ns, thread.off_cpu_ns];
        let switches = [thread.voluntary_switches, thread.involuntary_switches];
        let mut cells = vec![
            round.to_string(),
            thread.tid.to_string(),
            clean(&thread.name),
            clean(thread.role.label()),
        ];
        cells.extend(times.map(format::duration));
        cells.extend(switches.map(format::count));
        table.row(Tone::Plain, cells.into_iter().map(Cell::from).collect());
    }
    let title = format!("{}: every thread", arm.name);
    (all > 0).then(|| Block::Fold {
        title,
        blocks: vec![table.block()],
    })
}
