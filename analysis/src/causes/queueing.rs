//! Data that waits to be received.

use super::{About, Case, Hit, Kind, Rule};
use crate::ledger::latency::ARRIVAL_TO_RECEIVE;

/// See the module.
pub struct Queueing;

const ABOUT: About = About {
    id: "queueing",
    title: "Waiting to be received",
    pattern: "Time from data readable to data received",
    meaning: "The thread had to be woken, wait for a CPU, or finish something else first",
    remedy: "Look at run-queue time and at what the loop does between two waits",
};

impl Rule for Queueing {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn kind(&self) -> Kind {
        Kind::Forwarding
    }

    fn check(&self, case: &Case<'_>) -> Option<Hit> {
        let rows = case.rows(|row| row.cause == ARRIVAL_TO_RECEIVE)?;
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
        let found = planted("queueing", |build| {
            build.forwards("arrival_to_recv", 2_000_000)
        });
        assert!(found.share > 0.8, "{}", found.share);
    }
}
