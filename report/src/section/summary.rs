//! One recording on one screen, as `kontrast record` ends: CPU time by role and the largest rows,
//! waits, memory, losses, and the observer's own use.

use super::observer::skipped_probes;
use super::{block_io, lost_waits, peers, waits as kept_waits};
use crate::Input;
use crate::arms::{Arm, Arms};
use crate::clean::clean;
use crate::document::{Block, Chapter, Document, Fact, Section, Table};
use crate::verdict::verdicts;
use recording::format::{self, Scale, percent, percent_tenths};
use recording::observer::Mode;
use recording::process::Thread;
use recording::vocabulary::{Per, Role, Unit};
use recording::{Recording, process::Syscall};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Roles listed one by one.
const ROLES: usize = 4;
/// Rows of the ledger.
const ROWS: usize = 5;
/// System calls that threads sleep in.
const SLEEPS: usize = 3;
/// Longest name of a row, in characters, so that a line fits a terminal of 80 columns.
const WIDEST: usize = 48;

/// Returns the summary of the first recording.
pub fn document(input: &Input) -> Document {
    let arms = Arms::of(input);
    let blocks = match (arms.list.first(), arms.recordings().next()) {
        (Some(arm), Some(recording)) => blocks(input, &arms, arm, recording),
        _ => Vec::new(),
    };
    Document {
        title: arms.names().next().unwrap_or_default().into(),
        subtitle: arms.recordings().next().map(subtitle).unwrap_or_default(),
        chapters: Chapter::only(vec![Section {
            id: "summary",
            title: "Summary",
            lead: String::new(),
            blocks,
        }]),
        ..Document::default()
    }
}

/// Returns `5.00 s · 2 processes, 7 threads · probes: all`.
fn subtitle(recording: &Recording) -> String {
    let of = |count: usize, one: &str, several: &str| match count {
        1 => format!("1 {one}"),
        count => format!("{} {several}", format::count(count as u64)),
    };
    let mut parts = vec![format::duration(recording.window.duration_ns)];
    let processes = of(recording.processes.len().max(1), "process", "processes");
    parts.push(match recording.threads.len() {
        0 => processes,
        threads => format!("{processes}, {}", of(threads, "thread", "threads")),
    });
    parts.push(format!("probes: {}", recording.observer.mode.name()));
    parts.join(" · ")
}

fn blocks(input: &Input, arms: &Arms, arm: &Arm, recording: &Recording) -> Vec<Block> {
    let mut blocks = Vec::new();
    if let Some(verdict) = verdicts(input.comparison).into_iter().next() {
        blocks.push(Block::paragraph(verdict.headline));
        blocks.extend(rate(arms.per, recording).map(Block::paragraph));
    }
    blocks.extend(roles(recording));
    blocks.extend(largest(arms, arm));
    blocks.push(Block::Facts {
        rows: facts(recording),
    });
    blocks
}

/// Returns `36,842 kernel-requests (7,368/s)`; nothing without a unit of work.
fn rate(per: Per, recording: &Recording) -> Option<String> {
    let units = recording.units(per);
    let seconds = recording.units(Per::Second);
    if matches!(per, Per::Second | Per::Start | Per::Total) || seconds <= 0.0 {
        return None;
    }
    Some(format!(
        "{} {}s ({}/s), {} CPU/s",
        format::count(units as u64),
        clean(per.label()),
        format::number(units / seconds),
        format::quantity(recording.process.on_cpu_ns as f64 / seconds, Unit::Ns),
    ))
}

