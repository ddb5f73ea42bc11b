//! Functions over rows of a comparison.

use super::Delta;
use crate::kinds;
use crate::ledger::{count_effect, sampling};
use recording::comparison::Amount;
use recording::format;
use recording::vocabulary::{Role, TermKind, Unit};
use std::collections::{BTreeMap, BTreeSet};

/// Returns each role that has rows, once.
pub fn roles<'a>(rows: impl IntoIterator<Item = &'a Delta>) -> BTreeSet<&'a Role> {
    rows.into_iter().map(|row| &row.role).collect()
}

/// Adds up rows.
pub fn sum(rows: &[Delta], of: impl Fn(&Delta) -> Amount) -> Amount {
    rows.iter()
        .map(of)
        .fold(Amount::default(), |one, other| Amount {
            value: one.value + other.value,
            count: one.count + other.count,
            sampling_error: sampling::together(one.sampling_error, other.sampling_error),
        })
}

/// Returns the user-code rows of roles that make more of certain calls, or faults, and whose user
/// code, all together, costs less than `most_ns` more for each: it is the code around them. More
/// than that may be anything.
pub fn surrounding_code(
    rows: &[Delta],
    is_call: impl Fn(&Delta) -> bool,
    most_ns: f64,
) -> Vec<Delta> {
    // Collectors and compilers do not run around calls.
    let is_user = |row: &Delta| kinds::across_arms(None, row.kind) == TermKind::UserCode;
    let is_around = |role: &Role| {
        let own = || rows.iter().filter(|row| row.role == *role);
        let calls = own().filter(|row| is_call(row));
        let more: f64 = calls.map(|row| row.costly.count - row.baseline.count).sum();
        let user: f64 = own().filter(|row| is_user(row)).map(|row| row.delta).sum();
        user > 0.0 && user < most_ns * more
    };
    let rows = rows
        .iter()
        .filter(|row| is_user(row) && is_around(&row.role));
    rows.cloned().collect()
}

/// Returns whether most of the rows' delta, all together, comes from their count.
pub fn is_by_count(rows: &[Delta]) -> bool {
    let more: f64 = rows.iter().map(|row| row.delta).sum();
    let (costly, baseline) = (sum(rows, |row| row.costly), sum(rows, |row| row.baseline));
    count_effect(baseline, costly) > more / 2.0
}

/// Returns the largest causes among rows, where there are several: `; most of it sendto (3.10 µs)`.
pub fn largest(rows: &[Delta], unit: Unit) -> String {
    let mut causes = BTreeMap::<&str, f64>::new();
    for row in rows {
        *causes.entry(&row.cause).or_default() += row.delta;
    }
    let mut causes: Vec<_> = causes.into_iter().collect();
    causes.sort_by(|one, other| other.1.total_cmp(&one.1));
    let costly = causes.iter().filter(|(_, more)| *more > 0.0).take(3);
    let shown: Vec<String> = costly
        .map(|(cause, more)| format!("{cause} ({})", format::quantity(*more, unit)))
        .collect();
    // A single cause that is no syscall has been named by its kind.
    let is_syscall = rows.iter().any(|row| row.kind.is_syscall());
    if causes.len() == 1 && !is_syscall {
        return String::new();
    }
    format!("; most of it {}", shown.join(", "))
}
