//! Garbage collection of the target's runtime.

use crate::process::is_zero;
use crate::vocabulary::{Role, Runtime, vocabulary};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

vocabulary! {
    /// Who does the work of a garbage collector.
    GcPart {
        /// A thread that runs the program, which stands still meanwhile.
        Pause = "pause", "pause";
        /// A thread that allocates and has to help the collector.
        Assist = "assist", "assist";
        /// A thread that allocates and frees what the last collection found dead.
        Sweep = "sweep", "sweep";
        /// Threads and goroutines of the collector itself.
        Worker = "worker", "worker";
    }
}

/// CPU time of all threads while they collect garbage, also of threads that run the program.
/// `analysis::annotate` writes it for readers of the file; comparing computes it anew.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gc {
    /// Runtime family.
    pub runtime: Runtime,
    /// Collections, as far as they can be separated; absent where nothing counts them.
    pub collections: Option<u64>,
    /// Wall-clock time in which the program stood still for a collection, ns; `source` says how it
    /// was found. Absent where it is not known.
    pub pause_ns: Option<u64>,
    /// Half the width of the 95 % interval of `pause_ns` that sampling causes.
    #[serde(default)]
    pub pause_sampling_error_ns: u64,
    /// On-CPU time of all threads while they collect.
    pub on_cpu_ns: u64,
    /// The same by role.
    pub by_role: BTreeMap<Role, u64>,
    /// The same by part of the collector.
    #[serde(default)]
    pub by_part: BTreeMap<GcPart, u64>,
    /// Wall-clock time of threads while they collect: `on_cpu_ns`, and what each thread's
    /// preemptions and steal add to it in proportion.
    #[serde(default)]
    pub elapsed_ns: u64,
    /// Half the width of the 95 % interval of `on_cpu_ns` that sampling causes.
    #[serde(default)]
    pub sampling_error_ns: u64,
    /// Part of `on_cpu_ns` in page faults and interrupts.
    #[serde(default)]
    pub fault_ns: u64,
    /// Part of `on_cpu_ns` in system calls.
    #[serde(default)]
    pub syscall_ns: u64,
    /// Page faults while threads collect.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub faults: u64,
    /// Page faults of the program from one collection to the next: memory that it touches for the
    /// first time, which is what drives a collector. Absent where collections are not counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub faults_between: Option<u64>,
    /// Frames of call stacks below which threads collect.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roots: Vec<GcRoot>,
    /// Origin of these numbers.
    pub source: String,
}

/// A frame below which threads collect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GcRoot {
    /// Its index in the frames of the recording's stacks.
    pub frame: usize,
    /// Who does the work below it.
    pub part: GcPart,
}
