//! Threads that do the same work at a higher unit cost.
//!
//! The cost of a thread depends on its neighbours: they evict its caches between two of its turns
//! (the indirect cost of a context switch), and a processor is slower at times. Syscalls are a
//! yardstick for that. If a thread makes the same syscalls as often and of the same size, and
//! nearly all of them cost more, the syscalls did not change. Its user code ran on the same
//! processor, so it costs more by the same factor.

use super::{
    Comparison, Delta, Match,
    rows::{roles, sum},
};
use crate::thresholds::Limit;
use crate::{arms::Rounds, kinds};
use recording::format;
use recording::vocabulary::Role;

/// Matches threads whose syscalls are the same but cost more.
pub(super) fn check(pair: &Comparison<'_>) -> Option<Match> {
    let all = pair.unclaimed();
    let (mut rows, mut texts) = (Vec::new(), Vec::new());
    for role in roles(all) {
        let own: Vec<Delta> = all
            .iter()
            .filter(|row| row.role == *role)
            .cloned()
            .collect();
        if let Some(yardstick) = Yardstick::of(pair, &own) {
            texts.push(yardstick.text(pair, role));
            rows.extend(yardstick.code(&own));
            rows.extend(yardstick.calls);
        }
    }
    (!rows.is_empty()).then(|| Match::of(rows, texts.join("; ")))
}

/// Calls of one role that are the same in both arms.
struct Yardstick {
    calls: Vec<Delta>,
    /// Ratio of their unit costs.
    factor: f64,
}

impl Yardstick {
    fn of(pair: &Comparison<'_>, own: &[Delta]) -> Option<Self> {
        let calls: Vec<Delta> = own
            .iter()
            .filter(|row| row.kind.is_syscall())
            .cloned()
            .collect();
        let cost = |rows: &[Delta]| sum(rows, |row| row.baseline).value;
        let all = cost(&calls);
        let same: Vec<Delta> = calls
            .into_iter()
            .filter(|row| is_the_same(pair, row))
            .collect();
        let before = cost(&same);
        let factor = sum(&same, |row| row.costly).value / before;
        // Beyond half of the way from equal to the factor.
        let enough = 1.0 + (factor - 1.0) / 2.0;
        let costlier: Vec<Delta> = same
            .iter()
            .filter(|row| row.costly.value > enough * row.baseline.value)
            .cloned()
            .collect();
        let is_one = costlier.len() > 1
            && before > all / 2.0
            && factor > pair.limits[Limit::UnitCostRatio]
            && cost(&costlier) > pair.limits[Limit::UnitCostAgreement] * before;
        is_one.then_some(Yardstick {
            calls: same,
            factor,
        })
    }

    /// Returns the part of the role's user code that costs more by the same factor.
    fn code(&self, own: &[Delta]) -> Vec<Delta> {
        let code = own
            .iter()
            .filter(|row| row.kind.is_user_code() && row.delta > 0.0);
        code.map(|row| row.part((self.factor - 1.0) * row.baseline.value))
            .collect()
    }

    fn text(&self, pair: &Comparison<'_>, role: &Role) -> String {
        format!(
            "{role} makes {} kinds of syscalls as often and of the same size, at {} times the cost ({})",
            self.calls.len(),
            format::number(self.factor),
            pair.values(&self.calls)
        )
    }
}

/// Returns whether a syscall is made as often in both arms, and moves or returns as much.
fn is_the_same(pair: &Comparison<'_>, row: &Delta) -> bool {
    let bytes = |arm| moved(pair, arm, row);
    row.baseline.count > 0.0
        && is_near(pair, row.costly.count, row.baseline.count)
        && is_near(pair, bytes(pair.costly), bytes(pair.baseline))
}

fn is_near(pair: &Comparison<'_>, one: f64, other: f64) -> bool {
    (one - other).abs() <= pair.limits[Limit::SameCountShare] * one.max(other)
}

/// Returns the bytes that the syscalls of a row move, or the events that they return.
fn moved(pair: &Comparison<'_>, arm: &Rounds<'_>, row: &Delta) -> f64 {
    pair.per(arm, |recording| {
        let threads = recording.threads.iter();
        let own = threads.filter(|thread| thread.role == row.role);
        let calls = own.flat_map(|thread| &thread.syscalls);
        let calls = calls.filter(|call| kinds::of_syscall(call).1 == row.cause);
        calls.filter_map(|call| call.bytes.or(call.events)).sum()
    })
}

#[cfg(test)]
mod tests {
    use crate::causes::testing::*;
    use recording::comparison::Finding;
    use recording::testing::ThreadBuild;

    const MS: u64 = 1_000_000;

    /// Returns the causes where the main loop takes so much more for the same work: it has 2 ms of
    /// reads, 9 ms of writes and 10 ms of user code.
    fn costing(read: u64, write: u64, user: u64) -> Vec<Finding> {
        with(|more| {
            more.call("read", 0, read)
                .call("write", 0, write)
                .user(user, 0)
        })
    }

    fn with(more: impl Fn(ThreadBuild) -> ThreadBuild) -> Vec<Finding> {
        causes_of(|build| build.thread(1, MAIN, &more))
    }

    #[test]
    fn finds_the_same_work_at_a_higher_cost() {
        let found = costing(MS, 9 * MS / 2, 5 * MS);
        assert_eq!(ids(&found), ["higher-unit-cost"]);
        assert_whole(&found[0]);
        assert!(found[0].consequence);
        let expected = "2 kinds of syscalls as often and of the same size, at 1.50 times the cost";
        assert!(found[0].text.contains(expected), "{}", found[0].text);
    }

    #[test]
    fn leaves_user_code_beyond_the_factor() {
        let found = costing(MS, 9 * MS / 2, 20 * MS);
        assert_eq!(ids(&found), ["user-code", "higher-unit-cost"]);
        // The calls, and 5 of the 20 ms.
        let shares: Vec<f64> = found.iter().map(|found| found.share).collect();
        assert!((shares[1] - 10.5 / 25.5).abs() < 0.01, "{shares:?}");
        assert!((shares[0] + shares[1] - 1.0).abs() < 1e-6, "{shares:?}");
    }

    #[test]
    fn ignores_changes_of_single_rows() {
        assert_eq!(ids(&costing(0, 0, 10 * MS)), ["user-code"]);
        assert_eq!(ids(&costing(0, 9 * MS, 0)), ["socket-io"]);
        assert_eq!(ids(&costing(9 * MS, 0, 0)), ["socket-io"]);
    }

    #[test]
    fn ignores_syscalls_of_another_number_or_size() {
        let more_often = with(|more| more.call("read", 0, MS).call("write", 100, 5 * MS));
        assert!(
            !ids(&more_often).contains(&"higher-unit-cost"),
            "{more_often:?}"
        );
        let larger = causes_of(|build| {
            let more = |more: ThreadBuild| more.call("read", 0, MS).call("write", 0, 5 * MS);
            build.thread(1, MAIN, more).with(|recording| {
                let thread = recording.threads.last_mut().expect("just added");
                thread.syscalls[1].bytes = Some(1 << 20);
            })
        });
        assert_eq!(ids(&larger), ["socket-io"]);
    }

    #[test]
    fn ignores_threads_of_one_arm() {
        let found = causes_of(|build| {
            build.thread(9, "other", |thread| {
                thread.call("read", 1_000, DOSE).call("write", 1_000, DOSE)
            })
        });
        assert_eq!(ids(&found), ["socket-io"]);
    }
}
