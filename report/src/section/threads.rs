//! Threads by role: who used the CPU, who waited, who woke whom.

use crate::arms::{Arm, Arms, ranked};
use crate::clean::clean;
use crate::document::{Block, Cell, Section, Table, Tone};
use crate::units::{self, Scale};
use recording::process::Thread;
use std::collections::BTreeMap;

/// Threads listed one by one, for each arm, at most.
const LISTED: usize = 40;
/// Processes that were waited for, at most.
const WAITED_FOR: usize = 12;

/// A table of roles for each arm, wake-ups and single threads folded.
pub fn section(arms: &Arms) -> Option<Section> {
    let mut blocks: Vec<Block> = arms
        .list
        .iter()
        .filter_map(|arm| roles(arm, arms))
        .collect();
    blocks.extend(wakers(arms));
    blocks.extend(waited_for(arms));
    blocks.extend(arms.list.iter().filter_map(|arm| listed(arm)));
    Some(Section {
        id: "threads",
        title: "Threads by role",
        lead: String::new(),
        blocks,
    })
}

fn roles(arm: &Arm, arms: &Arms) -> Option<Block> {
    let roles = arm.roles();
    let sum = |threads: &[&Thread], value: fn(&Thread) -> u64| {
        threads
            .iter()
            .map(|thread| value(thread) as f64)
            .sum::<f64>()
            / arm.divisor()
    };
    let on_cpu = |threads: &[&Thread]| sum(threads, |thread| thread.on_cpu_ns);
    let total: f64 = roles.values().map(|threads| on_cpu(threads)).sum();
    let scale = Scale::of("ns", [total]);
    let mut ordered: Vec<_> = roles.iter().collect();
    ordered.sort_by(|one, other| on_cpu(other.1).total_cmp(&on_cpu(one.1)));
    let per = arms.per.word();
    let mut table = Table::new(format!("{}: threads by role", arm.name))
        .words("Role")
        .number("threads")
        .number("share of CPU")
        .numbers(
            scale.per(per),
            [
                "CPU",
                "user",
                "system calls",
                "faults, irq",
                "switching",
                "run queue",
            ],
        )
        .numbers(
            format!("per {per}"),
            ["vol. switches", "invol.", "migrations"],
        );
    for (role, threads) in ordered {
        let times: [fn(&Thread) -> u64; 6] = [
            |thread| thread.on_cpu_ns,
            |thread| thread.user_ns,
            |thread| thread.syscall_ns + thread.crossing_ns,
            |thread| thread.fault_irq_ns,
            |thread| thread.switching_ns,
            |thread| thread.run_queue_ns,
        ];
        let counts: [fn(&Thread) -> u64; 3] = [
            |thread| thread.voluntary_switches,
            |thread| thread.involuntary_switches,
            |thread| thread.migrations,
        ];
        let a_round = threads.len() as f64 / arm.rounds.len() as f64;
        let share = units::share(on_cpu(threads) / total);
        let mut cells = vec![
            Cell::from(role.as_str()),
            Scale::of("", [a_round]).show(a_round).into(),
            share.into(),
        ];
        cells.extend(times.map(|time| Cell::from(scale.show(sum(threads, time)))));
        cells.extend(
            counts
                .map(|count| sum(threads, count))
                .map(|rate| Cell::from(format!("{rate:.3}"))),
        );
        table.row(Tone::Plain, cells);
    }
    (!roles.is_empty()).then(|| table.block())
}

fn wakers(arms: &Arms) -> Option<Block> {
    let each = arms.each(|arm| {
        let mut sums: BTreeMap<String, f64> = BTreeMap::new();
        for waker in arm.rounds.iter().flat_map(|round| &round.wakers) {
            let name = format!("{} → {}", clean(&waker.from_role), clean(&waker.to_role));
            *sums.entry(name).or_default() += waker.count as f64 / arm.divisor();
        }
        sums
    });
    let names = ranked(&each);
    let per = arms.per.word();
    let mut table = Table::new("Wake-ups: who woke whom")
        .words("Waker → woken")
        .numbers(format!("per {per}"), arms.names());
    for name in &names {
        let rate = |sums: &BTreeMap<String, f64>| {
            sums.get(name)
                .map_or(units::NONE.into(), |rate| format!("{rate:.4}"))
        };
        let mut cells = vec![Cell::from(name.as_str())];
        cells.extend(each.iter().map(|sums| Cell::from(rate(sums))));
        table.row(Tone::Plain, cells);
    }
    let title = "Who woke whom".into();
    (!names.is_empty()).then(|| Block::Fold {
        title,
        blocks: vec![table.block()],
    })
}

/// Waiting for a CPU, by who had it: a neighbour that disturbed the measurement is seen here.
fn waited_for(arms: &Arms) -> Option<Block> {
    let each = arms.each(|arm| {
        let mut sums: BTreeMap<String, f64> = BTreeMap::new();
        for wait in arm.rounds.iter().flat_map(|round| &round.waited_for) {
            let name = if wait.own {
                "the target's own threads".into()
            } else {
                clean(&wait.name)
            };
            *sums.entry(name).or_default() += wait.wait_ns as f64 / arm.divisor();
        }
        sums
    });
    let per = arms.per.word();
    let mut table = Table::new("Waits of 50 µs and more for a CPU: who had it")
        .words("Process")
        .numbers(format!("µs per {per}"), arms.names());
    let names = ranked(&each);
    for name in names.iter().take(WAITED_FOR) {
        let cost = |sums: &BTreeMap<String, f64>| {
            sums.get(name)
                .map_or(units::NONE.into(), |ns| format!("{:.3}", ns / 1e3))
        };
        let mut cells = vec![Cell::from(name.as_str())];
        cells.extend(each.iter().map(|sums| Cell::from(cost(sums))));
        table.row(Tone::Plain, cells);
    }
    (!names.is_empty()).then(|| Block::Fold {
        title: "Who was waited for".into(),
        blocks: vec![table.block()],
    })
}

fn listed(arm: &Arm) -> Option<Block> {
    let mut threads: Vec<(usize, &Thread)> = Vec::new();
    for (at, round) in arm.rounds.iter().enumerate() {
        threads.extend(round.threads.iter().map(|thread| (at + 1, thread)));
    }
    threads.sort_by_key(|(round, thread)| (*round, std::cmp::Reverse(thread.on_cpu_ns)));
    let all = threads.len();
    let caption = if all > LISTED {
        format!("the first {LISTED} of {all}")
    } else {
        format!("{all}")
    };
    let mut table = Table::new(format!("{}: {caption} threads", arm.name))
        .number("round")
        .number("tid")
        .words("Name")
        .words("Role")
        .numbers("ms", ["on-CPU", "run queue", "off-CPU"])
        .numbers("switches", ["vol.", "invol."]);
    let ms = |ns: u64| Cell::from(format!("{:.3}", ns as f64 / 1e6));
    for (round, thread) in threads.into_iter().take(LISTED) {
        table.row(
            Tone::Plain,
            vec![
                round.to_string().into(),
                thread.tid.to_string().into(),
                clean(&thread.name).into(),
                clean(&thread.role).into(),
                ms(thread.on_cpu_ns),
                ms(thread.run_queue_ns),
                ms(thread.off_cpu_ns),
                units::count(thread.voluntary_switches).into(),
                units::count(thread.involuntary_switches).into(),
            ],
        );
    }
    let title = format!("{}: every thread", arm.name);
    (all > 0).then(|| Block::Fold {
        title,
        blocks: vec![table.block()],
    })
}
