//! Requests in flight of one arm.

use crate::requests::{StateTimes, WakeChain};
use crate::tokens::PathPart;
use crate::vocabulary::Role;
use serde::{Deserialize, Serialize};

/// Requests of all rounds of an arm that recorded them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ArmRequests {
    /// Requests that began and ended in the recorded time.
    pub count: u64,
    /// That time, all rounds together.
    pub covered_ns: u64,
    /// Mean length of a request.
    pub mean_ns: f64,
    /// Requests in flight, on the average of the time.
    pub in_flight: f64,
    /// Mean time of the threads that serve a request, by state, largest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<PathPart>,
    /// Sleep in requests by the chain of wake-ups that ended it, of all rounds, longest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chains: Vec<WakeChain>,
    /// States of threads by role, the role with most time in requests first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<RoleStates>,
}

/// States of all threads of a role.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RoleStates {
    /// The role.
    pub role: Role,
    /// Threads of all rounds.
    pub threads: u64,
    /// While they served a request.
    pub in_request: StateTimes,
    /// At other times.
    pub outside: StateTimes,
}
