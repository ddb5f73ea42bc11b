//! Switches, system calls and sockets per token.

use crate::arms::{Arms, ranked};
use crate::clean::clean;
use crate::document::{Block, Cell, Section, Table, Tone};
use crate::units::{self, Scale};
use recording::Recording;
use std::collections::BTreeMap;

/// System calls shown before the rest is folded away.
const FIRST: usize = 12;

type Value = fn(&Recording) -> u64;

const ROWS: [(&str, &str, Value); 18] = [
    ("CPU", "ns", |r| r.process.on_cpu_ns),
    ("CPU in user mode", "ns", |r| r.process.user_ns),
    ("CPU in the kernel", "ns", |r| r.process.kernel_ns),
    ("Run queue", "ns", |r| r.process.run_queue_ns),
    ("Voluntary switches", "", |r| r.process.voluntary_switches),
    ("Involuntary switches", "", |r| {
        r.process.involuntary_switches
    }),
    ("Wake-ups", "", |r| r.process.wakeups),
    ("Migrations", "", |r| r.process.migrations),
    ("System calls", "", |r| {
        r.syscalls.iter().map(|call| call.count).sum()
    }),
    ("Socket sends", "", |r| r.sockets.send_calls),
    ("Socket receives", "", |r| r.sockets.recv_calls),
    ("Bytes sent", "bytes", |r| r.sockets.send_bytes),
    ("Bytes received", "bytes", |r| r.sockets.recv_bytes),
    ("Connections accepted", "", |r| r.sockets.accepted),
    ("Connections opened", "", |r| r.sockets.connected),
    ("Connections closed", "", |r| r.sockets.closed),
    ("Segments retransmitted", "", |r| r.sockets.retransmits),
    ("Page faults", "", |r| r.faults.minor + r.faults.major),
];

/// What the arms did, per token.
pub fn section(arms: &Arms) -> Option<Section> {
    arms.recordings().next()?;
    let per = arms.per.word();
    let mut table = Table::new(format!("Activity per {per}"))
        .words("")
        .numbers(format!("per {per}"), arms.names());
    for (name, unit, value) in ROWS {
        let rates = arms.each(|arm| arm.rate(value));
        let scale = Scale::of(unit, rates.iter().copied());
        let mut cells = vec![Cell::from(name)];
        cells.extend(rates.iter().map(|rate| Cell::from(scale.full(*rate))));
        table.row(Tone::Plain, cells);
    }
    let mut blocks = vec![table.block()];
    blocks.extend(syscalls(arms));
    blocks.extend(errors(arms));
    Some(Section {
        id: "activity",
        title: "Switches, system calls, sockets",
        lead: String::new(),
        blocks,
    })
}

fn by_name(
    arms: &Arms,
    value: impl Fn(&recording::process::Syscall) -> u64,
) -> Vec<BTreeMap<String, f64>> {
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
        return vec![super::metrics::nothing("system calls")];
    }
    let (first, rest) = names.split_at(names.len().min(FIRST));
    let mut blocks = vec![syscall_table(arms, "System calls", &calls, &cpu, first)];
    if !rest.is_empty() {
        let title = format!("{} further system calls", rest.len());
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
    calls: &[BTreeMap<String, f64>],
    cpu: &[BTreeMap<String, f64>],
    names: &[String],
) -> Block {
    let get =
        |sums: &BTreeMap<String, f64>, name: &String| sums.get(name).copied().unwrap_or_default();
    let all = |each: &[BTreeMap<String, f64>]| -> Vec<f64> {
        each.iter()
            .flat_map(|sums| names.iter().map(|name| get(sums, name)).collect::<Vec<_>>())
            .collect()
    };
    let per = arms.per.word();
    let time = Scale::of("ns", all(cpu));
    let mut table = Table::new(caption)
        .words("Call")
        .numbers(format!("calls/{per}"), arms.names())
        .numbers(format!("CPU, {}", time.per(per)), arms.names());
    for name in names {
        let number = Scale::of("", calls.iter().map(|sums| get(sums, name)));
        let mut cells = vec![Cell::from(name.as_str())];
        cells.extend(
            calls
                .iter()
                .map(|sums| Cell::from(number.show(get(sums, name)))),
        );
        cells.extend(
            cpu.iter()
                .map(|sums| Cell::from(time.show(get(sums, name)))),
        );
        table.row(Tone::Plain, cells);
    }
    table.block()
}

/// Failed calls: `EAGAIN` by the thousand is how a polling loop shows.
fn errors(arms: &Arms) -> Option<Block> {
    let each = arms.each(|arm| {
        let mut sums: BTreeMap<String, f64> = BTreeMap::new();
        for call in arm.rounds.iter().flat_map(|round| &round.syscalls) {
            for (errno, count) in &call.errors {
                let name = format!("{} {}", clean(&call.name), clean(errno));
                *sums.entry(name).or_default() += *count as f64;
            }
        }
        sums
    });
    let names = ranked(&each);
    let mut table = Table::new("Failed system calls, all rounds")
        .words("Call and error")
        .numbers("count", arms.names());
    for name in &names {
        let mut cells = vec![Cell::from(name.as_str())];
        let count =
            |sums: &BTreeMap<String, f64>| sums.get(name).copied().unwrap_or_default() as u64;
        cells.extend(
            each.iter()
                .map(|sums| Cell::from(units::count(count(sums)))),
        );
        table.row(Tone::Plain, cells);
    }
    let title = "Failed system calls".into();
    (!names.is_empty()).then(|| Block::Fold {
        title,
        blocks: vec![table.block()],
    })
}
