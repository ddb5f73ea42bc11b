//! Memory of the target at the end of the window and over time.

use serde::{Deserialize, Serialize};

/// Memory of the target.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    /// Resident set at the end of the window.
    pub rss_bytes: u64,
    /// Highest resident set since the process began (`VmHWM`).
    pub peak_rss_bytes: u64,
    /// Resident set by class of region; adds up to the `smaps` total of the same instant.
    pub regions: Vec<Region>,
    /// One entry a second.
    pub series: Vec<MemoryPoint>,
    /// One entry every two seconds: the kernel walks all pages for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub region_series: Vec<RegionPoint>,
}

/// Memory by class of region, and the connections it was there for, at one instant.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RegionPoint {
    /// Instant, relative to the window's start.
    pub t_ns: u64,
    /// Connections open at the ports that the target listens on.
    pub connections: u64,
    /// As [`Memory::regions`].
    pub regions: Vec<Region>,
}

/// Resident memory of one class of region.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Region {
    /// `binary text`, `binary data`, `runtime heap`, `jit code`, `thread stacks`, `libraries`, `file maps`, `other`.
    pub class: String,
    /// Resident bytes.
    pub rss_bytes: u64,
    /// Resident bytes, shared pages divided by their users.
    pub pss_bytes: u64,
}

/// Memory at one instant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MemoryPoint {
    /// Instant, relative to the window's start.
    pub t_ns: u64,
    /// Resident set.
    pub rss_bytes: u64,
}
