//! The kernel's measuring of BPF programs (`BPF_ENABLE_STATS`), for a part of the window only.
//!
//! It reads the clock twice around every run of every program, which costs about as much as a short program does:
//! the observer would double what it is there to measure.

use recording::observer::Signal;
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
    fn figures_grow_with_the_part_that_was_not_measured() {
        let statistics = Statistics {
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
    fn nothing_measured_is_nothing_known() {
        let scaled = Statistics::default().scaled(vec![Signal::default()], 1000);
        assert_eq!((scaled[0].hits, scaled[0].bpf_ns), (0, 0));
    }
}
