//! Receives that return EAGAIN.

use super::rows::{is_by_count, sum};
use super::{Comparison, Match};
use recording::evidence::List;
use recording::vocabulary::{SyscallClass, TermKind};
use recording::{Evidence, Recording};

/// Matches receives, most of the additional ones failing with EAGAIN.
pub(super) fn check(pair: &Comparison<'_>) -> Option<Match> {
    let rows = pair.work(TermKind::Syscall(SyscallClass::Receive))?;
    let (costly, baseline) = (
        pair.per(pair.costly, failed),
        pair.per(pair.baseline, failed),
    );
    let more_calls = sum(&rows, |row| row.costly).count - sum(&rows, |row| row.baseline).count;
    if !is_by_count(&rows) || costly - baseline < more_calls / 2.0 {
        return None;
    }
    let text = pair.compared("receives that return EAGAIN", costly, baseline);
    Some(Match {
        rows,
        text,
        evidence: pair.cite_all(|path| Evidence::list(path, List::Syscalls)),
    })
}

fn failed(recording: &Recording) -> u64 {
    let receives = recording
        .syscalls
        .iter()
        .filter(|call| SyscallClass::of(&call.name) == SyscallClass::Receive);
    receives.filter_map(|call| call.errors.get("EAGAIN")).sum()
}

#[cfg(test)]
mod tests {
    use crate::causes::testing::*;

    #[test]
    fn finds_reads_that_fail() {
        let found = planted("eagain-reads", |build| {
            build.call("read", 5_000, DOSE).fails("read", 4_900)
        });
        assert_whole(&found);
        assert!(
            found.text.contains("4.90 receives that return EAGAIN"),
            "{}",
            found.text
        );
    }

    #[test]
    fn ignores_reads_that_succeed() {
        let found = causes_of(|build| build.call("read", 5_000, DOSE));
        assert_eq!(found[0].id, "socket-io");
    }
}