/// Returns CPU time by role, largest first.
fn roles(recording: &Recording) -> Option<Block> {
    let mut sums: BTreeMap<&Role, (u64, u64)> = BTreeMap::new();
    for thread in &recording.threads {
        let (cpu, threads) = sums.entry(&thread.role).or_default();
        *cpu += thread.on_cpu_ns;
        *threads += 1;
    }
    let mut roles: Vec<_> = sums.into_iter().collect();
    roles.sort_by_key(|(_, (cpu, _))| Reverse(*cpu));
    let (listed, smaller) = roles.split_at(roles.len().min(ROLES));
    let all: u64 = roles.iter().map(|(_, (cpu, _))| cpu).sum();
    let seconds = recording.units(Per::Second);
    let per_second = |cpu: u64| cpu as f64 / seconds;
    let scale = Scale::of(Unit::Ns, [per_second(all)]);
    let mut table = Table::new("CPU by role")
        .words("")
        .number("threads")
        .number(scale.per("s"))
        .number("share");
    let mut add = |name: String, cpu: u64, threads: u64| {
        let share = percent(cpu as f64 / all as f64);
        let shown = scale.show(per_second(cpu));
        table.named(cut(&name), [format::count(threads), shown, share]);
    };
    for (role, (cpu, threads)) in listed {
        add(clean(role.label()), *cpu, *threads);
    }
    if !smaller.is_empty() {
        let sum = |of: fn(&(u64, u64)) -> u64| smaller.iter().map(|(_, role)| of(role)).sum();
        let name = format!("{} smaller roles", smaller.len());
        add(name, sum(|role| role.0), sum(|role| role.1));
    }
    (all > 0 && seconds > 0.0).then(|| table.block())
}

/// Returns the largest rows of the CPU ledger.
fn largest(arms: &Arms, arm: &Arm) -> Option<Block> {
    let rows = arm.ledger(arms.cpu_metric());
    let all: f64 = rows.iter().map(|row| row.amount.value).sum();
    let scale = Scale::of(Unit::Ns, rows.first().map(|row| row.amount.value));
    let mut table = Table::new("Largest rows of CPU time")
        .words("")
        .words("role")
        .number(scale.per(arms.per.label()))
        .number("share");
    for row in rows.iter().take(ROWS) {
        let role = row.role.as_ref().map_or("", Role::label);
        let cells = [
            cut(&clean(role)),
            scale.show(row.amount.value),
            percent(row.amount.value / all),
        ];
        table.named(cut(&clean(&row.cause)), cells);
    }
    (!rows.is_empty()).then(|| table.block())
}

fn facts(recording: &Recording) -> Vec<Fact> {
    let fact = |name: &str, value: String| Fact {
        name: name.into(),
        value,
    };
    let observed = recording.observer.mode == Mode::All;
    let mut facts = Vec::new();
    facts.extend(waits(recording).map(|text| fact("waits, of one CPU", text)));
    facts.extend(sleeps(recording).map(|text| fact("asleep in", text)));
    facts.extend(kept_waits::line(recording).map(|text| fact("waits for others", text)));
    facts.extend(kept_waits::objects(recording).map(|text| fact("waits on", text)));
    facts.extend(block_io::line(recording).map(|text| fact("block I/O", text)));
    facts.push(fact("memory", memory(recording)));
    facts.extend(peers::line(recording).map(|text| fact("traffic with peers", text)));
    if observed {
        let lost = recording.observer.lost_events;
        facts.push(fact("events lost", format::count(lost)));
        facts.extend(lost_waits::line(recording).map(|text| fact("waits lost", text)));
        facts.extend(timeline(recording).map(|text| fact("timeline", text)));
        facts.extend(skipped_probes(recording).map(|text| fact("probes skipped", text)));
    }
    facts.push(fact("observer, of one CPU", observer(recording)));
    facts.push(fact("checks", checks(recording)));
    facts
}

/// Returns the size of the timeline, with the events that are missing.
fn timeline(recording: &Recording) -> Option<String> {
    let extent = recording.observer.timeline?;
    let mut text = format!(
        "{} events of the last {}",
        format::count(extent.events),
        format::duration(extent.covered_ns)
    );
    if extent.overwritten > 0 {
        let missing = format::count(extent.overwritten);
        text += &format!("; {missing} older ones were overwritten");
    }
    Some(text)
}

