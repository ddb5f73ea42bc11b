//! Memory, threads and CPU time of a process, read from outside: it never measures itself.

use anyhow::{Context, Result};
use nix::time::{ClockId, clock_gettime};
use nix::unistd::Pid;
use procfs::process::Process;
use procfs::{Current, Meminfo};

/// The unit of sizes in `/proc/PID/status`.
const KIB: f64 = 1024.0;

/// The state of a process at one time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// Resident set, the sum of its mappings.
    pub rss_bytes: f64,
    /// Page tables, which are memory of the kernel.
    pub page_table_bytes: f64,
    /// Kernel stacks of the whole host: the kernel does not count them by process.
    pub kernel_stack_bytes: f64,
    /// Live threads.
    pub threads: f64,
    /// CPU time since its start, with that of ended threads.
    pub cpu_ns: f64,
    /// Page faults since its start, with those of ended threads.
    pub faults: f64,
}

impl Usage {
    /// Reads the usage of a process.
    ///
    /// # Errors
    /// Fails if the process is gone.
    pub fn of(pid: u32) -> Result<Self> {
        let gone = || format!("process {pid} is gone");
        let process = process(pid).with_context(gone)?;
        let (status, stat) = (process.status()?, process.stat().with_context(gone)?);
        let rollup = process.smaps_rollup().with_context(gone)?;
        let mut mappings = rollup.memory_map_rollup.iter();
        let rss = mappings.find_map(|mapping| mapping.extension.map.get("Rss"));
        let kernel_stack = Meminfo::current()?.kernel_stack;
        Ok(Self {
            rss_bytes: *rss.with_context(gone)? as f64,
            page_table_bytes: status.vmpte.with_context(gone)? as f64 * KIB,
            kernel_stack_bytes: kernel_stack.context("/proc/meminfo has no KernelStack")? as f64,
            threads: status.threads as f64,
            cpu_ns: cpu_ns(pid)?,
            faults: (stat.minflt + stat.majflt) as f64,
        })
    }
}

/// Returns resident set in bytes and number of threads; both take little time to read.
pub fn memory_and_threads(pid: u32) -> Option<(f64, f64)> {
    let status = process(pid)?.status().ok()?;
    Some((status.vmrss? as f64 * KIB, status.threads as f64))
}

/// Returns the highest resident set of a process so far, in bytes.
pub fn peak_rss(pid: u32) -> Option<f64> {
    Some(process(pid)?.status().ok()?.vmhwm? as f64 * KIB)
}

fn process(pid: u32) -> Option<Process> {
    Process::new(i32::try_from(pid).ok()?).ok()
}

/// Returns CPU time with the resolution of the scheduler's clock, unlike the ticks in `stat`.
fn cpu_ns(pid: u32) -> Result<f64> {
    let clock = ClockId::pid_cpu_clock_id(Pid::from_raw(i32::try_from(pid)?))?;
    let time = clock_gettime(clock)?;
    Ok(time.tv_sec() as f64 * 1e9 + time.tv_nsec() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_growing_usage_of_this_process() {
        let pid = std::process::id();
        let before = Usage::of(pid).unwrap();
        assert!(before.rss_bytes > 1e6 && before.threads >= 1.0 && before.cpu_ns > 0.0);
        let pages = vec![1_u8; 8 << 20];
        let after = Usage::of(pid).unwrap();
        assert!(after.faults > before.faults && after.cpu_ns > before.cpu_ns);
        assert_eq!(pages.len(), 8 << 20);
        assert!(memory_and_threads(pid).unwrap().0 > 1e6);
        assert!(peak_rss(pid).unwrap() >= 8e6);
    }

    #[test]
    fn reports_a_process_that_is_gone() {
        let error = Usage::of(u32::MAX >> 1).unwrap_err();
        assert!(format!("{error:#}").contains("is gone"));
        assert_eq!(memory_and_threads(u32::MAX >> 1), None);
        assert_eq!(peak_rss(u32::MAX), None);
    }
}
