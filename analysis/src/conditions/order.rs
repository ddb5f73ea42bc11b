//! The order of the conditions of one arm: by the time that its threads lose.

use recording::Recording;
use recording::comparison::Finding;
use recording::vocabulary::WaitKind;
use std::cmp::Reverse;

/// Returns the time that threads of a round lose by a condition, all together, ns.
pub(super) type LostNs = fn(&Recording) -> Option<u64>;

/// Puts conditions that are lost time in the order of that time, longest first. Others keep their
/// places.
pub(super) fn by_lost_time(found: Vec<(Option<u64>, Finding)>) -> Vec<Finding> {
    let places: Vec<bool> = found.iter().map(|(lost, _)| lost.is_some()).collect();
    let (mut timed, others): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|(lost, _)| lost.is_some());
    // A stable sort: of equal times the first of the table comes first.
    timed.sort_by_key(|(lost, _)| Reverse(*lost));
    let (mut timed, mut others) = (timed.into_iter(), others.into_iter());
    let next = |is_time| if is_time { timed.next() } else { others.next() };
    let ordered = places.into_iter().filter_map(next);
    ordered.map(|(_, finding)| finding).collect()
}

/// Returns the time that threads lose by a condition, ns a second of the rounds in which it is
/// looked for. `None` where it is not known for all of them.
pub(super) fn lost_per_second(lost_ns: LostNs, looked: &[(&str, &Recording)]) -> Option<u64> {
    let (mut lost, mut seconds) = (0, 0.0);
    for (_, round) in looked {
        lost += lost_ns(round)?;
        seconds += round.window.duration_ns as f64 / 1e9;
    }
    (seconds > 0.0).then(|| (lost as f64 / seconds) as u64)
}

/// Returns the length of all waits of a kind, if there are any: an event loop has no wait for its
/// upstream alone, and how long it waited for that is not known.
pub(super) fn waited(round: &Recording, kind: WaitKind) -> Option<u64> {
    let rows = round.waits.rows.iter().filter(|wait| wait.kind == kind);
    let ns = rows.map(|wait| wait.off_cpu_ns).sum();
    (ns > 0).then_some(ns)
}
