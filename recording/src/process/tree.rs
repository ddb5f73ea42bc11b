//! Processes of the target, each by itself.

use crate::vocabulary::Runtime;
use serde::{Deserialize, Serialize};

/// A process of the target.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TreeProcess {
    /// Process id.
    pub pid: u32,
    /// Its parent when it became known. Absent if it had ended by then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ppid: Option<u32>,
    /// Name of its main thread; never trusted, renderers escape it.
    pub name: String,
    /// Runtime that its executable and libraries show. Absent if it ended inside the window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime: Option<Runtime>,
    /// Threads in the window, ended ones included.
    pub threads: u64,
    /// On-CPU time of its threads, steal included.
    pub on_cpu_ns: u64,
    /// Fork or joining of a cgroup, relative to the window's start, if it was inside the window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_ns: Option<u64>,
    /// End of the last thread, relative to the window's start, if it was inside the window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exited_ns: Option<u64>,
}
