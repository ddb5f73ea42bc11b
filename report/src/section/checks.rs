//! Checks of recordings: identities that must hold. With it, losses, the observer's own use, and
//! probe groups.

use super::observer;
use crate::arms::Arms;
use crate::clean::{clean, clean_sentence};
use crate::document::{Block, Notice, Section, Table, Tone};
use recording::format::measured;
use recording::observer::Check;

const LEAD: &str = "Every recording is checked against the kernel's own counters, and against the load generator's counts.";

/// Returns a check in words: `bytes vs load must be 122 KiB ± 1.22 KiB, was 118 KiB`.
pub fn sentence(check: &Check) -> String {
    let number = |value: f64| clean(&measured(value, &check.unit));
    let note = match check.note.as_str() {
        "" => String::new(),
        note => format!(" ({})", clean_sentence(note)),
    };
    format!(
        "{} must be {} ± {}, was {}{note}",
        clean(&check.name).replace('_', " "),
        number(check.expected),
        number(check.tolerance),
        number(check.measured),
    )
}

/// Returns checks, losses and probe groups; nothing without recordings.
pub fn section(arms: &Arms) -> Option<Section> {
    arms.recordings().next()?;
    let mut blocks = checks(arms);
    blocks.push(observer::own_use(arms));
    blocks.extend(observer::probe_groups(arms));
    Some(Section {
        id: "checks",
        title: "Checks, losses, cost of observing",
        lead: LEAD.into(),
        blocks,
    })
}

fn checks(arms: &Arms) -> Vec<Block> {
    let all: Vec<(String, &Check)> = arms
        .rounds()
        .flat_map(|(place, round)| round.checks.iter().map(move |check| (place.clone(), check)))
        .collect();
    let (passed, failed): (Vec<_>, Vec<_>) = all.into_iter().partition(|(_, check)| check.ok);
    if passed.is_empty() && failed.is_empty() {
        return vec![Block::Notice(Notice {
            tone: Tone::Warning,
            title: "No check was made".into(),
            lines: vec!["These recordings were not checked against any other counter.".into()],
        })];
    }
    let mut blocks = Vec::new();
    if !failed.is_empty() {
        let caption = counted(failed.len(), "failed");
        blocks.push(check_table(caption, &failed, Tone::Bad));
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
        .words("Recording")
        .number("expected")
        .number("measured")
        .number("tolerance")
        .words("Note");
    for (place, check) in checks {
        let number = |value: f64| clean(&measured(value, &check.unit));
        table.row(
            tone,
            vec![
                (if check.ok { "✓" } else { "✗ failed" }).into(),
                clean(&check.name).into(),
                place.as_str().into(),
                number(check.expected).into(),
                number(check.measured).into(),
                format!("± {}", number(check.tolerance)).into(),
                clean_sentence(&check.note).into(),
            ],
        );
    }
    table.block()
}
