//! Counts of chosen system calls, a point a second.

use super::drain;
use super::names;
use anyhow::Result;
use aya::Ebpf;
use profiler_common::{SyscallStat, syscall};
use recording::process::{Syscall, SyscallPoint};
use std::collections::BTreeMap;

/// Points of the system calls that the caller wants to follow. Reading the calls of all threads
/// costs time, so that others have none.
#[derive(Debug, Default)]
pub struct CallSeries {
    /// By number of the call.
    points: BTreeMap<u32, Vec<SyscallPoint>>,
}

/// Calls and failures of a system call.
type Count = (u64, u64);

impl CallSeries {
    /// Begins the series of calls with these names.
    pub fn of(followed: &[String]) -> Self {
        let numbers = followed.iter().filter_map(|name| names::number_of(name));
        CallSeries {
            points: numbers.map(|nr| (nr, Vec::new())).collect(),
        }
    }

    /// Adds a point at `t_ns`. `taken` are calls that are out of the programs' maps already.
    ///
    /// # Errors
    /// A map cannot be read.
    pub fn add(&mut self, bpf: &Ebpf, taken: &[(u32, u32, SyscallStat)], t_ns: u64) -> Result<()> {
        if self.points.is_empty() {
            return Ok(());
        }
        // Failures are read last, so that none of them can be missing in calls - failures.
        let calls = drain::syscalls(bpf, &drain::threads(bpf)?)?;
        let errors = drain::entries::<u32, u64>(bpf, "ERRORS")?;
        let calls = calls.iter().chain(taken);
        let calls = calls.map(|(_, nr, stat)| (*nr, (stat.count, 0)));
        let errors = errors.map(|(key, count)| (syscall::split_error_key(key).0, (0, count)));
        self.add_counts(calls.chain(errors), t_ns);
        Ok(())
    }

    fn add_counts(&mut self, counts: impl Iterator<Item = (u32, Count)>, t_ns: u64) {
        let mut sums: BTreeMap<u32, Count> = BTreeMap::new();
        for (nr, (calls, failed)) in counts {
            let sum = sums.entry(nr).or_default();
            *sum = (sum.0 + calls, sum.1 + failed);
        }
        for (nr, points) in &mut self.points {
            let (count, failed) = sums.get(nr).copied().unwrap_or_default();
            // The calls of a thread that ends while the maps are read may be in none of them.
            let before = points.last().copied().unwrap_or_default();
            let count = count.max(before.count);
            points.push(SyscallPoint {
                t_ns,
                count,
                failed: failed.clamp(before.failed, count),
            });
        }
    }

    /// Moves the series into the calls of the whole target. The last point is the window's end.
    pub fn take_into(&mut self, syscalls: &mut [Syscall], end_ns: u64) {
        for call in syscalls {
            let number = names::number_of(&call.name);
            let Some(mut points) = number.and_then(|nr| self.points.remove(&nr)) else {
                continue;
            };
            points.retain(|point| point.t_ns < end_ns);
            points.push(SyscallPoint {
                t_ns: end_ns,
                count: call.count,
                failed: call.errors.values().sum(),
            });
            call.series = points;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syscalls::Sysno;

    const ACCEPT: u32 = Sysno::accept4 as u32;
    const READ: u32 = Sysno::read as u32;

    fn points(series: &[SyscallPoint]) -> Vec<(u64, u64, u64)> {
        let point = |point: &SyscallPoint| (point.t_ns, point.count, point.failed);
        series.iter().map(point).collect()
    }

    #[test]
    fn adds_up_each_call_that_is_followed() {
        let mut series = CallSeries::of(&["accept".into(), "accept4".into()]);
        let counts = [(ACCEPT, (3, 0)), (READ, (9, 0)), (ACCEPT, (2, 0))];
        series.add_counts(counts.into_iter(), 1_000);
        series.add_counts([(ACCEPT, (6, 0)), (ACCEPT, (0, 1))].into_iter(), 2_000);
        // A thread ended meanwhile.
        series.add_counts([(ACCEPT, (4, 0))].into_iter(), 3_000);
        let call = |name: &str, count, failed| Syscall {
            name: name.into(),
            count,
            errors: BTreeMap::from([("EAGAIN".into(), failed)]),
            ..Syscall::default()
        };
        let mut calls = [call("read", 9, 0), call("accept4", 8, 2)];
        series.take_into(&mut calls, 3_000);
        assert!(calls[0].series.is_empty());
        assert_eq!(
            points(&calls[1].series),
            [(1_000, 5, 0), (2_000, 6, 1), (3_000, 8, 2)]
        );
    }
}
