//! What entering and leaving the kernel costs, found out before a recording begins.
//!
//! A system call is measured from its first program to its second. What lies around that (the processor's change of
//! mode, the kernel's entry code, a part of the programs themselves) looks like time outside of calls. How much it is
//! for one call is the same for all calls of a host under the same programs, so it is measured once, on a call that
//! does next to nothing.

use super::drain;
use super::programs::{Programs, Wanted};
use anyhow::{Context, Result, ensure};
use nix::time::{ClockId, clock_gettime};
use nix::unistd::{getpid, getppid};
use profiler_common::{Pairing, SyscallStat};
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
    let mut programs = Programs::attach(&Wanted {
        tgids: vec![own],
        pairing: Pairing::Thread,
        ..wanted.clone()
    })?;
    drain::fill_set::<u32, u32>(&mut programs.bpf, "TARGETS", &[own])?;
    drain::free_slots(&mut programs.bpf)?;
    let start = now(ClockId::CLOCK_MONOTONIC);
    drain::set_window(&mut programs.bpf, u64::try_from(start.as_nanos())?)?;
    let attempts = (0..ATTEMPTS).map(|_| attempt(&programs));
    let mut costs: Vec<f64> = attempts.collect::<Result<_>>()?;
    costs.sort_by(f64::total_cmp);
    Ok(costs[ATTEMPTS / 2])
}

/// What the calls took in all, less what was measured as inside of them.
fn attempt(programs: &Programs) -> Result<f64> {
    let before = inside(programs)?;
    let whole = whole_call();
    let after = inside(programs)?;
    ensure!(
        after.count > before.count,
        "the programs saw none of the calls"
    );
    let inside = after.on_cpu_ns - before.on_cpu_ns;
    Ok((whole - inside as f64 / (after.count - before.count) as f64).max(0.0))
}

/// What the programs have seen of the calls so far.
fn inside(programs: &Programs) -> Result<SyscallStat> {
    let drained = drain::drain(&programs.bpf)?;
    let mut calls = drained.syscalls.iter();
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
    fn a_call_takes_time_on_the_cpu() {
        assert!(whole_call() > 0.0);
    }
}
