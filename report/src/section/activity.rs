//! Switches, system calls and sockets per token.

use super::block_io;
use super::metrics::nothing;
use super::peers;
use super::upstreams;
use crate::arms::{Arms, ranked};
use crate::clean::clean;
use crate::document::{Block, Section, Table};
use recording::Recording;
use recording::format::{self, Scale};
use recording::process::Syscall;
use recording::vocabulary::Unit;
use std::collections::BTreeMap;

/// System calls shown before the others are folded away.
const FIRST: usize = 12;

type Value = fn(&Recording) -> u64;

/// Rows with their unit; counts have none.
const ROWS: [(&str, Option<Unit>, Value); 18] = [
    ("CPU", Some(Unit::Ns), |r| r.process.on_cpu_ns),
    ("CPU in user mode", Some(Unit::Ns), |r| r.process.user_ns),
    ("CPU in the kernel", Some(Unit::Ns), |r| r.process.kernel_ns),
    ("Run queue", Some(Unit::Ns), |r| r.process.run_queue_ns),
    ("Voluntary switches", None, |r| r.process.voluntary_switches),
    ("Involuntary switches", None, |r| {
        r.process.involuntary_switches
    }),
    ("Wake-ups", None, |r| r.process.wakeups),
    ("CPU migrations", None, |r| r.process.migrations),
    ("Syscalls", None, |r| {
        r.syscalls.iter().map(|call| call.count).sum()
    }),
    ("Socket sends", None, |r| r.sockets.send_calls),
    ("Socket receives", None, |r| r.sockets.recv_calls),
    ("Bytes sent", Some(Unit::Bytes), |r| r.sockets.send_bytes),
    ("Bytes received", Some(Unit::Bytes), |r| {
        r.sockets.recv_bytes
    }),
    ("Connections accepted", None, |r| r.sockets.accepted),
    ("Connections opened", None, |r| r.sockets.connected),
    ("Connections closed", None, |r| r.sockets.closed),
    ("TCP retransmits", None, |r| r.sockets.retransmits),
    ("Page faults", None, |r| r.faults.minor + r.faults.major),
];

/// Returns counts and times per token, system calls and failed system calls.
pub fn section(arms: &Arms) -> Option<Section> {
    arms.recordings().next()?;
    let per = arms.per.label();
    let mut table = Table::new(format!("Activity per {per}"))
        .words("")
        .numbers(format!("per {per}"), arms.names());
    for (name, unit, value) in ROWS {
        let rates = arms.each(|arm| arm.rate(value));
        let scale = match unit {
            Some(unit) => Scale::of(unit, rates.iter().copied()),
            None => Scale::plain(rates.iter().copied()),
        };
        table.named(name, rates.iter().map(|rate| scale.full(*rate)));
    }
    let mut blocks = vec![table.block()];
    blocks.extend(peers::table(arms));
    blocks.extend(upstreams::table(arms));
    blocks.extend(block_io::table(arms));
    blocks.extend(syscalls(arms));
    blocks.extend(errors(arms));
    Some(Section {
        id: "activity",
        title: "Switches, syscalls, sockets",
        lead: String::new(),
        blocks,
    })
}

type ByName = BTreeMap<String, f64>;

fn by_name(arms: &Arms, value: impl Fn(&Syscall) -> u64) -> Vec<ByName> {
    arms.each(|arm| {
        let mut sums = BTreeMap::new();
        for call in arm.rounds.iter().flat_map(|round| &round.syscalls) {
            *sums.entry(clean(&call.name)).or_insert(0.0) += value(call) as f64 / arm.divisor();
        }
        sums
    })
}

fn syscalls(arms: &Arms) -> Vec<Block> {
    let calls = by_name(arms, |call| call.count);
    let cpu = by_name(arms, |call| call.on_cpu_ns);
    let names = ranked(&cpu);
    if names.is_empty() {
        return vec![nothing("syscalls were")];
    }
    let (first, rest) = names.split_at(names.len().min(FIRST));
    let mut blocks = vec![syscall_table(arms, "Syscalls", &calls, &cpu, first)];
    if !rest.is_empty() {
        let title = format!("{} further syscalls", rest.len());
        blocks.push(Block::Fold {
            blocks: vec![syscall_table(arms, &title, &calls, &cpu, rest)],
            title,
        });
    }
    blocks
}

fn syscall_table(
    arms: &Arms,
    caption: &str,
    calls: &[ByName],
    cpu: &[ByName],
    names: &[String],
) -> Block {
    let get = |sums: &ByName, name: &String| sums.get(name).copied().unwrap_or_default();
    let values = |sums: &ByName| names.iter().map(|name| get(sums, name)).collect::<Vec<_>>();
    let per = arms.per.label();
    let time = Scale::of(Unit::Ns, cpu.iter().flat_map(values));
    let mut table = Table::new(caption)
        .words("Syscall")
        .numbers(format!("calls/{per}"), arms.names())
        .numbers(format!("CPU, {}", time.per(per)), arms.names());
    for name in names {
        let number = Scale::plain(calls.iter().map(|sums| get(sums, name)));
        let counts = calls.iter().map(|sums| number.show(get(sums, name)));
        let times = cpu.iter().map(|sums| time.show(get(sums, name)));
        table.named(name.as_str(), counts.chain(times));
    }
    table.block()
}

/// Returns failed calls by error: a polling loop shows as thousands of `EAGAIN`.
fn errors(arms: &Arms) -> Option<Block> {
    let each = arms.each(|arm| {
        let mut sums: ByName = BTreeMap::new();
        for call in arm.rounds.iter().flat_map(|round| &round.syscalls) {
            for (errno, count) in &call.errors {
                let name = format!("{} {}", clean(&call.name), clean(errno));
                *sums.entry(name).or_default() += *count as f64;
            }
        }
        sums
    });
    let names = ranked(&each);
    let mut table = Table::new("Failed syscalls, all rounds")
        .words("Syscall and error")
        .numbers("count", arms.names());
    for name in &names {
        let count = |sums: &ByName| sums.get(name).copied().unwrap_or_default() as u64;
        table.named(
            name.as_str(),
            each.iter().map(|sums| format::count(count(sums))),
        );
    }
    (!names.is_empty()).then(|| Block::Fold {
        title: "Failed syscalls".into(),
        blocks: vec![table.block()],
    })
}
