//! Counters of one step of several.

use super::Latency;
use crate::client::Answer;

/// Counters and distributions of one step.
#[derive(Clone, Debug, Default)]
pub struct StepCounters {
    /// Complete answers that passed every check.
    pub good: u64,
    /// Requests that failed, or whose answer failed a check.
    pub failed: u64,
    /// Request to first token.
    pub ttft: Latency,
    /// Request to last byte.
    pub total: Latency,
}

impl StepCounters {
    /// Records an answer that passed every check, to a request that began at `begin_ns`.
    pub fn record(&mut self, begin_ns: u64, answer: &Answer) {
        self.good += 1;
        if answer.tokens > 0 {
            let ttft = answer.first_token_ns.saturating_sub(begin_ns);
            self.ttft.record(ttft);
        }
        self.total.record(answer.end_ns.saturating_sub(begin_ns));
    }

    /// Adds the counts of another step.
    pub fn add(&mut self, other: &Self) {
        self.good += other.good;
        self.failed += other.failed;
        self.ttft.add(&other.ttft);
        self.total.add(&other.total);
    }

    /// Subtracts earlier counts, which these include.
    pub fn subtract(&mut self, earlier: &Self) {
        self.good -= earlier.good;
        self.failed -= earlier.failed;
        self.ttft.subtract(&earlier.ttft);
        self.total.subtract(&earlier.total);
    }
}
