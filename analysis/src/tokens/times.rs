//! Times with a beginning and an end.

/// Joins times that touch or overlap.
pub(super) fn joined(times: Vec<(u64, u64)>) -> Vec<(u64, u64)> {
    near(times, 0)
}

/// Joins times that are no further apart than this, ns.
pub(super) fn near(mut times: Vec<(u64, u64)>, apart_ns: u64) -> Vec<(u64, u64)> {
    times.sort_unstable();
    let mut all: Vec<(u64, u64)> = Vec::new();
    for (from, to) in times {
        match all.last_mut() {
            Some(last) if from <= last.1.saturating_add(apart_ns) => last.1 = last.1.max(to),
            _ => all.push((from, to)),
        }
    }
    all
}
