//! A request under way. Dropped before it was settled, it counts as cut: no request is ever lost from the count.

use super::worker::Worker;
use crate::client::{Answer, Failure};
use crate::steps::Step;

/// A request that has begun and not ended.
#[derive(Debug)]
pub struct InFlight<'a> {
    worker: &'a Worker,
    step: &'a Step,
    /// What its latencies count from.
    pub begin_ns: u64,
    settled: bool,
}

impl<'a> InFlight<'a> {
    /// Counts a request as begun.
    pub fn begin(worker: &'a Worker, step: &'a Step, begin_ns: u64) -> Self {
        worker.tally().started();
        Self {
            worker,
            step,
            begin_ns,
            settled: false,
        }
    }

    /// It was answered to the end.
    pub fn completed(mut self, answer: &Answer) {
        self.settled = true;
        let verdict = self.step.judge(answer);
        self.worker
            .tally()
            .completed(self.begin_ns, answer, &verdict);
    }

    /// It failed.
    pub fn failed(mut self, failure: Failure) {
        self.settled = true;
        self.worker.tally().failed(self.step.number(), failure);
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        if !self.settled {
            self.worker.tally().cut();
        }
    }
}
