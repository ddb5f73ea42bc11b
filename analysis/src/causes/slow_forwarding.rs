//! Data that is received but not sent on yet.

use super::{About, Case, Hit, Kind, Rule};
use crate::ledger::latency::RECEIVE_TO_SEND;

/// See the module.
pub struct SlowForwarding;

const ABOUT: About = About {
    id: "slow-forwarding",
    title: "Between receive and send",
    pattern: "Time from data received to data sent on",
    meaning: "This is the program's own work for a chunk, hand-overs between its threads included",
    remedy: "Look at user code and at hand-overs between threads",
};

impl Rule for SlowForwarding {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn kind(&self) -> Kind {
        Kind::Forwarding
    }

    fn check(&self, case: &Case<'_>) -> Option<Hit> {
        let rows = case.rows(|row| row.cause == RECEIVE_TO_SEND)?;
        let text = case.values(&rows);
        Some(Hit {
            rows,
            text,
            evidence: vec![],
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::causes::testing::*;

    #[test]
    fn it_is_found() {
        let found = planted("slow-forwarding", |build| {
            build.forwards("recv_to_send", 2_000_000)
        });
        assert!(found.share > 0.8, "{}", found.share);
    }
}
