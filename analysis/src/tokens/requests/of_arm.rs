//! Requests of an arm: all rounds together.

use super::chains;
use crate::arms::Rounds;
use crate::tokens::means;
use recording::Recording;
use recording::comparison::{ArmRequests, RoleStates};
use recording::vocabulary::Role;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Returns the requests of all rounds; nothing where none were recorded.
pub fn of_arm(arm: &Rounds<'_>) -> Option<ArmRequests> {
    let rounds = arm.rounds.iter().map(|(_, recording)| *recording);
    let rounds: Vec<&Recording> = rounds.filter(|round| round.requests.count > 0).collect();
    let count: u64 = rounds.iter().map(|round| round.requests.count).sum();
    let covered_ns: u64 = rounds.iter().map(|round| round.requests.covered_ns).sum();
    if rounds.is_empty() {
        return None;
    }
    let weighed = |weight: fn(&Recording) -> f64, value: fn(&Recording) -> f64| {
        let sum: f64 = rounds.iter().map(|round| weight(round)).sum();
        let weighed = rounds.iter().map(|round| weight(round) * value(round));
        weighed.sum::<f64>() / sum
    };
    Some(ArmRequests {
        count,
        covered_ns,
        mean_ns: weighed(
            |round| round.requests.count as f64,
            |round| round.requests.mean_ns as f64,
        ),
        in_flight: weighed(
            |round| round.requests.covered_ns as f64,
            |round| round.requests.in_flight,
        ),
        parts: means(rounds.iter().map(|round| round.requests.parts.clone())),
        chains: chains::summed(
            rounds
                .iter()
                .flat_map(|round| round.requests.chains.iter().cloned()),
        ),
        roles: roles(&rounds),
    })
}

fn roles(rounds: &[&Recording]) -> Vec<RoleStates> {
    let mut roles: BTreeMap<Role, RoleStates> = BTreeMap::new();
    for round in rounds {
        for states in &round.requests.threads {
            let role = round.role_of(states.thread);
            let sum = roles.entry(role.clone()).or_insert_with(|| RoleStates {
                role,
                ..RoleStates::default()
            });
            sum.threads += 1;
            sum.in_request.add(&states.in_request);
            sum.outside.add(&states.outside);
        }
    }
    let mut roles: Vec<RoleStates> = roles.into_values().collect();
    roles.sort_by_key(|role| Reverse((role.in_request.whole_ns(), role.outside.on_cpu_ns)));
    roles
}
