//! Counters and histograms of one worker.

use super::{Latency, StepCounters};
use crate::checks::Verdict;
use crate::client::{Answer, Failure};
use crate::clock::{SECOND, now_ns};
use recording::load::{Requests, TokenKinds, Usage};
use std::collections::BTreeMap;

/// Shortest silence at the end of the load that counts as a stalled server.
const SILENCE_NS: u64 = SECOND;
/// A request counts as overdue after this multiple of the longest wait so far.
const OVERDUE_FACTOR: u64 = 2;

/// Counters and histograms of one worker, or of all workers together.
#[derive(Clone, Debug, Default)]
pub struct Counters {
    /// Requests by how they ended.
    pub requests: Requests,
    /// First body of each reason for a rejection.
    pub error_bodies: BTreeMap<String, String>,
    /// Open streams.
    pub active: u64,
    /// Users whose first request has not ended.
    pub first_pending: u64,
    /// Requests cut before their first byte.
    pub cut_unanswered: u64,
    /// Requests that waited too long when open streams were cut.
    pub overdue_requests: u64,
    /// Requests that this host had no descriptor or port for.
    pub out_of_resources: u64,
    /// Stamp of the last failure.
    pub last_failure_ns: u64,
    /// Good answers that met all service-level objectives.
    pub goodput: u64,
    /// Tokens of good answers by kind.
    pub kinds: TokenKinds,
    /// Usage that servers reported in good answers.
    pub usage: Usage,
    /// Per check: answers that passed it, and answers that failed it.
    pub checks: Vec<[u64; 2]>,
    /// Counters per step, where there are several.
    pub steps: Vec<StepCounters>,
    /// Request to first byte.
    pub ttfb: Latency,
    /// Request to first token of any kind.
    pub ttft: Latency,
    /// Request to first token of the answer itself.
    pub ttfo: Latency,
    /// Between chunks with tokens.
    pub chunk_interval: Latency,
    /// Between tokens.
    pub itl: Latency,
    /// Time per output token of a stream.
    pub tpot: Latency,
    /// Request to last byte.
    pub total: Latency,
    /// Arrival of stamped chunks less their stamp.
    pub stamp_error: Latency,
    /// Delay of timers.
    pub scheduling_delay: Latency,
    /// Delay of requests after their due time (open loop).
    pub start_delay: Latency,
}

impl Counters {
    /// Counts a request as begun; `first` is whether it is its user's first.
    pub fn started(&mut self, first: bool) {
        self.requests.started += 1;
        self.active += 1;
        self.first_pending += u64::from(first);
    }

    /// Counts a request as ended, in any way.
    pub fn ended(&mut self, first: bool) {
        self.active -= 1;
        self.first_pending -= u64::from(first);
    }

    /// Counts a failed request of this step of several.
    pub fn failed(&mut self, step: Option<usize>, failure: Failure) {
        self.of_step(step, |step| step.failed += 1);
        self.out_of_resources += u64::from(failure.is_ours());
        let overdue = matches!(failure, Failure::Unanswered | Failure::Stalled);
        self.overdue_requests += u64::from(overdue);
        self.last_failure_ns = now_ns();
        *self.requests.failed.entry(failure.to_string()).or_default() += 1;
    }

    /// Counts a request as cut.
    pub fn cut(&mut self, unanswered: bool) {
        self.requests.cut += 1;
        self.cut_unanswered += u64::from(unanswered);
    }

    /// Returns the failure of a request that is cut at `now_ns` but waited too long to count as
    /// still streaming; stamps are 0 for none.
    ///
    /// Too long is more than a second, and more than twice the longest wait of a good answer so
    /// far: for the first byte, or between two chunks.
    pub fn overdue(
        &self,
        now_ns: u64,
        begin_ns: u64,
        first_byte_ns: u64,
        last_byte_ns: u64,
    ) -> Option<Failure> {
        let (failure, since_ns, longest_ns) = match first_byte_ns {
            0 => (Failure::Unanswered, begin_ns, self.ttfb.max()),
            _ => (Failure::Stalled, last_byte_ns, self.chunk_interval.max()),
        };
        let bound_ns = SILENCE_NS.max(OVERDUE_FACTOR.saturating_mul(longest_ns));
        (now_ns.saturating_sub(since_ns) > bound_ns).then_some(failure)
    }

