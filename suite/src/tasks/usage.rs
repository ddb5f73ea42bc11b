//! What a process uses, read from outside: it never measures itself.

use std::fs;

use anyhow::{Context, Result};
use nix::time::{ClockId, clock_gettime};
use nix::unistd::Pid;

/// The state of a process at one time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// Resident set, as its mappings add up.
    pub rss_bytes: f64,
    /// Page tables, which are the kernel's memory.
    pub page_table_bytes: f64,
    /// Kernel stacks of the whole host: no process is told its own.
    pub kernel_stack_bytes: f64,
    /// Threads that live.
    pub threads: f64,
    /// CPU time since its start, threads that have ended included.
    pub cpu_ns: f64,
    /// Page faults since its start, threads that have ended included.
    pub faults: f64,
}

impl Usage {
    /// Reads it.
    ///
    /// # Errors
    /// The process is gone.
    pub fn of(pid: u32) -> Result<Self> {
        let gone = || format!("process {pid} is gone");
        let read =
            |file: &str| fs::read_to_string(format!("/proc/{pid}/{file}")).with_context(gone);
        let status = read("status")?;
        Ok(Self {
            rss_bytes: kibibytes(&read("smaps_rollup")?, "Rss:").with_context(gone)?,
            page_table_bytes: kibibytes(&status, "VmPTE:").with_context(gone)?,
            kernel_stack_bytes: kibibytes(&fs::read_to_string("/proc/meminfo")?, "KernelStack:")
                .context("/proc/meminfo tells no KernelStack")?,
            threads: field(&status, "Threads:").with_context(gone)?,
            cpu_ns: cpu_ns(pid)?,
            faults: faults(&read("stat")?).with_context(gone)?,
        })
    }
}

/// Resident set and threads, which can be read often.
pub fn glance(pid: u32) -> Option<(f64, f64)> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    Some((kibibytes(&status, "VmRSS:")?, field(&status, "Threads:")?))
}

/// The number behind this name.
pub fn field(text: &str, name: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// The same in bytes, where the file has kibibytes.
pub fn kibibytes(text: &str, name: &str) -> Option<f64> {
    field(text, name).map(|value| value * 1024.0)
}

/// To the nanosecond, unlike the ticks in `stat`.
fn cpu_ns(pid: u32) -> Result<f64> {
    let clock = ClockId::pid_cpu_clock_id(Pid::from_raw(i32::try_from(pid)?))?;
    let time = clock_gettime(clock)?;
    Ok(time.tv_sec() as f64 * 1e9 + time.tv_nsec() as f64)
}

/// Minor and major faults; the name before them may hold anything.
fn faults(stat: &str) -> Option<f64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let number = |at: usize| fields.get(at)?.parse::<f64>().ok();
    Some(number(7)? + number(9)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_usage_is_there_and_grows() {
        let pid = std::process::id();
        let before = Usage::of(pid).unwrap();
        assert!(before.rss_bytes > 1e6 && before.threads >= 1.0 && before.cpu_ns > 0.0);
        let pages = vec![1_u8; 8 << 20];
        let after = Usage::of(pid).unwrap();
        assert!(after.faults > before.faults && after.cpu_ns > before.cpu_ns);
        assert_eq!(pages.len(), 8 << 20);
        assert!(glance(pid).unwrap().0 > 1e6);
    }

    #[test]
    fn a_process_that_is_gone_is_named() {
        let error = Usage::of(u32::MAX >> 1).unwrap_err();
        assert!(format!("{error:#}").contains("is gone"));
        assert_eq!(glance(u32::MAX >> 1), None);
    }

    #[test]
    fn a_name_with_brackets_does_not_shift_the_faults() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194304 120 0 3 0 1 2";
        assert_eq!(faults(stat), Some(123.0));
        assert_eq!(faults("7 (a"), None);
    }
}
