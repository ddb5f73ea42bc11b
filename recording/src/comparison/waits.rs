//! Waits of one arm: where its threads sleep, and who ends that.

use crate::evidence::Evidence;
use crate::vocabulary::{Role, WaitKind};
use serde::{Deserialize, Serialize};

/// Waits of an arm, all rounds together, per second of recording.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ArmWaits {
    /// Off-CPU time of all waits, ns a second.
    pub off_cpu_ns: f64,
    /// Half the width of the 95 % interval that sampling causes in the sum of all rows.
    pub sampling_error_ns: f64,
    /// Waits, longest first; shorter ones are left out.
    pub rows: Vec<ArmWait>,
    /// All waits by role, kind and who ended them, longest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edges: Vec<ArmWaitEdge>,
}

/// Waits of threads of one role that threads of another ended.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ArmWaitEdge {
    /// Role of the sleepers.
    pub role: Role,
    /// Kind of the waits.
    pub kind: WaitKind,
    /// Role of those who ended the waits.
    pub waker: Role,
    /// Off-CPU time, ns a second.
    pub off_cpu_ns: f64,
}

/// Waits of one role in one place, which one role ended in one place.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ArmWait {
    /// Role of the sleepers.
    pub role: Role,
    /// Kind of the waits.
    pub kind: WaitKind,
    /// The system call; empty outside of one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub syscall: String,
    /// Function in which they waited; empty where none is known. Never trusted, renderers escape
    /// it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub place: String,
    /// Files and peers that they waited for, longest first; the three with the longest waits.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub objects: Vec<WaitObject>,
    /// Role of those who ended the waits.
    pub waker: Role,
    /// Function in which these did so; empty where none is known. Never trusted either.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub waker_place: String,
    /// Off-CPU time, ns a second.
    pub off_cpu_ns: f64,
    /// Waits a second.
    pub count: f64,
    /// The numbers behind it, largest first.
    pub evidence: Vec<Evidence>,
}

/// A file or a peer that threads waited for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WaitObject {
    /// Path or name of the file, or address of the peer. Never trusted, renderers escape it.
    pub name: String,
    /// Off-CPU time, ns a second.
    pub off_cpu_ns: f64,
}
