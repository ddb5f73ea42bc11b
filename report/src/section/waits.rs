//! Waits: where threads sleep, for how long, and who ends that.

use super::{off_cpu_flame, wait_graph};
use crate::arms::Arms;
use crate::clean::{clean, places};
use crate::document::{Block, Cell, Section, Table, Tone};
use recording::Recording;
use recording::comparison::{ArmWait, ArmWaits, Flame};
use recording::format::{Scale, number, quantity};
use recording::vocabulary::{Role, Unit, WaitKind};
use recording::waits::{Wait, call_on};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Rows of an arm that are listed before the others are folded away.
const FIRST: usize = 10;
/// Longest name of a function, in characters, so that a row fits a terminal.
const WIDEST: usize = 40;

const LEAD: &str = "Off-CPU time of all threads, a second of recording: where threads slept, in which call, and who ended the \
wait. Waits are sampled by their length, so that sums are unbiased. Idle threads and timers come last: threads without work have \
to wait somewhere.";

/// Returns a table and a flame graph of each arm; nothing where no waits were recorded.
pub fn section(graphs: Option<&Flame>, arms: &Arms) -> Option<Section> {
    let mut blocks: Vec<Block> = Vec::new();
    for arm in &arms.list {
        if let Some(waits) = arm.compared.and_then(|arm| arm.waits.as_ref()) {
            let position = arms.position(arm.key) + 1;
            blocks.extend(wait_graph::figure(&arm.name, waits, position));
            blocks.extend(of_arm(&arm.name, waits));
        }
    }
    blocks.extend(
        graphs
            .into_iter()
            .flat_map(|graphs| off_cpu_flame::blocks(graphs, arms)),
    );
    (!blocks.is_empty()).then(|| Section {
        id: "waits",
        title: "Waits",
        lead: LEAD.into(),
        blocks,
    })
}

fn of_arm(name: &str, waits: &ArmWaits) -> Vec<Block> {
    let rests = |row: &&ArmWait| matches!(row.kind, WaitKind::Idle | WaitKind::Timer);
    let mut rows: Vec<&ArmWait> = waits.rows.iter().filter(|row| !rests(row)).collect();
    rows.extend(waits.rows.iter().filter(rests));
    let (first, rest) = rows.split_at(rows.len().min(FIRST));
    let title = format!(
        "{name}: {} of off-CPU time a second (± {} by sampling)",
        quantity(waits.off_cpu_ns, Unit::Ns),
        quantity(waits.sampling_error_ns, Unit::Ns)
    );
    let mut blocks = vec![table(title, first)];
    if !rest.is_empty() {
        blocks.push(Block::Fold {
            title: format!("{name}: {} further waits", rest.len()),
            blocks: vec![table(String::new(), rest)],
        });
    }
    blocks
}

fn table(title: String, rows: &[&ArmWait]) -> Block {
    let scale = Scale::of(Unit::Ns, rows.iter().map(|row| row.off_cpu_ns));
    let mut table = Table::new(title)
        .words("Sleeper")
        .words("Waits for")
        .words("In")
        .words("Ended by")
        .number(scale.per("second"))
        .number("waits a second")
        .page_only("Evidence");
    for row in rows {
        let cells = vec![
            Cell::from(clean(row.role.label())),
            Cell::from(row.kind.label()),
            Cell::from(place(row)),
            Cell::from(ended_by(row)),
            Cell::from(scale.show(row.off_cpu_ns)),
            Cell::from(number(row.count)),
            Cell {
                evidence: places(&row.evidence),
                ..Cell::default()
            },
        ];
        table.row(Tone::Plain, cells);
    }
    table.block()
}

fn ended_by(row: &ArmWait) -> String {
    match (&row.waker, row.waker_place.as_str()) {
        (Role::Unassigned, _) => "not ended".into(),
        (waker, "") => clean(waker.label()),
        (waker, place) => format!("{}: {}", clean(waker.label()), short(place)),
    }
}

/// Returns the words for a place: `work (futex)`, `save (fsync of data.log)`.
fn place(row: &ArmWait) -> String {
    let call = match row.objects.first() {
        Some(first) => {
            let rest = match row.objects.len() {
                1 => "",
                _ => ", …",
            };
            call_on(&clean(&row.syscall), &end_of(&first.name)) + rest
        }
        None => clean(&row.syscall),
    };
    match (row.place.as_str(), call) {
        ("", call) => call,
        (function, call) if call.is_empty() => short(function),
        (function, call) => format!("{} ({call})", short(function)),
    }
}

/// Returns the end of a long path, which says most.
fn end_of(object: &str) -> String {
    let name = clean(object);
    let length = name.chars().count();
    match length > WIDEST {
        true => format!(
            "…{}",
            name.chars().skip(length + 1 - WIDEST).collect::<String>()
        ),
        false => name,
    }
}

fn short(function: &str) -> String {
    let name = clean(function);
    match name.chars().count() > WIDEST {
        true => format!("{}…", name.chars().take(WIDEST - 1).collect::<String>()),
        false => name,
    }
}

