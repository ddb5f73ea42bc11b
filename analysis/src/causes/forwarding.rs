//! The parts of forwarding time.

use super::{About, Case, Hit, Kind, Rule};
use crate::arms::Rounds;
use crate::ledger::latency::{
    ARRIVAL_TO_RECEIVE, ARRIVAL_TO_WAKE, RECEIVE_TO_SEND, RUN_TO_RECEIVE, WAKE_TO_RUN,
};
use recording::Recording;

/// One part.
pub struct Part {
    about: About,
    rows: &'static [&'static str],
}

/// Data that waits to be received.
pub const QUEUEING: Part = Part {
    about: About {
        id: "queueing",
        title: "Waiting to be received",
        pattern: "Time from data readable to data received",
        meaning: "The thread had to be woken, wait for a CPU, or finish something else first",
        remedy: "Look at run-queue time and at what the loop does between two waits",
    },
    rows: &[
        ARRIVAL_TO_WAKE,
        WAKE_TO_RUN,
        RUN_TO_RECEIVE,
        ARRIVAL_TO_RECEIVE,
    ],
};

/// Data that is received but not sent on yet.
pub const SLOW_FORWARDING: Part = Part {
    about: About {
        id: "slow-forwarding",
        title: "Between receive and send",
        pattern: "Time from data received to data sent on",
        meaning: "This is the program's own work for a chunk, hand-overs between its threads included",
        remedy: "Look at user code and at hand-overs between threads",
    },
    rows: &[RECEIVE_TO_SEND],
};

impl Rule for Part {
    fn about(&self) -> &About {
        &self.about
    }

    fn kind(&self) -> Kind {
        Kind::Forwarding
    }

    fn check(&self, case: &Case<'_>) -> Option<Hit> {
        let rows = case.rows(|row| self.rows.contains(&row.cause.as_str()))?;
        let mut text = case.values(&rows);
        for arm in [case.dear, case.cheap] {
            text += &partly(arm).unwrap_or_default();
        }
        Some(Hit::of(rows, text))
    }
}

/// Below this share of an arm's tokens it is said of how many the time is known: another thread may have sent them on.
const NEARLY_ALL: f64 = 0.9;

fn partly(arm: &Rounds<'_>) -> Option<String> {
    let sum = |of: fn(&Recording) -> u64| -> u64 {
        let rounds = arm.rounds.iter();
        rounds.map(|(_, recording)| of(recording)).sum()
    };
    let known = sum(|recording| recording.sockets.forwards_matched);
    let share = known as f64 / sum(Recording::tokens) as f64;
    let percent = share * 100.0;
    (share < NEARLY_ALL).then(|| format!("; known of {percent:.0} % of {}'s tokens only", arm.arm))
}

#[cfg(test)]
mod tests {
    use crate::causes::testing::*;

    #[test]
    fn each_part_is_found() {
        for (id, part) in [
            ("queueing", "arrival_to_recv"),
            ("slow-forwarding", "recv_to_send"),
        ] {
            let found = planted(id, |build| build.forwards(part, 2_000_000));
            assert!(found.share > 0.8, "{}", found.share);
        }
    }

    #[test]
    fn it_is_said_where_few_tokens_are_known() {
        let matched = |share: u64| {
            planted("slow-forwarding", move |build| {
                let build = build.forwards("recv_to_send", 2_000_000);
                build.with(move |recording| {
                    recording.sockets.forwards_matched = recording.tokens() * share / 100;
                })
            })
        };
        let few = matched(29).text;
        assert!(few.contains("known of 29 % of"), "{few}");
        let most = matched(95).text;
        assert!(!most.contains("of b's tokens only"), "{most}");
    }
}
