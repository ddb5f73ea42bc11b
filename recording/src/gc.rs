//! Garbage collection of the target's runtime.

use crate::vocabulary::{Role, Runtime};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// CPU time of all threads while they collect garbage, also of threads that run the program.
/// `analysis::annotate` writes it for readers of the file; comparing computes it anew.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gc {
    /// Runtime family.
    pub runtime: Runtime,
    /// Collections, as far as they can be separated.
    pub collections: u64,
    /// Wall-clock time in which threads collected, ns.
    pub pause_ns: u64,
    /// On-CPU time of all threads while they collect.
    pub on_cpu_ns: u64,
    /// The same by role.
    pub by_role: BTreeMap<Role, u64>,
    /// Origin of these numbers.
    pub source: String,
}