/// Returns the waits of one recording in one line, apart from idle ones; nothing without any.
pub fn line(recording: &Recording) -> Option<String> {
    /// Waits that have room in a line.
    const MOST: usize = 3;
    let seconds = recording.window.duration_ns as f64 / 1e9;
    let rests = |kind| matches!(kind, WaitKind::Idle | WaitKind::Timer);
    let edges = recording
        .waits
        .edges
        .iter()
        .filter(|edge| !rests(edge.kind));
    let words = edges.take(MOST).map(|edge| {
        format!(
            "{} {} per second ({} for {})",
            edge.kind.label(),
            quantity(edge.off_cpu_ns as f64 / seconds.max(1e-9), Unit::Ns),
            clean(edge.sleeper.label()),
            clean(edge.waker.label()),
        )
    });
    let words: Vec<String> = words.collect();
    (!words.is_empty()).then(|| words.join("; "))
}

/// Returns the files and peers that threads of one recording waited for longest, in one line;
/// nothing without any.
pub fn objects(recording: &Recording) -> Option<String> {
    /// Files and peers that have room in a line.
    const MOST: usize = 3;
    let rests = |wait: &&Wait| matches!(wait.kind, WaitKind::Idle | WaitKind::Timer);
    let mut sums: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for wait in recording.waits.rows.iter().filter(|wait| !rests(wait)) {
        if let Some(object) = wait.object() {
            *sums.entry((&wait.syscall, object)).or_default() += wait.off_cpu_ns;
        }
    }
    let mut sums: Vec<((&str, &str), u64)> = sums.into_iter().collect();
    sums.sort_by_key(|(_, off_cpu_ns)| Reverse(*off_cpu_ns));
    let seconds = recording.window.duration_ns as f64 / 1e9;
    let words = sums.iter().take(MOST).map(|((call, object), off_cpu_ns)| {
        let per_second = *off_cpu_ns as f64 / seconds.max(1e-9);
        let call = call_on(&clean(call), &end_of(object));
        format!("{call} {} per second", quantity(per_second, Unit::Ns))
    });
    let words: Vec<String> = words.collect();
    (!words.is_empty()).then(|| words.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::section::testing::text_of_arm;
    use recording::comparison::Arm;

    fn text(waits: Option<ArmWaits>) -> String {
        text_of_arm(Arm {
            arm: "go".into(),
            waits,
            ..Arm::default()
        })
    }

    #[test]
    fn lists_waits_with_their_wakers_and_idle_ones_last() {
        let row = |kind, place: &str, off_cpu_ns| ArmWait {
            role: Role::Named("front".into()),
            kind,
            syscall: "futex".into(),
            place: place.into(),
            waker: Role::Named("back".into()),
            waker_place: "release\u{1b}[2J".into(),
            off_cpu_ns,
            count: 10.0,
            ..ArmWait::default()
        };
        let text = text(Some(ArmWaits {
            rows: vec![
                row(WaitKind::Idle, "rest", 9e8),
                row(WaitKind::Lock, "work", 5e8),
            ],
            ..ArmWaits::default()
        }));
        let (lock, idle) = (text.find("work (futex)"), text.find("rest (futex)"));
        assert!(lock.is_some() && lock < idle, "{text}");
        assert!(text.contains("back: release\u{fffd}[2J"), "{text}");
        assert!(text.contains("contended lock"), "{text}");
    }

    #[test]
    fn names_files_and_peers_with_hostile_names_escaped() {
        let object = |name: &str| recording::comparison::WaitObject {
            name: name.into(),
            off_cpu_ns: 1e6,
        };
        let row = |syscall: &str, objects| ArmWait {
            role: Role::Named("front".into()),
            kind: WaitKind::File,
            syscall: syscall.into(),
            place: "save".into(),
            objects,
            off_cpu_ns: 5e8,
            count: 10.0,
            ..ArmWait::default()
        };
        let text = text(Some(ArmWaits {
            rows: vec![
                row("fsync", vec![object("data\u{1b}[2J.log"), object("b")]),
                row("read", vec![object("127.0.0.1:5432")]),
            ],
            ..ArmWaits::default()
        }));
        let fsync = "save (fsync of data\u{fffd}[2J.log, …)";
        assert!(text.contains(fsync), "{text}");
        assert!(text.contains("save (read from 127.0.0.1:5432)"), "{text}");
    }

    #[test]
    fn lists_the_files_of_one_recording_in_a_line() {
        let wait = |file: &str, off_cpu_ns, kind| Wait {
            syscall: "fsync".into(),
            file: Some(file.into()),
            off_cpu_ns,
            kind,
            ..Wait::default()
        };
        let mut recording = Recording::default();
        recording.window.duration_ns = 2_000_000_000;
        assert_eq!(objects(&recording), None);
        recording.waits.rows = vec![
            wait("/a", 2_000_000, WaitKind::File),
            wait("/b", 6_000_000, WaitKind::File),
            wait("/a", 2_000_000, WaitKind::File),
            wait("/idle", 9_000_000, WaitKind::Idle),
        ];
        let line = objects(&recording).expect("some");
        assert_eq!(
            line,
            "fsync of /b 3.00 ms per second; fsync of /a 2.00 ms per second"
        );
    }

    #[test]
    fn shows_nothing_where_no_waits_were_recorded() {
        assert!(!text(None).contains("Waits"));
    }
}
