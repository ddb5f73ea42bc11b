//! Syscalls of certain classes, where their number is the whole pattern.

use super::rows::largest;
use super::{Comparison, Match};
use crate::waits;
use recording::vocabulary::{SyscallClass, WaitKind};

/// Classes of syscalls that do not move data between sockets.
pub(super) const OTHERS: &[SyscallClass] = &[
    SyscallClass::Other,
    SyscallClass::Signals,
    SyscallClass::Lifecycle,
    SyscallClass::Connection,
    SyscallClass::Memory,
];

/// Matches syscalls of some classes.
pub(super) fn check(pair: &Comparison<'_>, classes: &[SyscallClass]) -> Option<Match> {
    let rows = pair.rows(|row| classes.iter().any(|class| row.is_of(*class)))?;
    let unit = pair.view.metric.unit;
    let text = format!("{}{}", pair.counts("syscalls", &rows), largest(&rows, unit));
    Some(Match::of(rows, text))
}

/// Matches file syscalls, with the longest waits for files.
pub(super) fn files(pair: &Comparison<'_>) -> Option<Match> {
    let mut found = check(pair, &[SyscallClass::File])?;
    let (words, evidence) = waits::cited(pair.costly, |wait| wait.kind == WaitKind::File);
    found.text += &words;
    found.evidence.extend(evidence);
    Some(found)
}

#[cfg(test)]
mod tests {
    use crate::causes::testing::*;

    #[test]
    fn finds_syscalls_of_each_class() {
        for (id, call) in [
            ("clock-calls", "clock_gettime"),
            ("file-access", "fsync"),
            ("event-loop", "epoll_ctl"),
            ("socket-io", "recvfrom"),
            ("other-syscalls", "getpid"),
            ("other-syscalls", "setsockopt"),
        ] {
            let found = planted(id, |build| build.call(call, 5_000, DOSE));
            assert_whole(&found);
            assert!(
                found.text.contains(&format!("most of it {call}")),
                "{}",
                found.text
            );
        }
    }

    #[test]
    fn finds_sends_at_a_higher_cost() {
        let found = planted("socket-io", |build| build.call("sendto", 0, DOSE));
        assert_whole(&found);
    }
}
