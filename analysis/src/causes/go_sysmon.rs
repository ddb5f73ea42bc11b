//! Go's sysmon, whose cost follows from the other causes.

use super::{Comparison, Match};
use recording::vocabulary::Role;

/// Matches the thread that polls the scheduler (`sysmon` in `runtime/proc.go`). It needs no P,
/// polls every 20 µs at first and every 10 ms at last, and sleeps while the whole process does.
pub(super) fn check(pair: &Comparison<'_>) -> Option<Match> {
    let rows = pair.rows(|row| row.role == Role::GoSysmon)?;
    let text = pair.values(&rows);
    Some(Match::of(rows, text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::causes::testing::*;

    #[test]
    fn finds_sysmon_as_a_consequence() {
        let found = planted("go-sysmon", |build| {
            build.thread(9, Role::GoSysmon, |thread| {
                thread
                    .call("nanosleep", 1_000, DOSE / 2)
                    .user(DOSE / 2, 1_000)
            })
        });
        assert_whole(&found);
        assert!(found.consequence);
    }

    #[test]
    fn marks_no_other_cause_as_consequence() {
        let found = planted("other-syscalls", |build| build.call("getpid", 10, DOSE));
        assert!(!found.consequence);
    }
}
