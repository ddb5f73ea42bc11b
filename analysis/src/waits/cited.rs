//! Waits as evidence of a finding: who waited for whom, how long and where.

use super::of_arm;
use crate::arms::Rounds;
use recording::Evidence;
use recording::comparison::ArmWait;
use recording::format::quantity;
use recording::vocabulary::{Role, Unit};
use recording::waits::call_on;

/// Waits that a finding cites at most.
const CITED: usize = 2;

/// Returns the longest waits of an arm that `fits` selects, as the end of a sentence, and the
/// numbers behind it. Both are empty where none were recorded.
pub fn cited(arm: &Rounds<'_>, fits: impl Fn(&ArmWait) -> bool) -> (String, Vec<Evidence>) {
    let rounds = arm.with_waits();
    let traced = rounds.iter().all(|(_, round)| round.traced);
    let arm = Rounds {
        arm: arm.arm,
        rounds,
        traced: Vec::new(),
    };
    let rows = of_arm(&arm).map_or_else(Vec::new, |waits| waits.rows);
    let rows: Vec<ArmWait> = rows.into_iter().filter(fits).take(CITED).collect();
    if rows.is_empty() {
        return Default::default();
    }
    let words: Vec<String> = rows.iter().map(words).collect();
    let place = if traced { "in the traced round, " } else { "" };
    (
        format!("; {place}{}", words.join(", and ")),
        rows.into_iter().flat_map(|row| row.evidence).collect(),
    )
}

/// Returns `main loop in take waited 120 ms a second for worker in give (contended lock, futex)`.
fn words(wait: &ArmWait) -> String {
    let at = |role: &Role, place: &str| match place {
        "" => role.to_string(),
        place => format!("{role} in {place}"),
    };
    let call = match wait.objects.first() {
        Some(object) => call_on(&wait.syscall, &object.name),
        None => wait.syscall.clone(),
    };
    let call = if call.is_empty() {
        call
    } else {
        format!(", {call}")
    };
    let waker = match wait.waker {
        Role::Unassigned => String::new(),
        ref waker => format!(" for {}", at(waker, &wait.waker_place)),
    };
    format!(
        "{} waited {} a second{waker} ({}{call})",
        at(&wait.role, &wait.place),
        quantity(wait.off_cpu_ns, Unit::Ns),
        wait.kind.label(),
    )
}