    /// Counts a complete answer to a request that began at `begin_ns`.
    pub fn completed(&mut self, begin_ns: u64, answer: &Answer, verdict: &Verdict) {
        self.requests.completed += 1;
        let last = verdict.first + verdict.passed.len();
        self.checks.resize(last.max(self.checks.len()), [0; 2]);
        let counts = self.checks[verdict.first..].iter_mut();
        for (counts, passed) in counts.zip(&verdict.passed) {
            counts[usize::from(!passed)] += 1;
        }
        // A quick refusal is not a quick answer: rejected answers are in no percentile.
        match &verdict.reason {
            Some(reason) => {
                *self.requests.rejected.entry(reason.clone()).or_default() += 1;
                if !self.error_bodies.contains_key(reason) && !answer.body_start.is_empty() {
                    let body = String::from_utf8_lossy(&answer.body_start).into_owned();
                    self.error_bodies.insert(reason.clone(), body);
                }
                self.of_step(verdict.step, |step| step.failed += 1);
            }
            None => {
                self.record(begin_ns, answer);
                self.goodput += u64::from(verdict.met_slo);
                self.of_step(verdict.step, |step| step.record(begin_ns, answer));
            }
        }
    }

    /// Counts in the step of this number, if there are several.
    pub(super) fn of_step(&mut self, number: Option<usize>, count: impl FnOnce(&mut StepCounters)) {
        let Some(number) = number else { return };
        if number >= self.steps.len() {
            self.steps.resize_with(number + 1, StepCounters::default);
        }
        count(&mut self.steps[number]);
    }

    fn record(&mut self, begin_ns: u64, answer: &Answer) {
        let since = |ns: u64| ns.saturating_sub(begin_ns);
        self.ttfb.record(since(answer.first_byte_ns));
        if answer.tokens > 0 {
            self.ttft.record(since(answer.first_token_ns));
        }
        if answer.first_output_ns > 0 {
            self.ttfo.record(since(answer.first_output_ns));
        }
        if let Some(tpot_ns) = answer.tpot_ns() {
            self.tpot.record(tpot_ns);
        }
        self.total.record(since(answer.end_ns));
        for gap in &answer.gaps {
            let ns = u64::from(gap.tenths_us) * 100;
            self.chunk_interval.record(ns);
            // The stream does not show when the tokens of one chunk were made: they share its gap.
            self.itl
                .record_n(ns / u64::from(gap.tokens), gap.tokens.into());
        }
        for error in &answer.stamp_errors {
            self.stamp_error.record((*error).into());
        }
        let (reasoning, tool_call) = (answer.reasoning_tokens, answer.tool_call_tokens);
        self.kinds.reasoning += reasoning;
        self.kinds.tool_call += tool_call;
        self.kinds.answer += answer.tokens - reasoning - tool_call;
        if let Some(usage) = answer.usage {
            self.usage.answers += 1;
            self.usage.prompt_tokens += usage.prompt;
            self.usage.completion_tokens += usage.completion;
            self.usage.reasoning_tokens += usage.reasoning;
        }
    }

    /// Returns the number of requests that failed or were rejected.
    pub fn bad(&self) -> u64 {
        let requests = &self.requests;
        requests
            .failed
            .values()
            .chain(requests.rejected.values())
            .sum()
    }

    /// Returns the number of requests that completed or failed.
    pub fn finished(&self) -> u64 {
        self.requests.completed + self.requests.failed.values().sum::<u64>()
    }

    /// Returns the distributions of good answers, by their names in results.
    pub fn named(&self) -> [(&'static str, &Latency); 7] {
        [
            ("ttfb", &self.ttfb),
            ("ttft", &self.ttft),
            ("ttfo", &self.ttfo),
            ("chunk_interval", &self.chunk_interval),
            ("itl", &self.itl),
            ("tpot", &self.tpot),
            ("total", &self.total),
        ]
    }
}

#[cfg(test)]
#[path = "counters_tests.rs"]
mod tests;
