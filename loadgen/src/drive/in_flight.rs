//! A request in flight. If it is dropped before it is resolved, it counts as cut or as unanswered,
//! so that every request that began is counted exactly once.

use super::worker_state::WorkerState;
use crate::client::{Answer, Failure, Progress};
use crate::clock::now_ns;
use crate::steps::Step;

/// A request that has begun and not ended.
#[derive(Debug)]
pub struct InFlight<'a> {
    worker: &'a WorkerState,
    step: &'a Step,
    /// Moment that its latencies count from.
    pub begin_ns: u64,
    /// First request of its user.
    first: bool,
    /// Reads of its connection; none while it connects.
    progress: Option<Progress>,
    resolved: bool,
}

impl<'a> InFlight<'a> {
    /// Counts a request as begun.
    pub fn begin(worker: &'a WorkerState, step: &'a Step, begin_ns: u64, first: bool) -> Self {
        worker.counters().started(first);
        Self {
            worker,
            step,
            begin_ns,
            first,
            progress: None,
            resolved: false,
        }
    }

    /// Notes the connection that carries the request.
    pub fn sent_on(&mut self, progress: Progress) {
        self.progress = Some(progress);
    }

    /// Counts that the request is sent again.
    pub fn resent(&self) {
        self.worker.counters().requests.resent += 1;
    }

    /// Counts the request as answered to the end.
    pub fn completed(mut self, answer: &Answer) {
        self.resolved = true;
        let mut verdict = self.step.judge(answer);
        let slo = self.worker.plan.slo.as_ref();
        verdict.met_slo = slo.is_some_and(|slo| slo.is_met(self.begin_ns, answer));
        let mut counters = self.worker.counters();
        counters.ended(self.first);
        counters.completed(self.begin_ns, answer, &verdict);
    }

    /// Counts the request as failed.
    pub fn failed(mut self, failure: Failure) {
        self.resolved = true;
        let mut counters = self.worker.counters();
        counters.ended(self.first);
        counters.failed(self.step.number(), failure);
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        if self.resolved {
            return;
        }
        let (first_byte_ns, last_byte_ns) = self
            .progress
            .as_ref()
            .map_or((0, 0), |progress| progress.bytes_ns());
        let mut counters = self.worker.counters();
        counters.ended(self.first);
        let overdue = counters.overdue(now_ns(), self.begin_ns, first_byte_ns, last_byte_ns);
        match overdue {
            Some(failure) => counters.failed(self.step.number(), failure),
            None => counters.cut(first_byte_ns == 0),
        }
    }
}
