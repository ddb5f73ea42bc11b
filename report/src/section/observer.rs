//! Losses, the observer's own use of CPU and memory, and the source of each probe group.

use crate::arms::{Arm, Arms};
use crate::clean::clean;
use crate::document::{Block, Cell, Table, Tone};
use recording::Recording;
use recording::format::{self, percent_tenths};
use recording::observer::ProbeGroupStatus;

/// Source of a probe group that this kernel does not support.
const UNSUPPORTED: &str = "none";

/// Returns lost events, the recorder's CPU time and memory, and the time in eBPF programs.
pub fn own_use(arms: &Arms) -> Block {
    let mut table = Table::new("Losses and the observer's own use, all rounds")
        .words("")
        .numbers("", arms.names());
    let lost = arms.each(|arm| arm.sum(|round| round.observer.lost_events) as u64);
    let tone = match lost.iter().any(|lost| *lost > 0) {
        true => Tone::Warning,
        false => Tone::Plain,
    };
    let counts = lost.into_iter().map(|lost| Cell::from(format::count(lost)));
    table.row(
        tone,
        std::iter::once("Lost events".into())
            .chain(counts)
            .collect(),
    );
    table.named(
        "Recorder's CPU time",
        arms.each(|arm| of_window(arm, arm.sum(|round| round.observer.cpu_ns))),
    );
    table.named(
        "Time in eBPF programs (lower bound)",
        arms.each(|arm| of_window(arm, arm.sum(in_programs))),
    );
    let rss = |arm: &Arm| {
        let rounds = arm.rounds.iter();
        let peaks = rounds.map(|round| round.observer.rss_bytes);
        peaks.max().unwrap_or_default()
    };
    table.named(
        "Recorder's peak RSS",
        arms.each(|arm| format::bytes(rss(arm))),
    );
    table.block()
}

/// Formats a time and its share of the windows: `42.0 ms (0.4 % of a CPU)`.
fn of_window(arm: &Arm, spent: f64) -> String {
    let window = arm.sum(|round| round.window.duration_ns);
    let time = format::duration(spent as u64);
    if window == 0.0 {
        return time;
    }
    format!("{time} ({} of a CPU)", percent_tenths(spent / window))
}

fn in_programs(round: &Recording) -> u64 {
    let groups = round.observer.probe_groups.iter();
    groups.map(|group| group.bpf_ns).sum()
}

/// Returns the source of each probe group, and why no better one served.
pub fn probe_groups(arms: &Arms) -> Option<Block> {
    let mut table = Table::new("Source of each probe group")
        .words("Arm, round")
        .words("Probe group")
        .words("Source")
        .words("Programs")
        .number("runs")
        .number("time in programs");
    for (place, round) in arms.rounds() {
        for group in &round.observer.probe_groups {
            let programs: Vec<String> = group.programs.iter().map(|name| clean(name)).collect();
            let tone = match group.source.as_str() {
                UNSUPPORTED => Tone::Warning,
                _ => Tone::Plain,
            };
            table.row(
                tone,
                vec![
                    place.as_str().into(),
                    group.group.label().into(),
                    source(group).into(),
                    programs.join(", ").into(),
                    format::count(group.hits).into(),
                    format::duration(group.bpf_ns).into(),
                ],
            );
        }
    }
    (!table.rows.is_empty()).then(|| Block::Fold {
        title: "Source of each probe group".into(),
        blocks: vec![table.block()],
    })
}

/// Returns how many runs of probes the kernel skipped, by probe group, if there are any.
pub fn skipped_probes(recording: &Recording) -> Option<String> {
    let groups = recording.observer.probe_groups.iter();
    let skipped = groups.filter(|group| group.skipped > 0);
    let texts = skipped.map(|group| {
        let count = format::count(group.skipped);
        format!("{count} of {}", group.group.label())
    });
    let texts: Vec<String> = texts.collect();
    (!texts.is_empty()).then(|| texts.join(", "))
}

fn source(group: &ProbeGroupStatus) -> String {
    let source = clean(&group.source);
    match group.fallback_reason.as_str() {
        "" => source,
        reason => format!("{source} ({})", clean(reason)),
    }
}
