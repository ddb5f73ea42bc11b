use super::*;
use crate::Input;
use crate::document::Block;
use recording::runtime_stats::GcBursts;
use recording::{Comparison, RelayBucket, comparison};

fn round(arm: &str, change: impl FnOnce(&mut Recording)) -> (String, Recording) {
    let mut recording = Recording::default();
    recording.target.arm = arm.into();
    recording.window.duration_ns = 2_000_000_000;
    change(&mut recording);
    (arm.into(), recording)
}

fn arm(name: &str, event_loops: Vec<EventLoops>) -> comparison::Arm {
    comparison::Arm {
        arm: name.into(),
        recordings: vec![name.into()],
        event_loops,
        ..Default::default()
    }
}

fn main_loop() -> EventLoops {
    EventLoops {
        role: Role::MainLoop,
        threads: 1,
        iterations: Histogram::from_buckets(vec![(9, 4)]),
        lag_bound: Histogram::from_buckets(vec![(9, 1)]),
        work_ns: 8_000,
        empty_polls: 2,
        busy_polls: 0,
    }
}

fn lines(
    arms: Vec<comparison::Arm>,
    recordings: &[(String, Recording)],
) -> Option<Vec<Vec<String>>> {
    let comparison = Comparison {
        arms,
        ..Comparison::default()
    };
    let arms = Arms::of(&Input {
        comparison: &comparison,
        recordings,
    });
    let section = section(&arms)?;
    let [Block::Table(table)] = section.blocks.as_slice() else {
        return None;
    };
    let cells =
        |row: &crate::document::Row| row.cells.iter().map(|cell| cell.text.clone()).collect();
    Some(table.rows.iter().map(cells).collect())
}

#[test]
fn shows_the_activity_that_each_runtime_has() {
    let go = round("go", |recording| {
        recording.runtime_stats.goroutines = Some(Goroutines {
            switches: 6,
            receives: 4,
            migrated: 1,
        });
    });
    let bun = round("bun", |recording| {
        recording.runtime_stats.gc_bursts = Some(GcBursts {
            span_ns: 10,
            wakeups: 3,
            spans: Histogram::from_buckets(vec![(10, 1)]),
        });
    });
    let arms = vec![arm("go", vec![]), arm("bun", vec![main_loop()])];
    let rows = lines(arms, &[go, bun]).expect("a table");
    let row = |name: &str| {
        let found = rows.iter().find(|row| row[0] == name);
        found.unwrap_or_else(|| panic!("no {name} in {rows:?}"))[1..].join(" ")
    };
    assert_eq!(row("main loop: iterations per second"), "– 2");
    assert_eq!(row("main loop: CPU time per iteration"), "– 2.00 µs");
    assert_eq!(row("main loop: empty polls per second"), "– 1");
    let busy = row("main loop: empty polls that did not sleep per second");
    assert_eq!(busy, "– 0");
    assert_eq!(
        row("main loop: iterations that events waited for"),
        "– 25 %"
    );
    assert_eq!(row("GC bursts per second"), "– 0.500");
    assert_eq!(row("Goroutine switches per second"), "3 –");
    let migrated = row("Goroutine receives on another thread than the one before");
    assert_eq!(migrated, "25 % –");
}

#[test]
fn shows_nothing_where_no_runtime_activity_was_recorded() {
    let relays = round("go", |recording| {
        recording.relays = vec![RelayBucket {
            count: 1,
            ..Default::default()
        }];
    });
    assert_eq!(lines(vec![arm("go", vec![])], &[relays]), None);
}
