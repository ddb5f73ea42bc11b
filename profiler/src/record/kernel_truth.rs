//! The kernel's own account of the same threads, from `/proc`: what the recording is held against.

use nix::time::{clock_getcpuclockid, clock_gettime};
use nix::unistd::Pid;
use recording::process::Faults;
use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

/// USER_HZ is 100 on every architecture that matters: it is part of the kernel's interface.
const TICK_NS: u64 = 10_000_000;

/// The kernel's account of a process at one instant.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Truth {
    /// Of each live thread.
    pub threads: BTreeMap<u32, ThreadTruth>,
    /// Minor faults, ended threads included.
    pub minor: u64,
    /// Major faults, ended threads included.
    pub major: u64,
    /// The processes' CPU clocks, ended threads included, ns; `None` if one has ended.
    pub cpu_clock_ns: Option<u64>,
    /// Time in the kernel, ended threads included, in ns but known to a tick only.
    pub kernel_ns: u64,
    /// Time the hypervisor took, all CPUs, ns.
    pub steal_ns: u64,
}

/// The kernel's account of a thread.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ThreadTruth {
    /// Name.
    pub name: String,
    /// Time on a CPU, ns (`schedstat`).
    pub exec_ns: u64,
    /// Time waiting for a CPU, ns (`schedstat`).
    pub run_delay_ns: u64,
    /// Voluntary switches.
    pub voluntary: u64,
    /// Involuntary switches.
    pub involuntary: u64,
}

impl Truth {
    /// Reads `/proc` for some processes. What has ended by now is simply not there.
    pub fn read(pids: &[u32]) -> Self {
        let mut truth = Truth {
            steal_ns: steal_ns(),
            cpu_clock_ns: cpu_clocks_ns(pids),
            ..Truth::default()
        };
        for pid in pids {
            truth.threads.extend(threads_of(*pid));
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            truth.minor += stat_field(&stat, 10).unwrap_or(0);
            truth.major += stat_field(&stat, 12).unwrap_or(0);
            truth.kernel_ns += stat_field(&stat, 15).unwrap_or(0) * TICK_NS;
        }
        truth
    }

    /// Growth of the CPU clocks since an earlier account.
    pub fn cpu_clock_since(&self, before: &Truth) -> Option<u64> {
        Some(self.cpu_clock_ns?.saturating_sub(before.cpu_clock_ns?))
    }

    /// What the hypervisor took from all CPUs since an earlier account, ns.
    pub fn steal_since(&self, before: &Truth) -> u64 {
        self.steal_ns.saturating_sub(before.steal_ns)
    }

    /// How `on_cpu_ns` splits into user mode and the kernel, by the kernel's ticks since an earlier account.
    pub fn split_since(&self, before: &Truth, on_cpu_ns: u64) -> (u64, u64) {
        let kernel_ns = self.kernel_ns.saturating_sub(before.kernel_ns);
        let kernel_ns = kernel_ns.min(on_cpu_ns);
        (on_cpu_ns - kernel_ns, kernel_ns)
    }

    /// Page faults since an earlier account, for a recording whose programs could not count them: neither their mode
    /// nor where they were.
    pub fn faults_since(&self, before: &Truth) -> Faults {
        Faults {
            minor: self.minor.saturating_sub(before.minor),
            major: self.major.saturating_sub(before.major),
            ..Faults::default()
        }
    }
}

/// Thread ids of a process.
pub fn tids_of(pid: u32) -> Vec<u32> {
    let entries = fs::read_dir(format!("/proc/{pid}/task"))
        .into_iter()
        .flatten()
        .flatten();
    entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect()
}

fn threads_of(pid: u32) -> impl Iterator<Item = (u32, ThreadTruth)> {
    tids_of(pid)
        .into_iter()
        .filter_map(move |tid| Some((tid, thread_of(pid, tid)?)))
}

