//! Timers that wake a thread to look whether there is something to do.

use super::{Comparison, Delta, Match, rows::roles};
use crate::thresholds::Limit;
use recording::vocabulary::{Role, SyscallClass, TermKind};
use std::collections::BTreeSet;

/// Matches timer syscalls, and threads that mostly sleep by them.
pub(super) fn check(pair: &Comparison<'_>) -> Option<Match> {
    let pollers = pollers(pair);
    let rows = pair.rows(|row| is_sleep(row) || pollers.contains(&row.role))?;
    let slept: Vec<_> = rows.iter().filter(|row| is_sleep(row)).cloned().collect();
    let text = pair.counts("timer syscalls", &slept);
    Some(Match::of(rows, text))
}

fn is_sleep(row: &Delta) -> bool {
    row.kind == TermKind::Syscall(SyscallClass::Timers)
}

/// Roles that live by the clock.
fn pollers(pair: &Comparison<'_>) -> BTreeSet<Role> {
    let polls = roles(pair.unclaimed())
        .into_iter()
        .filter(|role| does_little_but_sleep(pair, role));
    polls.cloned().collect()
}

fn does_little_but_sleep(pair: &Comparison<'_>, role: &Role) -> bool {
    let own = || pair.unclaimed().iter().filter(|row| row.role == *role);
    let sleeps: f64 = own()
        .filter(|row| is_sleep(row))
        .map(|row| row.costly.count)
        .sum();
    let calls = own().filter(|row| row.kind.is_syscall());
    let calls: f64 = calls.map(|row| row.costly.count).sum();
    let user = own().filter(|row| row.kind.is_user_code());
    let user: f64 = user.map(|row| row.costly.value).sum();
    2.0 * sleeps > calls && user < pair.limits[Limit::TimerWorkNs] * sleeps
}

#[cfg(test)]
mod tests {
    use crate::causes::testing::*;
    use recording::vocabulary::Role;

    #[test]
    fn finds_a_timer_with_its_thread() {
        let found = planted("timer-wakeups", |build| {
            build.thread(9, "ticker", |thread| {
                thread
                    .call("clock_nanosleep", 1_000, DOSE / 2)
                    .user(DOSE / 2, 1_000)
            })
        });
        assert_whole(&found);
    }

    #[test]
    fn ignores_threads_that_work_between_sleeps() {
        let found = causes_of(|build| {
            build.thread(9, "worker", |thread| {
                thread
                    .call("clock_nanosleep", 10, DOSE / 100)
                    .user(DOSE, 10)
            })
        });
        assert_eq!(found[0].id, "user-code");
    }

    #[test]
    fn finds_timers_beside_savings() {
        let found = causes_of(|build| {
            let build = build.thread(8, Role::JscHeapHelper, |thread| thread.user(2 * DOSE, 9));
            build.call("clock_nanosleep", 1_000, DOSE / 4).with(saves)
        });
        assert_eq!(ids(&found), ["garbage-collection", "timer-wakeups"]);
    }
}
