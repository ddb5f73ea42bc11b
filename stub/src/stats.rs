//! The stub's counters, which `GET /stats` returns.

use hdrhistogram::Histogram;
use serde::Serialize;
use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

/// Counters of one worker. Workers do not share counters, so that cores do not contend for a cache
/// line.
pub struct Stats {
    /// Accepted requests for a completion.
    pub requests: AtomicU64,
    /// Completions whose last byte hyper got.
    pub completed: AtomicU64,
    /// Completions that the client or a fault cut short.
    pub aborted: AtomicU64,
    /// Requests answered with an error status, injected ones included.
    pub refused: AtomicU64,
    /// Events with content.
    pub chunks_sent: AtomicU64,
    /// Tokens in streaming and non-streaming answers.
    pub tokens_sent: AtomicU64,
    /// Bytes written to sockets, headers included.
    pub bytes_sent: AtomicU64,
    /// Bytes read from sockets, headers included.
    pub bytes_received: AtomicU64,
    /// Writes to sockets. Fewer writes than chunks mean that events were written together.
    pub writes: AtomicU64,
    lateness_ns: Mutex<Histogram<u64>>,
}

/// The sum of all workers' counters, as `GET /stats` returns it.
#[derive(Debug, Default, Serialize)]
pub struct Snapshot {
    requests: u64,
    active: u64,
    completed: u64,
    aborted: u64,
    refused: u64,
    chunks_sent: u64,
    tokens_sent: u64,
    bytes_sent: u64,
    bytes_received: u64,
    writes: u64,
    /// Events that the timer wrote, each with a known lateness.
    scheduled: u64,
    lateness_p50_ns: u64,
    lateness_p99_ns: u64,
    lateness_max_ns: u64,
}

/// Longer lateness is counted as a minute.
const MAX_LATENESS_NS: u64 = 60_000_000_000;

fn empty_histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, MAX_LATENESS_NS, 3)
        .expect("1 to a minute at three digits is a valid range")
}

impl Default for Stats {
    fn default() -> Self {
        Self {
            requests: AtomicU64::default(),
            completed: AtomicU64::default(),
            aborted: AtomicU64::default(),
            refused: AtomicU64::default(),
            chunks_sent: AtomicU64::default(),
            tokens_sent: AtomicU64::default(),
            bytes_sent: AtomicU64::default(),
            bytes_received: AtomicU64::default(),
            writes: AtomicU64::default(),
            lateness_ns: Mutex::new(empty_histogram()),
        }
    }
}

impl Stats {
    /// Counts an event that was written `lateness` after it was due.
    pub fn record_lateness(&self, lateness: Duration) {
        let nanoseconds = u64::try_from(lateness.as_nanos()).unwrap_or(u64::MAX);
        self.lateness().saturating_record(nanoseconds);
    }

    fn lateness(&self) -> MutexGuard<'_, Histogram<u64>> {
        self.lateness_ns
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Adds one.
pub fn count(counter: &AtomicU64) {
    add(counter, 1);
}

/// Adds `n`. Only one worker writes a counter, so no locked instruction is needed. A locked
/// instruction would wait for all outstanding memory accesses of the core.
pub fn add(counter: &AtomicU64, n: u64) {
    counter.store(counter.load(Relaxed) + n, Relaxed);
}

impl Snapshot {
    /// Sums the counters of all workers.
    pub fn of<'a>(workers: impl Iterator<Item = &'a Stats>) -> Self {
        let mut sum = Self::default();
        let mut lateness = empty_histogram();
        for stats in workers {
            sum.add(stats);
            lateness
                .add(&*stats.lateness())
                .expect("all lateness histograms have the same range");
        }
        // `requests` is read before the outcomes, so the difference can be negative for a moment.
        sum.active = sum.requests.saturating_sub(sum.completed + sum.aborted);
        sum.scheduled = lateness.len();
        sum.lateness_p50_ns = lateness.value_at_quantile(0.5);
        sum.lateness_p99_ns = lateness.value_at_quantile(0.99);
        sum.lateness_max_ns = lateness.max();
        sum
    }

    fn add(&mut self, stats: &Stats) {
        self.requests += stats.requests.load(Relaxed);
        self.completed += stats.completed.load(Relaxed);
        self.aborted += stats.aborted.load(Relaxed);
        self.refused += stats.refused.load(Relaxed);
        self.chunks_sent += stats.chunks_sent.load(Relaxed);
        self.tokens_sent += stats.tokens_sent.load(Relaxed);
        self.bytes_sent += stats.bytes_sent.load(Relaxed);
        self.bytes_received += stats.bytes_received.load(Relaxed);
        self.writes += stats.writes.load(Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_workers() {
        let workers = [Stats::default(), Stats::default()];
        for stats in &workers {
            add(&stats.requests, 3);
            count(&stats.completed);
            stats.record_lateness(Duration::from_micros(100));
        }
        count(&workers[0].aborted);
        let sum = Snapshot::of(workers.iter());
        assert_eq!((sum.requests, sum.completed, sum.aborted), (6, 2, 1));
        assert_eq!((sum.active, sum.scheduled), (3, 2));
        // Three significant digits.
        assert!(sum.lateness_p99_ns.abs_diff(100_000) <= 100);
    }

    #[test]
    fn counts_lateness_beyond_the_range() {
        let stats = Stats::default();
        stats.record_lateness(Duration::from_secs(3600));
        assert_eq!(Snapshot::of([&stats].into_iter()).scheduled, 1);
    }
}
