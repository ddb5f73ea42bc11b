//! Whether to believe it: identities that must hold, lost events, what observing cost, what served each signal.

use crate::arms::{Arm, Arms};
use crate::clean::{clean, clean_sentence};
use crate::document::{Block, Cell, Notice, Section, Table, Tone};
use crate::{Input, units};
use recording::Recording;
use recording::observer::{self, Check, Mode};

/// What a reader must know before anything else. An invalid comparison already names the checks that failed, partial
/// recordings and saturation; without one they are named here.
pub fn notices(input: &Input, arms: &Arms) -> Vec<Notice> {
    let mut notices = Vec::new();
    let invalid = input
        .comparison
        .filter(|comparison| !comparison.validity.ok);
    if let Some(comparison) = invalid {
        let reasons = comparison.validity.reasons.iter();
        let lines = reasons.map(|reason| clean_sentence(reason)).collect();
        notices.extend(notice(
            Tone::Bad,
            "This comparison is not valid: do not rely on its numbers",
            lines,
        ));
    } else {
        notices.extend(of_recordings(arms));
    }
    let lost = rounds(arms).filter(|(_, round)| round.observer.lost_events > 0);
    let lost = lost.map(|(place, round)| {
        format!(
            "{place}: {} events",
            units::count(round.observer.lost_events)
        )
    });
    notices.extend(notice(Tone::Warning, "Events were lost", lost.collect()));
    notices.extend(partly_observed(arms));
    notices.extend(helped(arms));
    notices
}

/// A round in which the runtime helped is shown by itself only; it must not be taken for one that was measured.
fn helped(arms: &Arms) -> Option<Notice> {
    let helped = rounds(arms).filter(|(_, round)| round.detail.is_some());
    let lines = helped
        .map(|(place, _)| format!("{place}: what that cost the server is in every number here"));
    notice(
        Tone::Warning,
        "Recorded with the help of the runtime",
        lines.collect(),
    )
}

/// Zeros that nobody counted look like any others.
fn partly_observed(arms: &Arms) -> Option<Notice> {
    let partly = rounds(arms).filter(|(_, round)| round.observer.mode != Mode::All);
    let lines = partly.map(|(place, round)| {
        let probes = round.observer.mode.name();
        format!("{place}: --probes {probes}; what that does not observe is missing, or shown as 0")
    });
    let title = "Recorded without all programs";
    notice(Tone::Warning, title, lines.collect())
}

fn of_recordings(arms: &Arms) -> Vec<Notice> {
    let failed = rounds(arms).flat_map(|(place, round)| {
        let failed = round.checks.iter().filter(|check| !check.ok);
        failed.map(move |check| format!("{place}: {}", sentence(check)))
    });
    let partial = rounds(arms).filter(|(_, round)| round.is_partial());
    let partial = partial.map(|(place, round)| format!("{place}: {}", ended(round)));
    let slow = rounds(arms).filter(|(_, round)| {
        round
            .load
            .as_ref()
            .is_some_and(|load| load.client.saturated)
    });
    [
        notice(Tone::Bad, "Checks failed", failed.collect()),
        notice(
            Tone::Bad,
            "The load generator was the bottleneck",
            slow.map(|(place, _)| place).collect(),
        ),
        notice(Tone::Warning, "Recordings are partial", partial.collect()),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn notice(tone: Tone, title: &str, lines: Vec<String>) -> Option<Notice> {
    (!lines.is_empty()).then(|| Notice {
        tone,
        title: title.into(),
        lines,
    })
}

fn ended(round: &Recording) -> &'static str {
    match round.window.ended {
        recording::Ended::Interrupted => "interrupted",
        recording::Ended::TargetExited => "the target ended first",
        recording::Ended::Duration | recording::Ended::Asked => "complete",
    }
}

/// Every recording with its place: `bun, round 2`.
fn rounds<'a>(arms: &Arms<'a>) -> impl Iterator<Item = (String, &'a Recording)> {
    let of = |arm: &Arm<'a>| {
        let name = arm.name.clone();
        let rounds = arm.rounds.iter().enumerate();
        rounds
            .map(|(at, round)| (format!("{name}, round {}", at + 1), *round))
            .collect::<Vec<_>>()
    };
    arms.each(of).into_iter().flatten()
}

fn sentence(check: &Check) -> String {
    let number = |value: f64| units::one(&check.unit, value);
    let note = if check.note.is_empty() {
        String::new()
    } else {
        format!(" ({})", clean_sentence(&check.note))
    };
    format!(
        "{} must be {} ± {}, was {}{note}",
        clean(&check.name).replace('_', " "),
        number(check.expected),
        number(check.tolerance),
        number(check.measured),
    )
}

/// Checks, observer and signals.
pub fn section(arms: &Arms) -> Option<Section> {
    arms.recordings().next()?;
    let mut blocks = checks(arms);
    blocks.push(observer(arms));
    blocks.extend(signals(arms));
    let lead = "Every recording is checked against what the kernel itself counts, and against what the load generator saw.";
    Some(Section {
        id: "checks",
        title: "Checks, losses, cost of observing",
        lead: lead.into(),
        blocks,
    })
}

