//! Growth of the programs' sums between two readings of their maps.

use super::hashes::room;
use super::sum::{Sum, grown, grown_pairs};
use super::{Code, Drained};
use anyhow::Result;
use aya::Ebpf;
use profiler_common::histogram::{Kind, bucket_of};
use profiler_common::{EventLoop, GcBursts, Relays};
use recording::Histogram;
use std::collections::BTreeMap;

impl Drained {
    /// Returns what was counted since `before`, an earlier state of the same maps. Threads stay as
    /// they are.
    pub fn since(&self, before: &Drained) -> Drained {
        let code = |now: &Code, before: &Code| grown(now.clone(), before.clone()).collect();
        Drained {
            live: self.live.clone(),
            syscalls: grown_pairs(&self.syscalls, &before.syscalls),
            errors: grown_pairs(&self.errors, &before.errors),
            wakes: grown_pairs(&self.wakes, &before.wakes),
            blame: grown(self.blame.clone(), before.blame.clone()).collect(),
            code: code(&self.code, &before.code),
            faults: grown(self.faults.clone(), before.faults.clone()).collect(),
            fault_sites: code(&self.fault_sites, &before.fault_sites),
            memory_stacks: grown(self.memory_stacks.clone(), before.memory_stacks.clone())
                .collect(),
            histograms: self.histograms_since(before),
            relays: relays(&self.relays, &before.relays),
            event_loops: event_loops(&self.event_loops, &before.event_loops),
            gc_bursts: bursts(&self.gc_bursts, &before.gc_bursts),
            counters: self.counters.since(&before.counters),
        }
    }
}

