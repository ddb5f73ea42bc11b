//! What all workers together counted, up to some moment or between two.

use super::Tally;
use crate::clock::per_second;
use recording::load::LoadPoint;

/// Counts of a stretch of time.
#[derive(Clone, Debug, Default)]
pub struct Totals {
    /// Counters and distributions.
    pub tally: Tally,
    /// Length of the stretch.
    pub elapsed_ns: u64,
    /// Bytes written to sockets.
    pub bytes_sent: u64,
    /// Bytes read from sockets.
    pub bytes_received: u64,
    /// Content tokens.
    pub tokens: u64,
    /// Content chunks.
    pub chunks: u64,
}

impl Totals {
    /// What came on top of `earlier`.
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            tally: self.tally.since(&earlier.tally),
            elapsed_ns: self.elapsed_ns - earlier.elapsed_ns,
            bytes_sent: self.bytes_sent - earlier.bytes_sent,
            bytes_received: self.bytes_received - earlier.bytes_received,
            tokens: self.tokens - earlier.tokens,
            chunks: self.chunks - earlier.chunks,
        }
    }

    /// As a point of the series that ends `t_ns` after the start, with `load` offered.
    pub fn point(&self, t_ns: u64, load: f64) -> LoadPoint {
        LoadPoint {
            t_ns,
            load,
            active: self.tally.active,
            completed: self.tally.requests.completed,
            failed: self.tally.bad(),
            tokens: self.tokens,
            ttft_p50_ns: self.tally.ttft.quantile(0.5),
            ttft_p99_ns: self.tally.ttft.quantile(0.99),
            itl_p50_ns: self.tally.itl.quantile(0.5),
        }
    }

    /// `count` a second.
    pub fn rate(&self, count: u64) -> f64 {
        per_second(count, self.elapsed_ns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SECOND;

    #[test]
    fn a_second_is_the_difference_of_two_moments() {
        let mut earlier = Totals {
            elapsed_ns: SECOND,
            tokens: 10,
            ..Totals::default()
        };
        earlier.tally.ttft.record(1_000_000);
        let mut later = Totals {
            elapsed_ns: 3 * SECOND,
            tokens: 40,
            ..earlier.clone()
        };
        later.tally.ttft.record(9_000_000);
        let point = later.since(&earlier).point(3 * SECOND, 5.0);
        assert_eq!((point.tokens, point.load), (30, 5.0));
        assert!(point.ttft_p50_ns.abs_diff(9_000_000) < 9_000);
        assert_eq!(later.since(&earlier).rate(30), 15.0);
    }
}
