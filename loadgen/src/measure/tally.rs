//! What one worker counted.

use super::{Latency, StepTally};
use crate::checks::Verdict;
use crate::client::{Answer, Failure};
use recording::load::Requests;

/// Counters and distributions of one worker, or of all of them joined.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Requests by how they ended.
    pub requests: Requests,
    /// Streams open now.
    pub active: u64,
    /// Per check: answers for which it held, and for which it did not.
    pub checks: Vec<[u64; 2]>,
    /// Each step by itself, where there are several.
    pub steps: Vec<StepTally>,
    /// Request to first byte.
    pub ttfb: Latency,
    /// Request to first content chunk.
    pub ttft: Latency,
    /// Between content chunks.
    pub chunk_interval: Latency,
    /// Between content tokens.
    pub itl: Latency,
    /// Request to last byte.
    pub total: Latency,
    /// Arrival of stamped chunks less their stamp.
    pub stamp_error: Latency,
    /// How late timers fired.
    pub scheduling_delay: Latency,
    /// How late requests with an appointed time began (open loop).
    pub start_delay: Latency,
}

impl Tally {
    /// A request begins.
    pub fn started(&mut self) {
        self.requests.started += 1;
        self.active += 1;
    }

    /// A request failed, of this step of several.
    pub fn failed(&mut self, step: Option<usize>, failure: Failure) {
        self.of_step(step, |step| step.failed += 1);
        *self.requests.failed.entry(failure.to_string()).or_default() += 1;
        self.active -= 1;
    }

    /// A request was cut by the deadline.
    pub fn cut(&mut self) {
        self.requests.cut += 1;
        self.active -= 1;
    }

    /// A request that was due at `begin_ns` was answered to the end.
    pub fn completed(&mut self, begin_ns: u64, answer: &Answer, verdict: &Verdict) {
        self.requests.completed += 1;
        self.active -= 1;
        let last = verdict.first + verdict.passed.len();
        self.checks.resize(last.max(self.checks.len()), [0; 2]);
        let counts = self.checks[verdict.first..].iter_mut();
        for (counts, passed) in counts.zip(&verdict.passed) {
            counts[usize::from(!passed)] += 1;
        }
        // A quick refusal is not a quick answer: what failed a check is in no percentile.
        match &verdict.reason {
            Some(reason) => {
                *self.requests.rejected.entry(reason.clone()).or_default() += 1;
                self.of_step(verdict.step, |step| step.failed += 1);
            }
            None => {
                self.record(begin_ns, answer);
                self.of_step(verdict.step, |step| step.record(begin_ns, answer));
            }
        }
    }

    /// Counts in the step of this number, if there are several.
    fn of_step(&mut self, number: Option<usize>, count: impl FnOnce(&mut StepTally)) {
        let Some(number) = number else { return };
        if number >= self.steps.len() {
            self.steps.resize_with(number + 1, StepTally::default);
        }
        count(&mut self.steps[number]);
    }

    fn record(&mut self, begin_ns: u64, answer: &Answer) {
        self.ttfb
            .record(answer.first_byte_ns.saturating_sub(begin_ns));
        if answer.tokens > 0 {
            let ttft = answer.first_content_ns.saturating_sub(begin_ns);
            self.ttft.record(ttft);
        }
        self.total.record(answer.end_ns.saturating_sub(begin_ns));
        for gap in &answer.gaps {
            let ns = u64::from(gap.tenths_us) * 100;
            self.chunk_interval.record(ns);
            // The wire does not say when within a chunk's interval its tokens were made: they share it evenly.
            self.itl
                .record_n(ns / u64::from(gap.tokens), gap.tokens.into());
        }
        for error in &answer.stamp_errors {
            self.stamp_error.record((*error).into());
        }
    }

    /// Requests that failed or were answered wrongly.
    pub fn bad(&self) -> u64 {
        let requests = &self.requests;
        requests
            .failed
            .values()
            .chain(requests.rejected.values())
            .sum()
    }

    /// Requests that ended by themselves, well or badly.
    pub fn ended(&self) -> u64 {
        self.requests.completed + self.requests.failed.values().sum::<u64>()
    }

    /// Adds all of another's.
    pub fn add(&mut self, other: &Self) {
        let (mine, theirs) = (&mut self.requests, &other.requests);
        mine.started += theirs.started;
        mine.completed += theirs.completed;
        mine.cut += theirs.cut;
        combine(&mut mine.failed, &theirs.failed, u64::wrapping_add);
        combine(&mut mine.rejected, &theirs.rejected, u64::wrapping_add);
        self.active += other.active;
        self.checks
            .resize(other.checks.len().max(self.checks.len()), [0; 2]);
        for (mine, theirs) in self.checks.iter_mut().zip(&other.checks) {
            mine[0] += theirs[0];
            mine[1] += theirs[1];
        }
        for (number, theirs) in other.steps.iter().enumerate() {
            self.of_step(Some(number), |mine| mine.add(theirs));
        }
        let theirs = other.latencies();
        self.latencies_mut()
            .into_iter()
            .zip(theirs)
            .for_each(|(mine, theirs)| mine.add(theirs));
    }

