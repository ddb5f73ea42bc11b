//! The host's fingerprint: what a reader must know to judge a number.

use serde::{Deserialize, Serialize};

/// Where a recording was made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Host {
    /// Kernel release.
    pub kernel: String,
    /// Machine architecture.
    pub arch: String,
    /// CPU model name.
    pub cpu_model: String,
    /// Online CPUs.
    pub cpus: u32,
    /// Total memory.
    pub memory_bytes: u64,
    /// Kind of virtualization, `none` on bare metal, `unknown` where it could not be told.
    pub virtualization: String,
    /// Time the hypervisor took from this host during the window, all CPUs.
    pub steal_ns: u64,
    /// Control group of the target.
    pub cgroup: String,
    /// How processes were placed on CPUs, in words.
    pub cpu_placement: String,
}
