//! Connections that are opened anew rather than kept.

use super::{Comparison, Match};
use crate::thresholds::Limit;
use recording::Recording;
use recording::vocabulary::{SyscallClass, TermKind};

/// Matches connection syscalls, where more connections are opened.
pub(super) fn check(pair: &Comparison<'_>) -> Option<Match> {
    let rows = pair.work(TermKind::Syscall(SyscallClass::Connection))?;
    let opened = |recording: &Recording| recording.sockets.connected + recording.sockets.accepted;
    let (costly, baseline) = (
        pair.per(pair.costly, opened),
        pair.per(pair.baseline, opened),
    );
    if costly < pair.limits[Limit::ConnectionRatio] * baseline || costly == 0.0 {
        return None;
    }
    let text = pair.compared("new connections", costly, baseline);
    Some(Match::of(rows, text))
}

#[cfg(test)]
mod tests {
    use crate::causes::testing::*;

    #[test]
    fn finds_reconnecting() {
        let found = planted("connection-churn", |build| {
            let build = build.call("connect", 1_000, DOSE);
            build.with(|recording| recording.sockets.connected = 1_000)
        });
        assert_whole(&found);
    }

    #[test]
    fn ignores_syscalls_without_more_connections() {
        let found = causes_of(|build| build.call("setsockopt", 1_000, DOSE));
        assert_eq!(found[0].id, "other-syscalls");
    }
}
