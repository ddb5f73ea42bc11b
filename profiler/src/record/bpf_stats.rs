//! The kernel's BPF statistics (`BPF_ENABLE_STATS`), for a part of the window only.
//!
//! With them the kernel reads the clock before and after every run of every program. That costs
//! about as much as a short program, so that statistics over the whole window would double the
//! overhead.

use recording::observer::Signal;
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
    pub fn scaled(&self, signals: Vec<Signal>, window_ns: u64) -> Vec<Signal> {
        let sampled = u128::from(self.sampled_ns().max(1));
        let scale = |value: u64| {
            u64::try_from(u128::from(value) * u128::from(window_ns) / sampled).unwrap_or(u64::MAX)
        };
        signals
            .into_iter()
            .map(|signal| Signal {
                hits: scale(signal.hits),
                bpf_ns: scale(signal.bpf_ns),
                ..signal
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_figures_up_to_the_window() {
        let statistics = BpfStats {
            held: None,
            sampled: Duration::from_nanos(100),
        };
        let signal = Signal {
            hits: 3,
            bpf_ns: 500,
            ..Signal::default()
        };
        let scaled = statistics.scaled(vec![signal], 1000);
        assert_eq!((scaled[0].hits, scaled[0].bpf_ns), (30, 5000));
    }

    #[test]
    fn keeps_zero_where_nothing_was_sampled() {
        let scaled = BpfStats::default().scaled(vec![Signal::default()], 1000);
        assert_eq!((scaled[0].hits, scaled[0].bpf_ns), (0, 0));
    }
}
