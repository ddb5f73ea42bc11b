//! Work that is passed between threads, and locks.

use super::{
    Comparison, Delta, Match,
    rows::{roles, surrounding_code},
};
use crate::thresholds::Limit;
use crate::waits;
use recording::evidence::List;
use recording::process::WakeSource;
use recording::vocabulary::{Role, SyscallClass, TermKind, WaitKind};
use recording::{Evidence, Recording};
use std::collections::BTreeSet;

/// Matches thread synchronization, and threads that do nothing else.
pub(super) fn check(pair: &Comparison<'_>) -> Option<Match> {
    let all = pair.unclaimed();
    let idle = errand_threads(pair);
    let around = surrounding_code(all, is_handing, pair.limits[Limit::HandoffCodeNs]);
    let by_own = preempted_by_own(pair, all);
    let rows = pair.rows(|row| {
        is_handing(row)
            || idle.contains(&row.role)
            || around.contains(row)
            || (by_own && row.kind == TermKind::ContextSwitch)
    })?;
    let calls: Vec<_> = rows.iter().filter(|row| is_handing(row)).cloned().collect();
    let (waits, of_waits) = waits::cited(pair.costly, |wait| {
        matches!(wait.kind, WaitKind::HandOff | WaitKind::Lock)
    });
    let text = format!(
        "{}; {}{waits}",
        pair.counts("handoff syscalls", &calls),
        pair.compared(
            "wake-ups by own threads",
            pair.per(pair.costly, woken),
            pair.per(pair.baseline, woken)
        )
    );
    let wakers = pair.cite_all(|path| Evidence::list(path, List::Wakers));
    Some(Match {
        rows,
        text,
        evidence: wakers.into_iter().chain(of_waits).collect(),
    })
}

fn is_handing(row: &Delta) -> bool {
    row.is_of(SyscallClass::ThreadSync)
}

/// Returns whether wake-ups by own threads preempt the threads: there are more such wake-ups,
/// and about as many as preemptions.
fn preempted_by_own(pair: &Comparison<'_>, rows: &[Delta]) -> bool {
    let switching = rows
        .iter()
        .filter(|row| row.kind == TermKind::ContextSwitch);
    let preemptions: f64 = switching
        .map(|row| row.costly.count - row.baseline.count)
        .sum();
    let wakeups = pair.per(pair.costly, woken) - pair.per(pair.baseline, woken);
    preemptions > 0.0 && wakeups > preemptions / 2.0
}

/// Roles of threads that only pass things on.
fn errand_threads(pair: &Comparison<'_>) -> BTreeSet<Role> {
    let idle = roles(pair.unclaimed())
        .into_iter()
        .filter(|role| only_passes(pair, role));
    idle.cloned().collect()
}

fn only_passes(pair: &Comparison<'_>, role: &Role) -> bool {
    let own = || pair.unclaimed().iter().filter(|row| row.role == *role);
    let count = |fits: fn(&Delta) -> bool| -> f64 {
        let rows = own().filter(|row| fits(row));
        rows.map(|row| row.costly.count).sum()
    };
    let (handed, calls) = (count(is_handing), count(|row| row.kind.is_syscall()));
    let user = own().filter(|row| row.kind.is_user_code());
    let user: f64 = user.map(|row| row.costly.value).sum();
    handed > pair.limits[Limit::HandoffShare] * calls
        && user < pair.limits[Limit::HandoffWorkNs] * handed
}

/// Wake-ups of the target's threads by its own threads.
fn woken(recording: &Recording) -> u64 {
    let wakers = recording.wakers.iter();
    let own = wakers.filter(|waker| matches!(waker.from, WakeSource::Thread(_)));
    own.map(|waker| waker.count).sum()
}

#[cfg(test)]
mod tests {
    use crate::causes::testing::*;
    use recording::comparison::Finding;
    use recording::process::{WakeSource, Waker};
    use recording::vocabulary::Role;

    #[test]
    fn claims_threads_that_only_pass_work_on() {
        let errands = |user: u64| {
            causes_of(|build| {
                build.thread(9, "helper", |thread| {
                    thread.call("futex", 5_000, DOSE).user(user, 2_500)
                })
            })
        };
        let all = errands(DOSE / 2);
        assert_eq!((all.len(), all[0].id.as_str()), (1, "thread-handoff"));
        let works = errands(5 * DOSE);
        assert_eq!(works[0].id, "user-code");
    }

    #[test]
    fn claims_preemptions_by_own_threads() {
        let preempted = |own_wakeups: u64| {
            causes_of(|build| {
                let build = build.thread(1, MAIN, |thread| thread.ctx_switch(DOSE, 5_000));
                let build = build.call("futex", 5_000, DOSE);
                build.with(|recording| {
                    recording.wakers = vec![Waker {
                        from: WakeSource::Thread(0),
                        count: own_wakeups,
                        ..Waker::default()
                    }];
                })
            })
        };
        let ids = |found: Vec<Finding>| found.into_iter().map(|it| it.id).collect::<Vec<_>>();
        assert_eq!(ids(preempted(5_000)), ["thread-handoff"]);
        assert_eq!(ids(preempted(1_000)), ["thread-handoff", "preemption"]);
    }

    #[test]
    fn finds_futex_traffic() {
        let found = planted("thread-handoff", |build| build.call("futex", 5_000, DOSE));
        assert_whole(&found);
    }

    #[test]
    fn claims_little_user_code_around_handoffs() {
        let found = planted("thread-handoff", |build| {
            build.thread(1, MAIN, |more| {
                more.call("futex", 10_000, DOSE).user(DOSE / 4, 10_000)
            })
        });
        assert_whole(&found);
    }

    #[test]
    fn leaves_user_code_that_grows_by_more() {
        let found = causes_of(|build| {
            build.thread(1, MAIN, |more| {
                more.call("futex", 1_000, DOSE).user(DOSE, 1_000)
            })
        });
        assert_eq!(sorted_ids(&found), ["thread-handoff", "user-code"]);
    }

    #[test]
    fn finds_handoffs_beside_savings() {
        let found = causes_of(|build| {
            let build = build.thread(8, Role::JscHeapHelper, |thread| thread.user(2 * DOSE, 9));
            build.call("futex", 1_000, DOSE / 4).with(saves)
        });
        assert_eq!(ids(&found), ["garbage-collection", "thread-handoff"]);
    }
}
