//! The kernel's BPF statistics (`BPF_ENABLE_STATS`), for a part of the window only.
//!
//! With them the kernel reads the clock before and after every run of every program. That costs
//! about as much as a short program, so that statistics over the whole window would double the
//! overhead.

use recording::observer::{ProbeGroupStatus, ProgramCost};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

/// BPF statistics, on while a descriptor is held.
#[derive(Debug, Default)]
pub struct BpfStats {
    held: Option<(OwnedFd, Instant)>,
    sampled: Duration,
}

impl BpfStats {
    /// Turns the statistics on. Where the kernel refuses, costs stay 0.
    pub fn start() -> Self {
        let descriptor = aya::sys::enable_stats(aya::sys::Stats::RunTime).ok();
        BpfStats {
            held: descriptor.map(|descriptor| (descriptor, Instant::now())),
            sampled: Duration::ZERO,
        }
    }

    /// Turns the statistics off.
    pub fn stop(&mut self) {
        if let Some((_descriptor, since)) = self.held.take() {
            self.sampled += since.elapsed();
        }
    }

    /// Returns for how long they were on, ns.
    pub fn sampled_ns(&self) -> u64 {
        u64::try_from(self.sampled.as_nanos()).unwrap_or(u64::MAX)
    }

    /// Scales figures of the sampled part up to the window.
    pub fn scaled(&self, groups: Vec<ProbeGroupStatus>, window_ns: u64) -> Vec<ProbeGroupStatus> {
        let sampled = u128::from(self.sampled_ns().max(1));
        let scale = |value: u64| {
            u64::try_from(u128::from(value) * u128::from(window_ns) / sampled).unwrap_or(u64::MAX)
        };
        let cost = |cost: ProgramCost| ProgramCost {
            runs: scale(cost.runs),
            run_ns: scale(cost.run_ns),
            ..cost
        };
        groups
            .into_iter()
            .map(|group| ProbeGroupStatus {
                hits: scale(group.hits),
                bpf_ns: scale(group.bpf_ns),
                costs: group.costs.into_iter().map(cost).collect(),
                ..group
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use recording::vocabulary::ProbeGroup;

    fn group(hits: u64, bpf_ns: u64) -> ProbeGroupStatus {
        ProbeGroupStatus {
            group: ProbeGroup::Scheduler,
            source: "tp_btf".into(),
            fallback_reason: String::new(),
            programs: Vec::new(),
            hits,
            bpf_ns,
            costs: vec![ProgramCost {
                program: "sched_switch".into(),
                runs: hits,
                run_ns: bpf_ns,
            }],
            skipped: 0,
        }
    }

    #[test]
    fn scales_figures_up_to_the_window() {
        let statistics = BpfStats {
            held: None,
            sampled: Duration::from_nanos(100),
        };
        let scaled = statistics.scaled(vec![group(3, 500)], 1000);
        assert_eq!((scaled[0].hits, scaled[0].bpf_ns), (30, 5000));
        let cost = &scaled[0].costs[0];
        assert_eq!((cost.runs, cost.run_ns), (30, 5000));
    }

    #[test]
    fn keeps_zero_where_nothing_was_sampled() {
        let scaled = BpfStats::default().scaled(vec![group(0, 0)], 1000);
        assert_eq!((scaled[0].hits, scaled[0].bpf_ns), (0, 0));
    }
}
