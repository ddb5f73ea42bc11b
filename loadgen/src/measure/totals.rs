//! Counts of all workers, up to a moment or between two.

use super::Counters;
use crate::clock::{SECOND, per_second};
use recording::load::LoadPoint;

/// Counts of a stretch of time.
#[derive(Clone, Debug, Default)]
pub struct Totals {
    /// Counters and distributions.
    pub counters: Counters,
    /// Length of the stretch.
    pub elapsed_ns: u64,
    /// Stamp of the last read on any socket; 0 for none.
    pub last_byte_ns: u64,
    /// Bytes written to sockets.
    pub bytes_sent: u64,
    /// Bytes read from sockets.
    pub bytes_received: u64,
    /// Tokens received.
    pub tokens: u64,
    /// Chunks with tokens received.
    pub chunks: u64,
}

impl Totals {
    /// Returns the counts since `earlier`.
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            counters: self.counters.since(&earlier.counters),
            elapsed_ns: self.elapsed_ns - earlier.elapsed_ns,
            last_byte_ns: self.last_byte_ns,
            bytes_sent: self.bytes_sent - earlier.bytes_sent,
            bytes_received: self.bytes_received - earlier.bytes_received,
            tokens: self.tokens - earlier.tokens,
            chunks: self.chunks - earlier.chunks,
        }
    }

    /// Returns a point of the series that ends `t_ns` after the start, with `load` offered.
    pub fn point(&self, t_ns: u64, load: f64) -> LoadPoint {
        LoadPoint {
            t_ns,
            load,
            active: self.counters.active,
            completed: self.counters.requests.completed,
            failed: self.counters.bad(),
            tokens: self.tokens,
            ttft_p50_ns: self.counters.ttft.quantile(0.5),
            ttft_p99_ns: self.counters.ttft.quantile(0.99),
            itl_p50_ns: self.counters.itl.quantile(0.5),
        }
    }

    /// Returns the time from the server's last byte to `now_ns`, if the server has stopped
    /// answering.
    ///
    /// Requests must have failed after that byte, and the silence must be longer than a second and
    /// than twice the longest wait of a good answer. A single late answer after `end_ns`, the end
    /// of the load, is no evidence.
    pub fn unresponsive_ns(&self, now_ns: u64, end_ns: u64) -> Option<u64> {
        let silent_ns = now_ns.saturating_sub(self.last_byte_ns);
        let failing = self.counters.last_failure_ns > self.last_byte_ns && self.last_byte_ns > 0;
        let longest_ns = self
            .counters
            .ttfb
            .max()
            .max(self.counters.chunk_interval.max());
        let bound_ns = SECOND.max(longest_ns.saturating_mul(2));
        let evidence = self.last_byte_ns < end_ns || self.counters.overdue_requests > 1;
        (failing && evidence && silent_ns > bound_ns).then_some(silent_ns)
    }

    /// Returns `count` a second.
    pub fn rate(&self, count: u64) -> f64 {
        per_second(count, self.elapsed_ns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_a_server_that_stopped_answering() {
        let mut totals = Totals {
            last_byte_ns: 5 * SECOND,
            ..Totals::default()
        };
        let silent = |totals: &Totals, now: u64| totals.unresponsive_ns(now * SECOND, 8 * SECOND);
        assert_eq!(silent(&totals, 9), None, "no request failed since");
        totals.counters.last_failure_ns = 8 * SECOND;
        assert_eq!(silent(&totals, 9), Some(4 * SECOND));
        assert_eq!(silent(&totals, 6), None, "not long enough");
        totals.counters.ttfb.record(3 * SECOND);
        assert_eq!(silent(&totals, 9), None, "known to be slow");
    }

    #[test]
    fn accepts_a_single_late_answer_after_the_load() {
        let mut totals = Totals {
            last_byte_ns: 5 * SECOND,
            ..Totals::default()
        };
        totals.counters.last_failure_ns = 9 * SECOND;
        totals.counters.overdue_requests = 1;
        assert_eq!(totals.unresponsive_ns(9 * SECOND, 5 * SECOND), None);
        totals.counters.overdue_requests = 2;
        let silent_ns = totals.unresponsive_ns(9 * SECOND, 5 * SECOND);
        assert_eq!(silent_ns, Some(4 * SECOND));
    }

    #[test]
    fn subtracts_earlier_counts() {
        let mut earlier = Totals {
            elapsed_ns: SECOND,
            tokens: 10,
            ..Totals::default()
        };
        earlier.counters.ttft.record(1_000_000);
        let mut later = Totals {
            elapsed_ns: 3 * SECOND,
            tokens: 40,
            ..earlier.clone()
        };
        later.counters.ttft.record(9_000_000);
        let point = later.since(&earlier).point(3 * SECOND, 5.0);
        assert_eq!((point.tokens, point.load), (30, 5.0));
        assert!(point.ttft_p50_ns.abs_diff(9_000_000) < 9_000);
        assert_eq!(later.since(&earlier).rate(30), 15.0);
    }
}
