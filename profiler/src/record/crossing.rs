//! What entering and leaving the kernel costs, found out before a recording begins.
//!
//! A system call is measured from its first program to its second. What lies around that (the processor's change of
//! mode, the kernel's entry code, a part of the programs themselves) looks like time outside of calls. How much it is
//! for one call is the same for all calls of a host under the same programs, so it is measured once, on a call that
//! does next to nothing.

use super::drain;
use super::programs::{Programs, Wanted};
use super::signals::SIGNALS;
use anyhow::{Result, ensure};
use nix::time::{ClockId, clock_gettime};
use nix::unistd::{getpid, getppid};
use profiler_common::SyscallStat;
use std::hint::black_box;
use std::time::Duration;
use syscalls::Sysno;

/// Calls of one attempt: some milliseconds.
const CALLS: u32 = 20_000;
/// Attempts, of which the one in the middle counts: what disturbs the machine disturbs the target's calls as well, but
/// a single disturbance says nothing.
const ATTEMPTS: usize = 9;

/// On-CPU time of a call outside of what is measured as inside it, ns. Follows this very process for a moment, with
/// programs and maps of their own.
///
/// # Errors
/// The programs cannot be attached, or did not see the calls.
pub fn measure(wanted: &Wanted) -> Result<f64> {
    let own = u32::try_from(getpid().as_raw())?;
    let wanted = Wanted::only(vec![own], wanted.log, &wanted.kinds);
    // Only what runs at a system call makes it dearer.
    let needed = SIGNALS.iter().filter(|signal| signal.required);
    let mut programs = Programs::attach_some(&wanted, needed)?;
    drain::fill_set::<u32, u32>(&mut programs.bpf, "TARGETS", &[own])?;
    drain::free_slots(&mut programs.bpf)?;
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
    Ok(costs[ATTEMPTS / 2])
}

/// What the calls took inside, of those seen between two looks.
fn mean(before: SyscallStat, after: SyscallStat) -> Result<f64> {
    let calls = after.count.saturating_sub(before.count);
    ensure!(calls > 0, "the programs saw none of the calls");
    Ok((after.on_cpu_ns - before.on_cpu_ns) as f64 / calls as f64)
}

/// What the programs have seen of the calls so far.
fn inside(programs: &Programs) -> Result<SyscallStat> {
    let calls = drain::syscalls(&programs.bpf, &drain::threads(&programs.bpf)?)?;
    let mut calls = calls.iter();
    let seen = calls.find(|(_, nr, _)| *nr == Sysno::getppid as u32);
    Ok(seen.map_or_else(SyscallStat::default, |(_, _, stat)| *stat))
}

/// CPU time of one call, with all that belongs to it.
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
    fn calls_between_two_looks_have_a_mean() {
        let seen = |count, on_cpu_ns| SyscallStat {
            count,
            on_cpu_ns,
            ..SyscallStat::default()
        };
        assert_eq!(mean(seen(2, 50), seen(6, 450)).expect("four calls"), 100.0);
        assert!(mean(seen(2, 50), seen(2, 50)).is_err());
    }

    #[test]
    fn a_call_takes_time_on_the_cpu() {
        assert!(whole_call() > 0.0);
    }
}
