//! Limits of a kind of task, so that the host survives it.

use std::fmt;
use std::fs;
use std::time::Duration;

use procfs::{Current, Meminfo};
use serde::Serialize;

/// The share of the host's memory and threads that one process may take.
const SHARE: f64 = 0.6;

/// Limits of one step.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// Resident set.
    pub memory_bytes: f64,
    /// Number of threads.
    pub threads: f64,
    threads_from: String,
    /// Duration.
    pub time: Duration,
}

/// The limit that ended a step early.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Limit {
    /// The limit: memory, threads, time, or a message of the program.
    pub cause: String,
    /// Number of tasks at that time, if known.
    pub reached: Option<u64>,
    /// Number of threads of the process at that time.
    pub threads: f64,
}

impl fmt::Display for Limit {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{} (", self.cause)?;
        if let Some(reached) = self.reached {
            write!(to, "{reached} tasks, ")?;
        }
        write!(to, "{} threads)", self.threads)
    }
}

impl std::error::Error for Limit {}

impl Bounds {
    /// Returns the limits of the host as it is now.
    pub fn now(time: Duration) -> Self {
        let meminfo = Meminfo::current().ok();
        let available = meminfo.and_then(|meminfo| meminfo.mem_available);
        let available = available.map_or(1e9, |bytes| bytes as f64);
        let (threads, from) = most_threads();
        Self {
            memory_bytes: available * SHARE,
            threads: threads * SHARE,
            threads_from: from,
            time,
        }
    }

    /// Returns the limit that these numbers exceed, if any.
    pub fn passed(&self, rss_bytes: f64, threads: f64, time: Duration) -> Option<String> {
        let gib = |bytes: f64| bytes / f64::from(1 << 30);
        if rss_bytes > self.memory_bytes {
            let bound = gib(self.memory_bytes);
            Some(format!(
                "memory: 60 % of what was available, {bound:.1} GiB"
            ))
        } else if threads > self.threads {
            let (bound, from) = (self.threads, &self.threads_from);
            Some(format!("threads: 60 % of {from}, {bound:.0}"))
        } else if time > self.time {
            Some(format!("time: {} s", self.time.as_secs()))
        } else {
            None
        }
    }
}

/// Returns the lowest of the host's limits on threads, and its name.
fn most_threads() -> (f64, String) {
    let read = |path: &str| -> Option<f64> { fs::read_to_string(path).ok()?.trim().parse().ok() };
    let limits = [
        ("kernel.pid_max", "/proc/sys/kernel/pid_max"),
        ("kernel.threads-max", "/proc/sys/kernel/threads-max"),
        ("the cgroup's pids.max", "/sys/fs/cgroup/pids.max"),
        ("the cgroup's pids.max", "/sys/fs/cgroup/pids/pids.max"),
    ];
    limits
        .into_iter()
        .filter_map(|(name, path)| Some((read(path)?, name)))
        .min_by(|a, b| a.0.total_cmp(&b.0))
        .map_or(
            (1e4, "10,000 (no limit could be read)".into()),
            |(most, name)| (most, format!("{name} ({most})")),
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_exceeded_limit() {
        let bounds = Bounds {
            memory_bytes: 2e9,
            threads: 600.0,
            threads_from: "kernel.pid_max (1000)".into(),
            time: Duration::from_secs(9),
        };
        let passed =
            |rss, threads, seconds| bounds.passed(rss, threads, Duration::from_secs(seconds));
        assert_eq!(passed(1e9, 5.0, 9), None);
        let memory = "memory: 60 % of what was available, 1.9 GiB";
        assert_eq!(passed(3e9, 5.0, 1).as_deref(), Some(memory));
        let threads = "threads: 60 % of kernel.pid_max (1000), 600";
        assert_eq!(passed(1e9, 601.0, 1).as_deref(), Some(threads));
        assert_eq!(passed(1e9, 5.0, 10).as_deref(), Some("time: 9 s"));
    }

    #[test]
    fn allows_a_share_of_this_host() {
        let bounds = Bounds::now(Duration::from_secs(1));
        assert!(bounds.memory_bytes > 1e6 && bounds.threads > 100.0);
    }
}
