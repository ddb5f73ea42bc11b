//! Conditions in the rounds in which they are looked for.

use super::*;
use crate::arms;
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
