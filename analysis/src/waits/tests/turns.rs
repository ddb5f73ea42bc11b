//! Waits for a lock that time limits interrupt.

use super::frame;
use crate::waits::{annotate, of_arm};
use recording::Recording;
use recording::process::WakeSource;
use recording::stacks::StacksBuilder;
use recording::testing::Build;
use recording::waits::Wait;

/// Stack of the waiting thread, who ended the wait, its futex and its length.
type Turn = (&'static [&'static str], WakeSource, u64, u64);

/// A thread that takes the lock of a runtime, from there inward.
const GIL: &[&str] = &["py::serve:a.py", "take_gil", "___pthread_cond_timedwait"];
const MONITOR: &[&str] = &[
    "ObjectMonitor::enter",
    "ObjectMonitor::TrySpin",
    "ObjectMonitor::EnterI",
    "PlatformEvent::park",
    "___pthread_cond_timedwait",
];
const OTHER_MONITOR: &[&str] = &[
    "SystemDictionary::load",
    "ObjectMonitor::enter",
    "___pthread_cond_timedwait",
];
const CONDITION: &[&str] = &["poll", "___pthread_cond_timedwait"];

fn record(turns: &[Turn]) -> Recording {
    let mut builder = StacksBuilder::default();
    let mut node = |names: &[&str]| builder.node(names.iter().map(|name| frame(name)));
    let holder = node(&["py::compute:a.py", "drop_gil"]);
    let wait = |&(stack, waker, futex, off_cpu_ns): &Turn| Wait {
        syscall: "futex".into(),
        node: node(stack),
        waker,
        waker_node: holder.filter(|_| waker != WakeSource::Timer),
        futex: Some(futex),
        off_cpu_ns,
        count: 1,
        kept: 1,
        ..Wait::default()
    };
    let rows = turns.iter().map(wait).collect();
    let build = Build::arm("x")
        .thread(1, "front", |thread| thread)
        .thread(2, "back", |thread| thread)
        .thread(3, "other", |thread| thread);
    let build = build.with(|recording| {
        recording.waits.rows = rows;
        recording.waits.stacks = builder.done();
        recording.waits.count = turns.len() as u64;
    });
    let mut recording = build.done();
    annotate(&mut recording);
    recording
}

fn resumed(turns: &[Turn]) -> Vec<Option<usize>> {
    let rows = record(turns).waits.rows;
    rows.iter().map(|wait| wait.resumed).collect()
}

#[test]
fn names_the_holder_of_a_lock_that_is_waited_for_in_turns() {
    let recording = record(&[
        (GIL, WakeSource::Timer, 0x1000, 500),
        (GIL, WakeSource::Thread(1), 0x1000, 3),
    ]);
    let back = recording.threads[1].role.clone();
    let [edge] = &recording.waits.edges[..] else {
        panic!("one edge: {:?}", recording.waits.edges)
    };
    assert_eq!((&edge.waker, edge.off_cpu_ns), (&back, 503));
    let rounds = [("x/1".to_owned(), recording)];
    let waits = of_arm(&crate::arms::group(&rounds)[0]).expect("recorded");
    let row = &waits.rows[0];
    assert_eq!(
        (
            row.place.as_str(),
            row.waker_place.as_str(),
            waits.rows.len()
        ),
        ("py::serve:a.py", "py::compute:a.py", 1)
    );
}

#[test]
fn joins_turns_on_both_words_of_a_condition_variable() {
    let recording = record(&[
        (MONITOR, WakeSource::Timer, 0x1008, 9),
        (MONITOR, WakeSource::Thread(1), 0x100c, 8),
        (MONITOR, WakeSource::Timer, 0x1010, 7),
    ]);
    let rows = &recording.waits.rows;
    let resumed: Vec<_> = rows.iter().map(|wait| wait.resumed).collect();
    // The futex of the last is another one.
    assert_eq!(resumed, [Some(1), None, None]);
    let place = crate::waits::place(&recording.waits.stacks, rows[0].node);
    assert_eq!(place.as_deref(), Some("ObjectMonitor::enter"));
}

#[test]
fn prefers_the_turn_with_the_same_user_code() {
    // The JVM's threads wait for all monitors by one condition variable.
    let turns: [Turn; 4] = [
        (OTHER_MONITOR, WakeSource::Timer, 0x1008, 9),
        (MONITOR, WakeSource::Thread(1), 0x1008, 8),
        (OTHER_MONITOR, WakeSource::Thread(2), 0x1008, 7),
        (GIL, WakeSource::Timer, 0x1008, 6),
    ];
    assert_eq!(resumed(&turns), [Some(2), None, None, Some(1)]);
}

#[test]
fn leaves_time_limits_of_other_waits_alone() {
    let turns: [Turn; 2] = [
        (CONDITION, WakeSource::Timer, 0x1008, 9),
        (CONDITION, WakeSource::Thread(1), 0x1008, 8),
    ];
    assert_eq!(resumed(&turns), [None, None]);
}
