//! What was counted of one step of several.

use super::Latency;
use crate::client::Answer;

/// Counters and distributions of one step.
#[derive(Clone, Debug, Default)]
pub struct StepTally {
    /// Answers that passed every check.
    pub good: u64,
    /// Requests that failed, or whose answer failed a check.
    pub failed: u64,
    /// Request to first content chunk.
    pub ttft: Latency,
    /// Request to last byte.
    pub total: Latency,
}

impl StepTally {
    /// A request that was due at `begin_ns` was answered well.
    pub fn record(&mut self, begin_ns: u64, answer: &Answer) {
        self.good += 1;
        if answer.tokens > 0 {
            let ttft = answer.first_content_ns.saturating_sub(begin_ns);
            self.ttft.record(ttft);
        }
        self.total.record(answer.end_ns.saturating_sub(begin_ns));
    }

    /// Adds all of another's.
    pub fn add(&mut self, other: &Self) {
        self.good += other.good;
        self.failed += other.failed;
        self.ttft.add(&other.ttft);
        self.total.add(&other.total);
    }

    /// Takes away what was counted earlier.
    pub fn subtract(&mut self, earlier: &Self) {
        self.good -= earlier.good;
        self.failed -= earlier.failed;
        self.ttft.subtract(&earlier.ttft);
        self.total.subtract(&earlier.total);
    }
}
