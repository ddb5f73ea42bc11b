//! A cgroup whose processes may use a fifth of a CPU, in version 1 or 2 of the cgroup file system.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Begins the name of the cgroup.
pub const NAME: &str = "kontrast-waits-";
/// Period, and CPU time in each, in microseconds.
const PERIOD: &str = "100000";
const QUOTA: &str = "20000";

/// A cgroup that exists until this is dropped.
pub struct Quota {
    folder: PathBuf,
    is_v2: bool,
}

impl Quota {
    /// Creates the cgroup.
    ///
    /// # Errors
    /// The controller for CPU time is not mounted, or this is not root.
    pub fn new() -> Result<Self> {
        let root = Path::new("/sys/fs/cgroup");
        let is_v2 = root.join("cgroup.controllers").exists();
        let root = if is_v2 { root } else { &root.join("cpu") };
        if is_v2 {
            // Mostly enabled already.
            let _ = fs::write(root.join("cgroup.subtree_control"), "+cpu");
        }
        let folder = root.join(format!("{NAME}{}", std::process::id()));
        fs::create_dir(&folder)
            .with_context(|| format!("cannot create the cgroup {}", folder.display()))?;
        let quota = Self { folder, is_v2 };
        if is_v2 {
            quota.write("cpu.max", &format!("{QUOTA} {PERIOD}"))?;
        } else {
            quota.write("cpu.cfs_period_us", PERIOD)?;
            quota.write("cpu.cfs_quota_us", QUOTA)?;
        }
        Ok(quota)
    }

    fn write(&self, file: &str, text: &str) -> Result<()> {
        let path = self.folder.join(file);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    }

    /// Returns words that run a program in the cgroup.
    pub fn limited(&self, program: Vec<OsString>) -> Vec<OsString> {
        let join = r#"echo $$ > "$0" && exec "$@""#;
        let words = ["sh", "-c", join].map(OsString::from).into_iter();
        let group = self.folder.join("cgroup.procs").into_os_string();
        words.chain([group]).chain(program).collect()
    }

    /// Returns how long the kernel throttled the cgroup, ns.
    ///
    /// # Errors
    /// Its account cannot be read.
    pub fn throttled_ns(&self) -> Result<u64> {
        let account = fs::read_to_string(self.folder.join("cpu.stat"))?;
        throttled_ns(&account, self.is_v2).context("cpu.stat has no throttled time")
    }
}

impl Drop for Quota {
    fn drop(&mut self) {
        // A program that did not end keeps it; the recording has failed then.
        let _ = fs::remove_dir(&self.folder);
    }
}

fn throttled_ns(account: &str, is_v2: bool) -> Option<u64> {
    let (name, unit) = match is_v2 {
        true => ("throttled_usec ", 1_000),
        false => ("throttled_time ", 1),
    };
    let mut lines = account.lines();
    let value = lines.find_map(|line| line.strip_prefix(name))?;
    Some(value.trim().parse::<u64>().ok()? * unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_throttled_time_of_both_versions() {
        let first = "nr_periods 4\nnr_throttled 3\nthrottled_time 1500000\n";
        assert_eq!(throttled_ns(first, false), Some(1_500_000));
        let second = "usage_usec 9\nnr_throttled 3\nthrottled_usec 1500\n";
        assert_eq!(throttled_ns(second, true), Some(1_500_000));
        assert_eq!(throttled_ns(first, true), None);
    }
}
