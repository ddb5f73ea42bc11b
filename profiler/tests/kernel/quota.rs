//! CPU quotas of cgroups, in version 1 and 2 of their file system.

use crate::support::{assert_sound, cgroups, record_with};
use std::fs;
use std::path::PathBuf;

/// A cgroup with a group inside it, both removed at the end. The quota is the outer one's.
struct Groups {
    outer: PathBuf,
    inner: PathBuf,
    is_v2: bool,
}

impl Groups {
    /// Makes groups whose processes may use a CPU for 5 ms of each 100 ms.
    fn new() -> Self {
        let (root, is_v2) = cgroups();
        let outer = root.join(format!("kontrast-test-{}", std::process::id()));
        let inner = outer.join("inner");
        if is_v2 {
            // Mostly enabled already.
            let _ = fs::write(root.join("cgroup.subtree_control"), "+cpu");
        }
        fs::create_dir(&outer).expect("root may make a cgroup");
        let groups = Groups {
            inner,
            outer,
            is_v2,
        };
        if is_v2 {
            groups.write("cpu.max", "5000 100000");
            groups.write("cgroup.subtree_control", "+cpu");
        } else {
            groups.write("cpu.cfs_period_us", "100000");
            groups.write("cpu.cfs_quota_us", "5000");
        }
        fs::create_dir(&groups.inner).expect("made");
        groups
    }

    fn name(&self) -> String {
        let name = self.outer.file_name().expect("it has a name");
        name.to_string_lossy().into_owned()
    }

    fn write(&self, file: &str, text: &str) {
        fs::write(self.outer.join(file), text).unwrap_or_else(|error| panic!("{file}: {error}"));
    }

    fn add(&self, pid: u32) {
        fs::write(self.inner.join("cgroup.procs"), pid.to_string()).expect("it moves");
    }

    /// Returns how long the outer group was throttled so far, ns.
    fn throttled_ns(&self) -> u64 {
        let stat = fs::read_to_string(self.outer.join("cpu.stat")).expect("readable");
        let (name, unit) = match self.is_v2 {
            true => ("throttled_usec ", 1000),
            false => ("throttled_time ", 1),
        };
        let value = stat.lines().find_map(|line| line.strip_prefix(name));
        value
            .expect("listed")
            .trim()
            .parse::<u64>()
            .expect("a number")
            * unit
    }
}

impl Drop for Groups {
    fn drop(&mut self) {
        // A process that is still in it keeps a group; then the test has failed already.
        let _ = fs::remove_dir(&self.inner);
        let _ = fs::remove_dir(&self.outer);
    }
}

#[test]
fn distinguishes_throttled_from_queued_time() {
    for kinds in [&[][..], &["--raw-tracepoints"]] {
        let groups = Groups::new();
        // 100 ms of CPU time take twenty periods at least.
        let recording = record_with(&["compute", "100"], kinds, |pid| groups.add(pid));
        assert_sound(&recording);
        let by_kernel = groups.throttled_ns();
        let process = &recording.process;
        let throttled = process.throttled_ns as f64;
        assert!(
            throttled > 0.8 * by_kernel as f64,
            "{by_kernel}: {process:?}"
        );
        assert!(
            throttled < 1.1 * by_kernel as f64 + 1e8,
            "{by_kernel}: {process:?}"
        );
        let host = &recording.host;
        let inner = format!("/{}/inner", groups.name());
        assert!(host.cgroup.ends_with(&inner), "{host:?}");
        let quota = host.cpu_quota.as_ref().expect("the outer group has one");
        let outer = format!("/{}", groups.name());
        assert!(quota.cgroup.ends_with(&outer), "{quota:?}");
        assert_eq!((quota.quota_ns, quota.period_ns), (5_000_000, 100_000_000));
        assert!((1..=by_kernel).contains(&quota.throttled_ns), "{quota:?}");
        assert!(quota.periods >= quota.throttled_periods, "{quota:?}");
        // A process that is throttled waits for no other.
        let blamed = recording.run_queue_blame.iter().map(|blame| blame.wait_ns);
        assert!(blamed.sum::<u64>() <= process.run_queue_ns, "{recording:?}");
    }
}
