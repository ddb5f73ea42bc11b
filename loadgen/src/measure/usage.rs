//! CPU time and memory of the load generator itself.

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::{TimeVal, TimeValLike};

/// Resources that this process has used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// CPU time, user and kernel.
    pub cpu_ns: u64,
    /// Highest resident set.
    pub peak_rss_bytes: u64,
}

impl Usage {
    /// Returns the current usage; zeros where the kernel does not report it.
    pub fn now() -> Self {
        let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) else {
            return Self::default();
        };
        let ns = |time: TimeVal| u64::try_from(time.num_nanoseconds()).unwrap_or(0);
        Self {
            cpu_ns: ns(usage.user_time()) + ns(usage.system_time()),
            peak_rss_bytes: peak_rss_bytes().unwrap_or(0),
        }
    }
}

/// Reads `VmHWM`, since `ru_maxrss` includes the parent's memory from before `exec`.
fn peak_rss_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().trim_end_matches("kB").trim_end().parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_the_usage_of_this_process() {
        let before = Usage::now();
        let burnt: u64 = (0..30_000_000u64).map(std::hint::black_box).sum();
        assert!(burnt > 0 && Usage::now().cpu_ns > before.cpu_ns);
        assert!(before.peak_rss_bytes > 1 << 20);
    }
}
