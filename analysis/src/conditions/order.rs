//! The order of the conditions of one arm: by the time that its threads lose.

use crate::gc;
use recording::Recording;
use recording::comparison::Finding;
use recording::vocabulary::WaitKind;
use std::cmp::Reverse;

/// Puts conditions that are lost time in the order of that time, longest first. Others keep their
/// places.
pub(super) fn by_lost_time(mut found: Vec<(Option<u64>, Finding)>) -> Vec<Finding> {
    let is_time = |(lost, _): &(Option<u64>, Finding)| lost.is_some();
    let places: Vec<usize> = (0..found.len()).filter(|at| is_time(&found[*at])).collect();
    // A stable sort: of equal times the first of the table comes first.
    let mut ordered = places.clone();
    ordered.sort_by_key(|at| Reverse(found[*at].0));
    let ordered: Vec<Finding> = ordered.iter().map(|at| found[*at].1.clone()).collect();
    for (place, finding) in places.into_iter().zip(ordered) {
        found[place].1 = finding;
    }
    found.into_iter().map(|(_, finding)| finding).collect()
}

/// Returns the time that threads lose by a condition, ns a second of the rounds in which it is
/// looked for, all threads together. `None` where the condition is no lost time.
pub(super) fn lost_per_second(id: &str, looked: &[(&str, &Recording)]) -> Option<u64> {
    let (mut lost, mut seconds) = (0, 0.0);
    for (_, round) in looked {
        lost += lost_ns(id, round)?;
        seconds += round.window.duration_ns as f64 / 1e9;
    }
    (seconds > 0.0).then(|| (lost as f64 / seconds) as u64)
}

fn lost_ns(id: &str, round: &Recording) -> Option<u64> {
    let waited = |kind| -> Option<u64> {
        let rows = round.waits.rows.iter().filter(|wait| wait.kind == kind);
        let ns = rows.map(|wait| wait.off_cpu_ns).sum();
        // An event loop has no wait for its upstream alone: how long it waited is not known.
        (ns > 0).then_some(ns)
    };
    match id {
        "waiting-for-cpu" => Some(round.process.run_queue_ns),
        "cpu-quota" => Some(round.process.throttled_ns),
        "gc-pauses" => gc::measure(round)?.pause_ns,
        "contended-lock" => waited(WaitKind::Lock),
        "disk-io" => waited(WaitKind::File),
        "upstream-slow" => waited(WaitKind::Socket),
        _ => None,
    }
}