    /// What was added since this was `earlier`; streams open stay as they are now.
    pub fn since(&self, earlier: &Self) -> Self {
        let mut since = self.clone();
        let (mine, theirs) = (&mut since.requests, &earlier.requests);
        mine.started -= theirs.started;
        mine.completed -= theirs.completed;
        mine.cut -= theirs.cut;
        combine(&mut mine.failed, &theirs.failed, u64::wrapping_sub);
        combine(&mut mine.rejected, &theirs.rejected, u64::wrapping_sub);
        for (mine, theirs) in since.checks.iter_mut().zip(&earlier.checks) {
            mine[0] -= theirs[0];
            mine[1] -= theirs[1];
        }
        for (mine, theirs) in since.steps.iter_mut().zip(&earlier.steps) {
            mine.subtract(theirs);
        }
        let theirs = earlier.latencies();
        since
            .latencies_mut()
            .into_iter()
            .zip(theirs)
            .for_each(|(mine, theirs)| mine.subtract(theirs));
        since
    }

    /// The distributions of answers, by the names they are shown under.
    pub fn named(&self) -> [(&'static str, &Latency); 5] {
        [
            ("ttfb", &self.ttfb),
            ("ttft", &self.ttft),
            ("chunk_interval", &self.chunk_interval),
            ("itl", &self.itl),
            ("total", &self.total),
        ]
    }

    fn latencies(&self) -> [&Latency; 8] {
        [
            &self.ttfb,
            &self.ttft,
            &self.chunk_interval,
            &self.itl,
            &self.total,
            &self.stamp_error,
            &self.scheduling_delay,
            &self.start_delay,
        ]
    }

    fn latencies_mut(&mut self) -> [&mut Latency; 8] {
        [
            &mut self.ttfb,
            &mut self.ttft,
            &mut self.chunk_interval,
            &mut self.itl,
            &mut self.total,
            &mut self.stamp_error,
            &mut self.scheduling_delay,
            &mut self.start_delay,
        ]
    }
}

type Reasons = std::collections::BTreeMap<String, u64>;

fn combine(mine: &mut Reasons, theirs: &Reasons, with: fn(u64, u64) -> u64) {
    for (reason, count) in theirs {
        let sum = mine.entry(reason.clone()).or_default();
        *sum = with(*sum, *count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::Checks;
    use crate::client::Gap;

    fn answer(status: u16) -> Answer {
        Answer {
            status,
            first_byte_ns: 2_000_000,
            first_content_ns: 3_000_000,
            last_content_ns: 7_000_000,
            end_ns: 9_000_000,
            tokens: 3,
            done: true,
            gaps: vec![Gap {
                tenths_us: 40_000,
                tokens: 2,
            }],
            ..Answer::default()
        }
    }

    fn complete(tally: &mut Tally, answer: &Answer) {
        tally.started();
        tally.completed(1_000_000, answer, &Checks::default().judge(answer));
    }

    #[test]
    fn a_coalesced_chunk_shares_its_interval() {
        let mut tally = Tally::default();
        complete(&mut tally, &answer(200));
        assert_eq!((tally.chunk_interval.count(), tally.itl.count()), (1, 2));
        assert!(tally.itl.quantile(1.0).abs_diff(2_000_000) < 2_000);
        assert!(tally.ttft.quantile(1.0).abs_diff(2_000_000) < 2_000);
        assert!(tally.ttfb.quantile(1.0).abs_diff(1_000_000) < 1_000);
        assert!(tally.total.quantile(1.0).abs_diff(8_000_000) < 8_000);
    }

    #[test]
    fn an_answer_that_failed_a_check_is_in_no_percentile() {
        let mut tally = Tally::default();
        complete(&mut tally, &answer(502));
        assert_eq!((tally.requests.completed, tally.ttft.count()), (1, 0));
        assert_eq!(tally.requests.rejected["status 502"], 1);
        assert_eq!(tally.checks[0], [0, 1]);
    }

    #[test]
    fn every_request_ends_one_way() {
        let mut tally = Tally::default();
        complete(&mut tally, &answer(200));
        tally.started();
        tally.failed(None, Failure::Refused);
        tally.started();
        tally.cut();
        let requests = &tally.requests;
        assert_eq!(tally.active, 0);
        assert_eq!(requests.failed["connection refused"], 1);
        assert_eq!(
            (requests.started, requests.completed, requests.cut),
            (3, 1, 1)
        );
    }

    #[test]
    fn workers_add_up() {
        let (mut one, mut two) = (Tally::default(), Tally::default());
        complete(&mut two, &answer(200));
        complete(&mut two, &answer(500));
        one.add(&two);
        one.add(&two);
        assert_eq!((one.requests.completed, one.ttft.count()), (4, 2));
        assert_eq!(one.checks, [[2, 2], [4, 0], [4, 0]]);
        let since = one.since(&two);
        assert_eq!((since.requests, since.checks), (two.requests, two.checks));
        assert_eq!(since.ttft.distribution(), two.ttft.distribution());
    }
}
