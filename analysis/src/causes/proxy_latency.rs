//! The parts of forwarding time.

use super::{About, Comparison, Kind, Match, Rule};
use crate::arms::Rounds;
use crate::thresholds::Limit;
use recording::Recording;
use recording::vocabulary::{ProxyStage, TermKind};

/// One part.
pub struct Part {
    about: About,
    stages: &'static [ProxyStage],
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
    stages: &[
        ProxyStage::ArrivalToWakeup,
        ProxyStage::RunQueue,
        ProxyStage::LoopBusy,
        ProxyStage::ArrivalToReceive,
    ],
};

/// Data that is received but not sent on yet.
pub const RECEIVE_TO_SEND: Part = Part {
    about: About {
        id: "slow-forwarding",
        title: "Between receive and send",
        pattern: "Time from data received to data sent on",
        meaning: "This is the program's own work for a chunk, hand-overs between its threads included",
        remedy: "Look at user code and at hand-overs between threads",
    },
    stages: &[ProxyStage::ReceiveToSend],
};

impl Rule for Part {
    fn about(&self) -> &About {
        &self.about
    }

    fn kind(&self) -> Kind {
        Kind::ProxyLatency
    }

    fn check(&self, pair: &Comparison<'_>) -> Option<Match> {
        let rows = pair.rows(|row| {
            self.stages
                .iter()
                .any(|stage| row.kind == TermKind::Proxy(*stage))
        })?;
        let mut text = pair.values(&rows);
        for arm in [pair.costly, pair.baseline] {
            text += &partly(pair, arm).unwrap_or_default();
        }
        Some(Match::of(rows, text))
    }
}

/// Says of how many tokens the latency is known, where another thread may have sent many of them on.
fn partly(pair: &Comparison<'_>, arm: &Rounds<'_>) -> Option<String> {
    let sum = |of: fn(&Recording) -> u64| -> u64 {
        let rounds = arm.rounds.iter();
        rounds.map(|(_, recording)| of(recording)).sum()
    };
    let known = sum(|recording| recording.sockets.relays_matched);
    let share = known as f64 / sum(Recording::tokens) as f64;
    let percent = share * 100.0;
    (share < pair.limits[Limit::RelayShare])
        .then(|| format!("; known of {percent:.0} % of {}'s tokens only", arm.arm))
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
            let found = planted(id, |build| build.relays(part, 2_000_000));
            assert!(found.share > 0.8, "{}", found.share);
        }
    }

    #[test]
    fn it_is_said_where_few_tokens_are_known() {
        let matched = |share: u64| {
            planted("slow-forwarding", move |build| {
                let build = build.relays("recv_to_send", 2_000_000);
                build.with(move |recording| {
                    recording.sockets.relays_matched = recording.tokens() * share / 100;
                })
            })
        };
        let few = matched(29).text;
        assert!(few.contains("known of 29 % of"), "{few}");
        let most = matched(95).text;
        assert!(!most.contains("of b's tokens only"), "{most}");
    }
}
