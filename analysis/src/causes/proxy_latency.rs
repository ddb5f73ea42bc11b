//! Stages of proxy latency.

use super::{Comparison, Match};
use crate::arms::Rounds;
use crate::thresholds::Limit;
use recording::Recording;
use recording::vocabulary::{ProxyStage, TermKind};

/// Stages until data is received.
pub(super) const BEFORE_RECEIVE: &[ProxyStage] = &[
    ProxyStage::ArrivalToWakeup,
    ProxyStage::RunQueue,
    ProxyStage::LoopBusy,
    ProxyStage::ArrivalToReceive,
];

/// Matches some stages.
pub(super) fn check(pair: &Comparison<'_>, stages: &[ProxyStage]) -> Option<Match> {
    let is_of = |stage: &ProxyStage, kind| kind == TermKind::Proxy(*stage);
    let rows = pair.rows(|row| stages.iter().any(|stage| is_of(stage, row.kind)))?;
    let mut text = pair.values(&rows);
    for arm in [pair.costly, pair.baseline] {
        text += &partly(pair, arm).unwrap_or_default();
    }
    Some(Match::of(rows, text))
}

/// Says of how many tokens the latency is known, where another thread may have sent many of them
/// on.
fn partly(pair: &Comparison<'_>, arm: &Rounds<'_>) -> Option<String> {
    let sum = |of: fn(&Recording) -> u64| -> u64 {
        let rounds = arm.rounds.iter();
        rounds.map(|(_, recording)| of(recording)).sum()
    };
    let known = sum(|recording| recording.sockets.relays_matched);
    let share = known as f64 / sum(Recording::tokens) as f64;
    let percent = share * 100.0;
    (share < pair.limits[Limit::RelayShare])
        .then(|| format!("; known for {percent:.0} % of the tokens of {}", arm.arm))
}

#[cfg(test)]
mod tests {
    use crate::causes::testing::*;

    #[test]
    fn finds_each_stage() {
        for (id, part) in [
            ("queueing", "arrival_to_recv"),
            ("slow-forwarding", "recv_to_send"),
        ] {
            let found = planted(id, |build| build.relays(part, 2_000_000));
            assert!(found.share > 0.8, "{}", found.share);
        }
    }

    #[test]
    fn says_where_few_tokens_are_known() {
        let matched = |share: u64| {
            planted("slow-forwarding", move |build| {
                let build = build.relays("recv_to_send", 2_000_000);
                build.with(move |recording| {
                    recording.sockets.relays_matched = recording.tokens() * share / 100;
                })
            })
        };
        let few = matched(29).text;
        assert!(
            few.contains("known for 29 % of the tokens of planted"),
            "{few}"
        );
        let most = matched(95).text;
        assert!(!most.contains("of the tokens of planted"), "{most}");
    }
}
