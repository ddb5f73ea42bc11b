//! Garbage collection of an arm, and how its allocation drives it.

use crate::process::is_zero;
use serde::{Deserialize, Serialize};

/// Garbage collection of all rounds of an arm together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ArmGc {
    /// Collections a second; absent where nothing counts them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_second: Option<f64>,
    /// Wall-clock time of a collection in which the program stands still, mean, ns; absent where it
    /// is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pause_ns: Option<f64>,
    /// Page faults inside of collections.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub faults: u64,
    /// On-CPU time of these faults and of interrupts, ns.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub fault_ns: u64,
    /// On-CPU time of system calls inside of collections, ns.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub syscall_ns: u64,
    /// Page faults of the program from one collection to the next, mean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub faults_between: Option<f64>,
    /// Growth of resident memory over the rounds by the number of collections, bytes; negative
    /// where it shrinks. It is not what the program allocates: memory that a collection frees is
    /// used again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub growth_between_bytes: Option<f64>,
    /// The same in words.
    pub text: String,
}
