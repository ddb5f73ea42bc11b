//! The host's fingerprint, which readers need to judge a number.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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
    /// Kind of virtualization, `none` on bare metal, `unknown` where it could not be determined.
    pub virtualization: String,
    /// Time the hypervisor took from this host during the window, all CPUs.
    pub steal_ns: u64,
    /// Control group of the target: that of the CPU controller.
    pub cgroup: String,
    /// The CPU quota that bounds the target, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_quota: Option<CpuQuota>,
    /// Placement of processes on CPUs, in words.
    pub cpu_placement: String,
    /// CPUs that went offline or came online during the window, the first thousand changes. Known
    /// where CPU samples are taken.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cpu_changes: Vec<CpuChange>,
    /// Difference of an arm from itself on this host, where that was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noise: Option<Noise>,
}

/// A CPU that went offline or came online. The recorder looks each second, so that up to a second
/// of samples on a CPU that came online is missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CpuChange {
    /// When the recorder saw it, since the start of the window.
    pub t_ns: u64,
    /// Number of the CPU.
    pub cpu: u32,
    /// Whether it came online.
    pub online: bool,
    /// Whether it is sampled from then on.
    pub sampled: bool,
}

/// A CPU quota of a control group (`cpu.max`, or `cpu.cfs_quota_us` in version 1). The counts are
/// those of the group in the window, since the target joined it at the earliest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CpuQuota {
    /// The group with the quota: that of the target, or one above; never trusted, renderers escape
    /// it.
    pub cgroup: String,
    /// CPU time that the group may use in a period, on all CPUs together.
    pub quota_ns: u64,
    /// Length of a period.
    pub period_ns: u64,
    /// Periods in which the group wanted to run.
    pub periods: u64,
    /// Periods in which it used its quota up.
    pub throttled_periods: u64,
    /// Time for which it was then kept from running, added up over CPUs.
    pub throttled_ns: u64,
}

/// A host's noise: an arm was run against itself in interleaved rounds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Noise {
    /// Date of the measurement, RFC 3339.
    pub measured: String,
    /// Arm that was measured against itself.
    pub arm: String,
    /// Rounds of each of the two.
    pub rounds: u32,
    /// Seconds of each round.
    pub seconds: u32,
    /// Kernel release of the measurement.
    pub kernel: String,
    /// CPU model of the measurement.
    pub cpu_model: String,
    /// Online CPUs of the measurement.
    pub cpus: u32,
    /// By metric: the ratio of the two, its 95 % interval included, lies within 1 ± this.
    pub metrics: BTreeMap<String, f64>,
}

impl Noise {
    /// Returns whether it was measured on a host like this one.
    pub fn is_of(&self, host: &Host) -> bool {
        (&self.kernel, &self.cpu_model, self.cpus) == (&host.kernel, &host.cpu_model, host.cpus)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recognises_the_host_it_was_measured_on() {
        let host = Host {
            kernel: "6.18".into(),
            cpus: 2,
            ..Host::default()
        };
        let noise = |cpus| Noise {
            kernel: "6.18".into(),
            cpus,
            ..Noise::default()
        };
        assert!(noise(2).is_of(&host));
        assert!(!noise(4).is_of(&host));
    }
}