impl Drained {
    /// Returns whether the sums take half of a map that threads, processes or addresses fill with
    /// time.
    pub fn is_half_of_a_map(&self, bpf: &Ebpf) -> Result<bool> {
        let sums = [
            ("WAKES", self.wakes.len()),
            ("RUN_QUEUE_BLAME", self.blame.len()),
            ("FAULTS", self.faults.len()),
            ("FAULT_SITES", self.fault_sites.len()),
            ("MEMORY_STACKS", self.memory_stacks.len()),
        ];
        for (map, count) in sums {
            if 2 * count >= room(bpf, map)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn histograms_since(&self, before: &Drained) -> Vec<Histogram> {
        let grown = |(kind, now): (usize, &Histogram)| {
            let earlier = before.histograms.get(kind).cloned().unwrap_or_default();
            let (now_bursts, bursts) = (&self.gc_bursts, &before.gc_bursts);
            let has_closed = now_bursts.burst_start_ns != bursts.burst_start_ns;
            match bursts.last_span_ns() {
                // The programs count the last burst of then when the next begins.
                Some(span) if kind == Kind::GcBurst as usize && has_closed => {
                    let last = Histogram::from_buckets(vec![(bucket_of(span) as u32, 1)]);
                    now.since(&earlier.merged(&last))
                }
                _ => now.since(&earlier),
            }
        };
        self.histograms.iter().enumerate().map(grown).collect()
    }
}

fn relays(now: &[Relays], before: &[Relays]) -> Vec<Relays> {
    let mut grown = now.to_vec();
    let pairs = grown.iter_mut().zip(before);
    pairs.for_each(|(sum, before)| sum.take(before));
    grown
}

/// A row belongs to one thread for as long as the programs are loaded.
fn event_loops(now: &[EventLoop], before: &[EventLoop]) -> Vec<EventLoop> {
    let before: BTreeMap<u32, &EventLoop> = before.iter().map(|row| (row.serial, row)).collect();
    let grown = |now: &EventLoop| {
        let mut row = *now;
        if let Some(before) = before.get(&now.serial) {
            row.empty_polls = row.empty_polls.saturating_sub(before.empty_polls);
            row.busy_polls = row.busy_polls.saturating_sub(before.busy_polls);
            take_each(&mut row.iterations, &before.iterations);
            take_each(&mut row.lag_bound, &before.lag_bound);
        }
        row
    };
    now.iter().map(grown).collect()
}

fn take_each(counts: &mut [u32], before: &[u32]) {
    let pairs = counts.iter_mut().zip(before);
    pairs.for_each(|(count, before)| *count = count.saturating_sub(*before));
}

fn bursts(now: &GcBursts, before: &GcBursts) -> GcBursts {
    let end = |bursts: &GcBursts| bursts.left_ns.max(bursts.woken_ns);
    let same = now.burst_start_ns == before.burst_start_ns;
    let counted_ns = before.span_ns + before.last_span_ns().filter(|_| !same).unwrap_or(0);
    let start_ns = match same {
        false => now.burst_start_ns,
        true if end(now) > end(before) => end(before),
        true => 0,
    };
    GcBursts {
        burst_start_ns: start_ns,
        wakeups: now.wakeups.saturating_sub(before.wakeups),
        span_ns: now.span_ns.saturating_sub(counted_ns),
        ..*now
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use profiler_common::{CallSiteSum, SyscallStat};

    fn calls(count: u64, on_cpu_ns: u64) -> SyscallStat {
        SyscallStat {
            count,
            on_cpu_ns,
            ..SyscallStat::default()
        }
    }

    #[test]
    fn subtracts_sums_of_each_key() {
        let before = Drained {
            syscalls: vec![(5, 0, calls(3, 30)), (6, 0, calls(9, 90))],
            wakes: vec![(5, 6, 2), (5, 6, 3)],
            faults: vec![(0, 4)],
            ..Drained::default()
        };
        let now = Drained {
            // The row of a thread that has ended is in two places.
            syscalls: vec![
                (5, 0, calls(3, 30)),
                (5, 0, calls(1, 15)),
                (6, 0, calls(9, 90)),
            ],
            wakes: vec![(5, 6, 12), (7, 6, 1)],
            faults: vec![(0, 4), (65_536, 1)],
            ..Drained::default()
        };
        let since = now.since(&before);
        assert_eq!(since.syscalls, [(5, 0, calls(1, 15))]);
        assert_eq!(since.wakes, [(5, 6, 7), (7, 6, 1)]);
        assert_eq!(since.faults, [(65_536, 1)]);
    }

    #[test]
    fn keeps_the_sign_of_bytes_returned_since() {
        let site = profiler_common::CallSite::default();
        let sum = |count, bytes: i64| CallSiteSum {
            count,
            bytes: bytes as u64,
        };
        let drained = |sum| Drained {
            memory_stacks: vec![(site, sum)],
            ..Drained::default()
        };
        let since = drained(sum(2, 10)).since(&drained(sum(1, 30)));
        assert_eq!(since.memory_stacks, [(site, sum(1, -20))]);
    }

    #[test]
    fn leaves_out_a_burst_that_was_over() {
        let bursts = |burst_start_ns, end_ns, span_ns, spans: &[(u32, u64)]| {
            let mut histograms = vec![Histogram::default(); Kind::GcBurst as usize + 1];
            histograms[Kind::GcBurst as usize] = Histogram::from_buckets(spans.to_vec());
            Drained {
                histograms,
                gc_bursts: GcBursts {
                    burst_start_ns,
                    left_ns: end_ns,
                    span_ns,
                    ..GcBursts::default()
                },
                ..Drained::default()
            }
        };
        let before = bursts(100, 150, 0, &[]);
        let bucket = bucket_of(50) as u32;
        let now = bursts(900, 970, 50, &[(bucket, 1)]).since(&before);
        assert_eq!(now.histogram(Kind::GcBurst).count, 0);
        assert_eq!(
            (now.gc_bursts.span_ns, now.gc_bursts.last_span_ns()),
            (0, Some(70))
        );
        let now = bursts(100, 180, 0, &[]).since(&before);
        assert_eq!(
            now.gc_bursts.last_span_ns(),
            Some(30),
            "the rest of one under way"
        );
        assert_eq!(before.since(&before).gc_bursts.last_span_ns(), None);
    }
}
