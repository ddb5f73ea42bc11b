//! Connections opened anew rather than kept.

use super::{About, Comparison, Kind, Match, Rule};
use crate::thresholds::Limit;
use recording::Recording;
use recording::vocabulary::{SyscallClass, TermKind};

/// See the module.
pub struct ConnectionChurn;

const ABOUT: About = About {
    id: "connection-churn",
    title: "Connection churn",
    pattern: "System calls that open and close connections, where more connections are opened or accepted",
    meaning: "A connection for each request costs a handshake and its set-up on both ends",
    remedy: "Keep connections alive and reuse them: a pool for upstream calls, keep-alive towards clients",
};

impl Rule for ConnectionChurn {
    fn about(&self) -> &About {
        &ABOUT
    }

    fn kind(&self) -> Kind {
        Kind::Cpu
    }

    fn check(&self, pair: &Comparison<'_>) -> Option<Match> {
        let rows = pair.work(TermKind::Syscall(SyscallClass::Connection))?;
        let opened =
            |recording: &Recording| recording.sockets.connected + recording.sockets.accepted;
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
}

#[cfg(test)]
mod tests {
    use crate::causes::testing::*;

    #[test]
    fn reconnecting_is_found() {
        let found = planted("connection-churn", |build| {
            let build = build.call("connect", 1_000, DOSE);
            build.with(|recording| recording.sockets.connected = 1_000)
        });
        assert_whole(&found);
    }

    #[test]
    fn calls_without_more_connections_are_another_matter() {
        let found = causes_of(|build| build.call("setsockopt", 1_000, DOSE));
        assert_eq!(found[0].id, "other-syscalls");
    }
}
