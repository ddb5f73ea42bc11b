//! Tokens of an arm: all rounds together.

use super::means;
use crate::arms::Rounds;
use recording::tokens::{PathPart, Tokens};
use std::cmp::Reverse;

/// Slowest tokens of an arm that are shown.
const SHOWN: usize = 5;

/// Returns the tokens of all rounds. Median and 99th percentile are those of the round with the
/// middle median. Nothing where no tokens were recorded.
pub fn of_arm(arm: &Rounds<'_>) -> Option<Tokens> {
    let rounds = arm.rounds.iter().map(|(_, recording)| &recording.tokens);
    let mut rounds: Vec<&Tokens> = rounds.filter(|tokens| !tokens.is_empty()).collect();
    rounds.sort_by_key(|tokens| tokens.p50_ns);
    let middle = rounds.get(rounds.len() / 2)?;
    let slowest = rounds.iter().flat_map(|tokens| tokens.slowest.iter());
    let mut slowest: Vec<_> = slowest.cloned().collect();
    slowest.sort_by_key(|token| Reverse(token.latency_ns));
    slowest.truncate(SHOWN);
    for token in &mut slowest {
        token.lanes.clear();
    }
    let mean = |parts: fn(&Tokens) -> &Vec<PathPart>| {
        means(rounds.iter().map(|tokens| parts(tokens).clone()))
    };
    Some(Tokens {
        count: rounds.iter().map(|tokens| tokens.count).sum(),
        covered_ns: rounds.iter().map(|tokens| tokens.covered_ns).sum(),
        slow: rounds.iter().map(|tokens| tokens.slow).sum(),
        slowest,
        usual: mean(|tokens| &tokens.usual),
        tail: mean(|tokens| &tokens.tail),
        ..(*middle).clone()
    })
}
