//! The cost of entering and leaving the kernel, calibrated before a recording begins.
//!
//! The programs measure a system call from `sys_enter` to `sys_exit`. The rest of the call looks
//! like time outside it: the processor's change of mode, the kernel's entry code, and a part of the
//! programs. For one call this cost is the same for all calls of a host under the same programs. So
//! it is measured once, on a call that does next to nothing. The same programs compare the
//! scheduler's clock with the monotonic one.

use super::drain;
use super::probe_groups::PROBE_GROUPS;
use super::programs::{ProbeConfig, Programs, SMALL};
use anyhow::{Result, ensure};
use nix::time::{ClockId, clock_gettime};
use nix::unistd::{getpid, getppid};
use profiler_common::SyscallStat;
use std::hint::black_box;
use std::time::Duration;
use syscalls::Sysno;

/// Calls of one attempt: some milliseconds.
const CALLS: u32 = 20_000;
/// Attempts, of which the median counts: a single disturbance of the machine changes nothing.
const ATTEMPTS: usize = 9;
/// Stays on a CPU that compare the clocks. The programs keep the comparison with the least delay.
const STAYS: usize = 5;

/// Properties of the host under the programs, found by tracking this very process for a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Calibration {
    /// On-CPU time of a system call outside its measured inside, ns.
    pub syscall_entry_exit_ns: f64,
    /// The programs' map `SCHED_CLOCK`.
    pub sched_clock_offset_ns: u64,
}

/// Calibrates with separate programs and maps, which track this process for a moment.
///
/// # Errors
/// The programs cannot be attached, or did not see the calls.
pub fn measure(config: &ProbeConfig) -> Result<Calibration> {
    let own = u32::try_from(getpid().as_raw())?;
    let config = ProbeConfig {
        has_small_maps: true,
        ..ProbeConfig::minimal(config.log, &config.kinds)
    };
    // Only the programs at a system call add to its cost.
    let needed = PROBE_GROUPS.iter().filter(|group| group.required);
    let mut programs = Programs::attach_some(&config, needed)?;
    drain::add_targets(&mut programs.bpf, &[own], 0)?;
    drain::free_thread_slots(&mut programs.bpf, SMALL)?;
    let start = now(ClockId::CLOCK_MONOTONIC);
    drain::set_window(&mut programs.bpf, u64::try_from(start.as_nanos())?)?;
    let mut before = inside(&programs)?;
    let mut costs = Vec::new();
    for _ in 0..ATTEMPTS {
        let whole = whole_call();
        let after = inside(&programs)?;
        costs.push((whole - mean(before, after)?).max(0.0));
        before = after;
    }
    costs.sort_by(f64::total_cmp);
    // A switch-in and the switch-out after it compare the clocks.
    (0..STAYS).for_each(|_| std::thread::sleep(Duration::from_micros(100)));
    Ok(Calibration {
        syscall_entry_exit_ns: costs[ATTEMPTS / 2],
        sched_clock_offset_ns: drain::number(&programs.bpf, "SCHED_CLOCK")?,
    })
}

/// Returns the mean time inside the calls between two readings, ns.
fn mean(before: SyscallStat, after: SyscallStat) -> Result<f64> {
    let calls = after.count.saturating_sub(before.count);
    ensure!(calls > 0, "the programs saw none of the calls");
    Ok((after.on_cpu_ns - before.on_cpu_ns) as f64 / calls as f64)
}

/// Reads the sums of the calls so far.
fn inside(programs: &Programs) -> Result<SyscallStat> {
    let calls = drain::syscalls(&programs.bpf, &drain::threads(&programs.bpf)?)?;
    let mut calls = calls.iter();
    let seen = calls.find(|(_, nr, _)| *nr == Sysno::getppid as u32);
    Ok(seen.map_or_else(SyscallStat::default, |(_, _, stat)| *stat))
}

/// Measures the whole CPU time of one call, ns.
fn whole_call() -> f64 {
    let before = now(ClockId::CLOCK_THREAD_CPUTIME_ID);
    for _ in 0..CALLS {
        black_box(getppid());
    }
    let took = now(ClockId::CLOCK_THREAD_CPUTIME_ID) - before;
    took.as_nanos() as f64 / f64::from(CALLS)
}

fn now(clock: ClockId) -> Duration {
    clock_gettime(clock).map_or(Duration::ZERO, Duration::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn averages_calls_between_two_readings() {
        let seen = |count, on_cpu_ns| SyscallStat {
            count,
            on_cpu_ns,
            ..SyscallStat::default()
        };
        assert_eq!(mean(seen(2, 50), seen(6, 450)).expect("four calls"), 100.0);
        assert!(mean(seen(2, 50), seen(2, 50)).is_err());
    }

    #[test]
    fn measures_cpu_time_of_a_call() {
        assert!(whole_call() > 0.0);
    }
}
