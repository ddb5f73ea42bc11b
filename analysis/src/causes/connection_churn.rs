//! Connections opened anew rather than kept.

use super::{About, Case, Hit, Kind, Rule};
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

    fn check(&self, case: &Case<'_>) -> Option<Hit> {
        let rows = case.work(TermKind::Syscall(SyscallClass::Connection))?;
        let opened =
            |recording: &Recording| recording.sockets.connected + recording.sockets.accepted;
        let (dear, cheap) = (case.per(case.dear, opened), case.per(case.cheap, opened));
        if dear < 1.5 * cheap || dear == 0.0 {
            return None;
        }
        let text = case.compared("new connections", dear, cheap);
        Some(Hit::of(rows, text))
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