fn thread_of(pid: u32, tid: u32) -> Option<ThreadTruth> {
    let read = |file: &str| fs::read_to_string(format!("/proc/{pid}/task/{tid}/{file}")).ok();
    let status = read("status")?;
    let schedstat = read("schedstat")?;
    let mut times = schedstat.split(' ').map(|field| field.trim().parse().ok());
    Some(ThreadTruth {
        name: read("comm")?.trim_end_matches('\n').to_owned(),
        exec_ns: times.next()??,
        run_delay_ns: times.next()??,
        voluntary: status_field(&status, "voluntary_ctxt_switches")?,
        involuntary: status_field(&status, "nonvoluntary_ctxt_switches")?,
    })
}

fn status_field(status: &str, name: &str) -> Option<u64> {
    let value = status
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    value.split_whitespace().next()?.parse().ok()
}

/// Field `number` of `/proc/PID/stat`, counted as proc(5) does. The name may hold anything, so fields are counted
/// from its last closing bracket.
pub fn stat_field(stat: &str, number: usize) -> Option<u64> {
    let rest = &stat[stat.rfind(')')? + 1..];
    rest.split_whitespace()
        .nth(number.checked_sub(3)?)?
        .parse()
        .ok()
}

/// Start time of a process in clock ticks since boot: with the PID it names one process for good.
pub fn start_time_ticks(pid: u32) -> Option<u64> {
    stat_field(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?, 22)
}

/// Whether a process is gone, or is only waiting to be reaped.
pub fn has_ended(pid: u32, start_time: u64) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat
        .rfind(')')
        .and_then(|end| stat[end + 1..].trim_start().chars().next());
    stat_field(&stat, 22) != Some(start_time) || matches!(state, Some('Z' | 'X'))
}

fn steal_ns() -> u64 {
    const STEAL: usize = 8;
    let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
    let ticks: u64 = stat
        .split_whitespace()
        .nth(STEAL)
        .and_then(|field| field.parse().ok())
        .unwrap_or(0);
    ticks * TICK_NS
}

/// The kernel's CPU clocks of some processes together; `None` if one has ended.
pub fn cpu_clocks_ns(pids: &[u32]) -> Option<u64> {
    pids.iter().map(|pid| cpu_clock_ns(*pid)).sum()
}

/// The kernel's CPU clock of a process: what its threads ran, those that ended included.
fn cpu_clock_ns(pid: u32) -> Option<u64> {
    let clock = clock_getcpuclockid(Pid::from_raw(pid.try_into().ok()?)).ok()?;
    let time = Duration::from(clock_gettime(clock).ok()?);
    u64::try_from(time.as_nanos()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_and_spaces_shifts_nothing() {
        let stat = "7 (a) R 1) S 1 7 7 0 -1 4194304 111 0 3 0 5 6 0 0 20 0 1 0 987 0 0";
        assert_eq!(
            (
                stat_field(stat, 4),
                stat_field(stat, 10),
                stat_field(stat, 22)
            ),
            (Some(1), Some(111), Some(987))
        );
        assert_eq!(
            (
                stat_field("", 10),
                stat_field(stat, 1),
                stat_field(stat, 99)
            ),
            (None, None, None)
        );
    }

    #[test]
    fn status_fields_are_told_apart() {
        let status = "voluntary_ctxt_switches:\t12\nnonvoluntary_ctxt_switches:\t3\n";
        assert_eq!(status_field(status, "voluntary_ctxt_switches"), Some(12));
        assert_eq!(status_field(status, "nonvoluntary_ctxt_switches"), Some(3));
        assert_eq!(status_field(status, "threads"), None);
    }

    #[test]
    fn this_process_is_alive_under_its_own_start_time_only() {
        let pid = std::process::id();
        let start = start_time_ticks(pid).expect("this process has a start time");
        assert!(!has_ended(pid, start));
        assert!(has_ended(pid, start + 1));
        assert!(Truth::read(&[pid]).threads.contains_key(&pid));
    }
}
