//! Conditions in the rounds in which they are looked for.

use super::*;
use crate::arms;
use crate::thresholds::TABLE;
use recording::process::WakeSource;
use recording::testing::Build;
use recording::vocabulary::WaitKind;
use recording::waits::Wait;

/// Returns a round in which `waits` threads of one role wait for a lock that another role holds.
fn round(path: &str, traced: bool, waits: usize) -> (String, Recording) {
    let mut build = Build::arm("x").thread(1, "holder", |thread| thread.user(100, 1));
    for tid in (2..).take(waits) {
        build = build.thread(tid, "front", |thread| thread);
    }
    let build = build.with(|recording| {
        let wait = |thread| Wait {
            thread,
            kind: WaitKind::Lock,
            waker: WakeSource::Thread(0),
            off_cpu_ns: 50,
            count: 1,
            kept: 1,
            ..Wait::default()
        };
        recording.waits.rows = (1..=waits).map(wait).collect();
        recording.waits.count = waits as u64;
        recording.traced = traced;
    });
    (path.into(), build.done())
}

fn contended(rounds: &[(String, Recording)]) -> Option<Finding> {
    let found = find(&arms::group(rounds), &Thresholds::default()).into_iter();
    let mut found = found.filter(|finding| finding.id == "contended-lock");
    found.next()
}

#[test]
fn reads_waits_of_the_traced_round_where_no_other_has_any() {
    let rounds = [round("x/1", false, 0), round("x/2", false, 0)];
    assert_eq!(contended(&rounds), None);
    let [one, two] = rounds;
    let found = contended(&[one, two, round("x/2-traced", true, 2)]).expect("seen");
    let expected = "in the traced round of x, its threads waited for locks 100 ns a second, 1 \
                    times as long as they ran; all of it front, until holder released it.";
    assert_eq!(found.text, expected);
    assert_eq!(found.evidence.len(), 1);
    assert_eq!(found.evidence[0].document(), "x/2-traced");
}

#[test]
fn prefers_waits_of_compared_rounds() {
    let rounds = [round("x/1", false, 1), round("x/1-traced", true, 2)];
    let found = contended(&rounds).expect("seen");
    assert!(
        found.text.starts_with("in 1 of 1 rounds of x; at worst, "),
        "{}",
        found.text
    );
    assert_eq!(found.evidence[0].document(), "x/1");
}

#[test]
fn puts_conditions_in_the_order_of_lost_time() {
    let found = |run_queue_ns| {
        let (path, mut recording) = round("x/1", false, 1);
        recording.process.run_queue_ns = run_queue_ns;
        // Half of the CPUs' time, but no time of the threads.
        recording.host.cpus = 1;
        recording.host.steal_ns = recording.window.duration_ns / 2;
        let rounds = [(path, recording)];
        let found = find(&arms::group(&rounds), &Thresholds::default()).into_iter();
        found.map(|finding| finding.id).collect::<Vec<_>>()
    };
    let [queue, lock, steal] = ["waiting-for-cpu", "contended-lock", "stolen-time"];
    assert_eq!(found(49), [lock, queue, steal]);
    assert_eq!(found(51), [queue, lock, steal]);
}

/// Plants a wait, and an answer of the peer that is waited for.
fn planted(kind: WaitKind) -> Vec<(String, Recording)> {
    let (path, mut recording) = round("x/1", false, 1);
    let wait = &mut recording.waits.rows[0];
    (wait.kind, wait.off_cpu_ns) = (kind, 5_000);
    wait.peer = Some("192.0.2.1:5432".into());
    recording.peers = vec![recording::peers::Peer {
        address: wait.peer.clone(),
        ..Default::default()
    }];
    vec![(path, recording)]
}

#[test]
fn finds_planted_waits_whatever_the_last_digit_of_a_threshold() {
    for (expected, kind) in [
        ("contended-lock", WaitKind::Lock),
        ("disk-io", WaitKind::File),
        ("upstream-slow", WaitKind::Socket),
    ] {
        let rounds = planted(kind);
        let arms = arms::group(&rounds);
        for entry in &TABLE {
            for factor in [0.5, 1.0, 2.0] {
                let found = find(&arms, &Thresholds::with(entry, factor));
                let ids: Vec<&str> = found.iter().map(|finding| finding.id.as_str()).collect();
                assert_eq!(ids, [expected], "{:?} × {factor}", entry.limit);
            }
        }
    }
}
