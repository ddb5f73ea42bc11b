//! Single tokens: the path of each from its arrival to its send, with the time in each state.
//!
//! A token is a relay (see [`crate::relays`]): data that arrives at an upstream socket, and the
//! send that passes it on. Its path follows the threads that worked on it.

use crate::vocabulary::{PathKind, Role};
use serde::{Deserialize, Serialize};

/// Tokens of the time that the timeline covers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tokens {
    /// Tokens of that time.
    pub count: u64,
    /// That time: the last part of the window.
    pub covered_ns: u64,
    /// Median of their latency.
    pub p50_ns: u64,
    /// The 99th percentile of their latency.
    pub p99_ns: u64,
    /// Latency above which a token is slow, as it was asked for.
    pub threshold_ns: u64,
    /// Slow tokens.
    pub slow: u64,
    /// The slowest of these, slowest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub slowest: Vec<Token>,
    /// A token whose latency is the median.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub median: Option<Token>,
    /// A token whose latency is the 99th percentile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p99: Option<Token>,
    /// Mean parts of tokens from the 40th to the 60th percentile.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub usual: Vec<PathPart>,
    /// Mean parts of tokens from the 99th percentile on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tail: Vec<PathPart>,
}

impl Tokens {
    /// Returns whether no tokens were recorded.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}

/// A token.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Token {
    /// When its data arrived, ns since the window opened.
    pub arrival_ns: u64,
    /// From the arrival to the receive.
    pub received_ns: u64,
    /// From the arrival to the send.
    pub latency_ns: u64,
    /// A sentence about it: an annotation.
    pub text: String,
    /// Parts of its latency, largest first. They add up to it.
    pub parts: Vec<PathPart>,
    /// The threads that worked on it, in the order in which they had it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lanes: Vec<Lane>,
    /// Spans of the lanes that are left out, since there are too many.
    #[serde(default, skip_serializing_if = "crate::process::is_zero")]
    pub left_out: u64,
}

/// Time of a path in one state of threads of one role.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PathPart {
    /// The state.
    pub kind: PathKind,
    /// The role of the thread that had the token.
    pub role: Role,
    /// The system call, in [`PathKind::Syscall`] and [`PathKind::Asleep`]; empty outside of one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub syscall: String,
    /// The time, ns.
    pub ns: f64,
}

impl PathPart {
    /// Returns role, state and system call, for people.
    pub fn state(&self) -> String {
        let (role, kind) = (self.role.label(), self.kind.label());
        match self.syscall.as_str() {
            "" => format!("{role}: {kind}"),
            syscall => format!("{role}: {kind} ({syscall})"),
        }
    }
}

/// A thread while a token passes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Lane {
    /// Thread id.
    pub tid: u32,
    /// Role of the thread.
    pub role: Role,
    /// From when to when it had the token, ns since the arrival.
    pub had: [u64; 2],
    /// Its states from the arrival to the send, in order.
    pub spans: Vec<Span>,
    /// Its page faults, ns since the arrival; the first ones of many.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<u64>,
}

/// A state of a thread.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// Beginning, ns since the arrival.
    pub from_ns: u64,
    /// End.
    pub to_ns: u64,
    /// The state.
    pub kind: PathKind,
    /// The system call; empty outside of one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub syscall: String,
}