/// Returns run-queue time, with that of quotas and of the hypervisor where there is some.
fn waits(recording: &Recording) -> Option<String> {
    let process = &recording.process;
    if recording.observer.mode < Mode::Counters {
        return None;
    }
    let mut parts = vec![format!(
        "run queue {}",
        of_window(recording, process.run_queue_ns)
    )];
    let latency = recording.latency.get("run_queue");
    if let Some(latency) = latency.filter(|latency| latency.count > 0) {
        parts.push(format!("p99 {}", format::duration(latency.p99)));
    }
    let others = [
        ("throttled by its quota", process.throttled_ns),
        ("stolen by the hypervisor", process.steal_ns),
    ];
    let others = others.into_iter().filter(|(_, ns)| *ns > 0);
    parts.extend(others.map(|(name, ns)| format!("{name} {}", of_window(recording, ns))));
    Some(parts.join(", "))
}

/// Returns the system calls that threads slept in longest, all threads together.
fn sleeps(recording: &Recording) -> Option<String> {
    let mut calls: BTreeMap<&str, u64> = BTreeMap::new();
    let all = recording
        .threads
        .iter()
        .flat_map(|thread: &Thread| &thread.syscalls);
    for Syscall {
        name, blocked_ns, ..
    } in all
    {
        *calls.entry(name).or_default() += blocked_ns;
    }
    let mut calls: Vec<_> = calls.into_iter().filter(|(_, ns)| *ns > 0).collect();
    calls.sort_by_key(|(_, ns)| Reverse(*ns));
    let longest = calls.into_iter().take(SLEEPS);
    let longest = longest.map(|(name, ns)| format!("{} {}", clean(name), format::duration(ns)));
    let longest: Vec<String> = longest.collect();
    (!longest.is_empty()).then(|| longest.join(", "))
}

fn memory(recording: &Recording) -> String {
    let memory = &recording.memory;
    let pss: u64 = memory.regions.iter().map(|region| region.pss_bytes).sum();
    let mut parts = vec![format!("RSS {}", format::bytes(memory.rss_bytes))];
    if pss > 0 {
        parts.push(format!("PSS {}", format::bytes(pss)));
    }
    parts.push(format!("peak {}", format::bytes(memory.peak_rss_bytes)));
    let faults = (recording.faults.minor + recording.faults.major) as f64;
    let seconds = recording.units(Per::Second);
    if seconds > 0.0 {
        parts.push(format!(
            "{} page faults/s",
            format::number(faults / seconds)
        ));
    }
    parts.join(", ")
}

fn observer(recording: &Recording) -> String {
    let observer = &recording.observer;
    let own = of_window(recording, observer.cpu_ns);
    let groups = observer.probe_groups.iter();
    match groups.map(|group| group.bpf_ns).sum() {
        0 => format!("recorder {own}"),
        programs => format!(
            "recorder {own}, eBPF programs {} or more",
            of_window(recording, programs)
        ),
    }
}

fn checks(recording: &Recording) -> String {
    let (all, failed) = (&recording.checks, recording.checks.iter());
    let failed: Vec<_> = failed.filter(|check| !check.ok).collect();
    match (all.len(), failed.first()) {
        (0, _) => "none in this mode".into(),
        (all, None) => format!("all {all} hold"),
        (all, Some(first)) => format!(
            "{} of {all} failed, the first is {}",
            failed.len(),
            clean(&first.name)
        ),
    }
}

/// Formats a time and its share of the window: `42.0 ms (0.8 %)`.
fn of_window(recording: &Recording, ns: u64) -> String {
    let share = ns as f64 / recording.window.duration_ns as f64;
    format!("{} ({})", format::duration(ns), percent_tenths(share))
}

fn cut(name: &str) -> String {
    let mut shown: String = name.chars().take(WIDEST).collect();
    if name.chars().nth(WIDEST).is_some() {
        shown.push('…');
    }
    shown
}