fn checks(arms: &Arms) -> Vec<Block> {
    let all: Vec<(String, &Check)> = rounds(arms)
        .flat_map(|(place, round)| round.checks.iter().map(move |check| (place.clone(), check)))
        .collect();
    let (passed, failed): (Vec<_>, Vec<_>) = all.into_iter().partition(|(_, check)| check.ok);
    if passed.is_empty() && failed.is_empty() {
        return vec![Block::Notice(Notice {
            tone: Tone::Warning,
            title: "No check was made".into(),
            lines: vec!["Nothing vouches for these recordings.".into()],
        })];
    }
    let mut blocks = Vec::new();
    if !failed.is_empty() {
        blocks.push(check_table(
            counted(failed.len(), "failed"),
            &failed,
            Tone::Bad,
        ));
    }
    if !passed.is_empty() {
        let title = counted(passed.len(), "passed");
        blocks.push(Block::Fold {
            blocks: vec![check_table(title.clone(), &passed, Tone::Plain)],
            title,
        });
    }
    blocks
}

fn counted(count: usize, end: &str) -> String {
    if count == 1 {
        format!("1 check {end}")
    } else {
        format!("{count} checks {end}")
    }
}

fn check_table(caption: String, checks: &[(String, &Check)], tone: Tone) -> Block {
    let mut table = Table::new(caption)
        .words("")
        .words("Check")
        .words("Where")
        .number("expected")
        .number("measured")
        .number("tolerance")
        .words("Note");
    for (place, check) in checks {
        let scale = units::Scale::of(&check.unit, [check.expected, check.measured]);
        table.row(
            tone,
            vec![
                (if check.ok { "✓" } else { "✗ failed" }).into(),
                clean(&check.name).into(),
                place.as_str().into(),
                scale.full(check.expected).into(),
                scale.full(check.measured).into(),
                format!("± {}", units::one(&check.unit, check.tolerance)).into(),
                clean_sentence(&check.note).into(),
            ],
        );
    }
    table.block()
}

fn observer(arms: &Arms) -> Block {
    let mut table = Table::new("Losses, and what observing cost, all rounds")
        .words("")
        .numbers("", arms.names());
    let mut row = |name: &str, tone: Tone, values: Vec<String>| {
        let mut cells = vec![Cell::from(name)];
        cells.extend(values.into_iter().map(Cell::from));
        table.row(tone, cells);
    };
    let lost = arms.each(|arm| arm.sum(|round| round.observer.lost_events) as u64);
    let tone = if lost.iter().any(|lost| *lost > 0) {
        Tone::Warning
    } else {
        Tone::Plain
    };
    row(
        "Lost events",
        tone,
        lost.into_iter().map(units::count).collect(),
    );
    let of_window = |arm: &Arm, spent: f64| {
        let window = arm.sum(|round| round.window.duration_ns);
        let time = units::one("ns", spent);
        if window == 0.0 {
            return time;
        }
        format!("{time} ({:.2} % of a CPU)", spent / window * 100.0)
    };
    row(
        "Recorder's own CPU",
        Tone::Plain,
        arms.each(|arm| of_window(arm, arm.sum(|round| round.observer.cpu_ns))),
    );
    let programs = |round: &Recording| {
        round
            .observer
            .signals
            .iter()
            .map(|signal| signal.bpf_ns)
            .sum()
    };
    row(
        "Inside eBPF programs (a floor)",
        Tone::Plain,
        arms.each(|arm| of_window(arm, arm.sum(programs))),
    );
    let rss = |arm: &Arm| {
        arm.rounds
            .iter()
            .map(|round| round.observer.rss_bytes)
            .max()
            .unwrap_or_default()
    };
    row(
        "Recorder's peak RSS",
        Tone::Plain,
        arms.each(|arm| units::one("bytes", rss(arm) as f64)),
    );
    table.block()
}

/// What served a signal, and why nothing better did.
fn source_of(signal: &observer::Signal) -> String {
    let source = clean(&signal.source);
    if signal.refused.is_empty() {
        source
    } else {
        format!("{source} ({})", clean(&signal.refused))
    }
}

fn signals(arms: &Arms) -> Option<Block> {
    let mut table = Table::new("What served each signal")
        .words("Arm, round")
        .words("Signal")
        .words("Source")
        .words("Programs");
    let mut table_rows = 0;
    table = table.number("runs").number("time in programs");
    for (place, round) in rounds(arms) {
        for signal in &round.observer.signals {
            table_rows += 1;
            let programs: Vec<String> = signal.programs.iter().map(|name| clean(name)).collect();
            let tone = if signal.source == "none" {
                Tone::Warning
            } else {
                Tone::Plain
            };
            table.row(
                tone,
                vec![
                    place.as_str().into(),
                    clean(&signal.signal).into(),
                    source_of(signal).into(),
                    programs.join(", ").into(),
                    units::count(signal.hits).into(),
                    units::one("ns", signal.bpf_ns as f64).into(),
                ],
            );
        }
    }
    let title = "What served each signal".into();
    (table_rows > 0).then(|| Block::Fold {
        title,
        blocks: vec![table.block()],
    })
}
