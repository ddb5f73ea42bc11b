//! The kernel's measuring of BPF programs (`BPF_ENABLE_STATS`), for a part of the window only.
//!
//! It reads the clock twice around every run of every program, which costs about as much as a short program does:
//! the observer would double what it is there to measure.

use recording::observer::ProbeGroupStatus;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

/// Statistics that are on while a descriptor is held.
#[derive(Debug, Default)]
pub struct Statistics {
    held: Option<(OwnedFd, Instant)>,
    sampled: Duration,
}

impl Statistics {
    /// Turns measuring on. Where the kernel refuses, costs stay unknown, which a recording shows as zero.
    pub fn start() -> Self {
        let descriptor = aya::sys::enable_stats(aya::sys::Stats::RunTime).ok();
        Statistics {
            held: descriptor.map(|descriptor| (descriptor, Instant::now())),
            sampled: Duration::ZERO,
        }
    }

    /// Turns measuring off.
    pub fn stop(&mut self) {
        if let Some((_descriptor, since)) = self.held.take() {
            self.sampled += since.elapsed();
        }
    }

    /// For how long it was on.
    pub fn sampled_ns(&self) -> u64 {
        u64::try_from(self.sampled.as_nanos()).unwrap_or(u64::MAX)
    }

    /// Figures of the sampled part, scaled up to the window.
    pub fn scaled(&self, groups: Vec<ProbeGroupStatus>, window_ns: u64) -> Vec<ProbeGroupStatus> {
        let sampled = u128::from(self.sampled_ns().max(1));
        let scale = |value: u64| {
            u64::try_from(u128::from(value) * u128::from(window_ns) / sampled).unwrap_or(u64::MAX)
        };
        groups
            .into_iter()
            .map(|group| ProbeGroupStatus {
                hits: scale(group.hits),
                bpf_ns: scale(group.bpf_ns),
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
        }
    }

    #[test]
    fn scales_the_sampled_part_up_to_the_window() {
        let statistics = Statistics {
            held: None,
            sampled: Duration::from_nanos(100),
        };
        let scaled = statistics.scaled(vec![group(3, 500)], 1000);
        assert_eq!((scaled[0].hits, scaled[0].bpf_ns), (30, 5000));
    }

    #[test]
    fn reports_zero_where_nothing_was_measured() {
        let scaled = Statistics::default().scaled(vec![group(0, 0)], 1000);
        assert_eq!((scaled[0].hits, scaled[0].bpf_ns), (0, 0));
    }
}
