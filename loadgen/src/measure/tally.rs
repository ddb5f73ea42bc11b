//! What one worker counted.

use super::Latency;
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
    /// The second under way.
    pub interval: Interval,
}

/// What ended since the last look.
#[derive(Clone, Debug, Default)]
pub struct Interval {
    /// Answers read to their end.
    pub completed: u64,
    /// Time to first token of those that passed all checks.
    pub ttft: Latency,
}

impl Tally {
    /// A request begins.
    pub fn started(&mut self) {
        self.requests.started += 1;
        self.active += 1;
    }

    /// A request failed.
    pub fn failed(&mut self, failure: Failure) {
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
        self.interval.completed += 1;
        self.active -= 1;
        self.checks
            .resize(verdict.passed.len().max(self.checks.len()), [0; 2]);
        for (counts, passed) in self.checks.iter_mut().zip(&verdict.passed) {
            counts[usize::from(!passed)] += 1;
        }
        // A quick refusal is not a quick answer: what failed a check is in no percentile.
        match verdict.reason() {
            Some(reason) => *self.requests.rejected.entry(reason).or_default() += 1,
            None => self.record(begin_ns, answer),
        }
    }

    fn record(&mut self, begin_ns: u64, answer: &Answer) {
        let ttft = answer.first_content_ns.saturating_sub(begin_ns);
        self.ttfb
            .record(answer.first_byte_ns.saturating_sub(begin_ns));
        self.ttft.record(ttft);
        self.interval.ttft.record(ttft);
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

    /// Ends the second under way.
    pub fn take_interval(&mut self) -> Interval {
        let taken = self.interval.clone();
        self.interval.completed = 0;
        self.interval.ttft.clear();
        taken
    }

    /// Adds all of another worker's.
    pub fn add(&mut self, other: &Self) {
        self.requests.started += other.requests.started;
        self.requests.completed += other.requests.completed;
        self.requests.cut += other.requests.cut;
        add_reasons(&mut self.requests.failed, &other.requests.failed);
        add_reasons(&mut self.requests.rejected, &other.requests.rejected);
        self.active += other.active;
        self.checks
            .resize(other.checks.len().max(self.checks.len()), [0; 2]);
        for (mine, theirs) in self.checks.iter_mut().zip(&other.checks) {
            mine[0] += theirs[0];
            mine[1] += theirs[1];
        }
        self.ttfb.add(&other.ttfb);
        self.ttft.add(&other.ttft);
        self.chunk_interval.add(&other.chunk_interval);
        self.itl.add(&other.itl);
        self.total.add(&other.total);
        self.stamp_error.add(&other.stamp_error);
        self.scheduling_delay.add(&other.scheduling_delay);
    }
}

type Reasons = std::collections::BTreeMap<String, u64>;

fn add_reasons(mine: &mut Reasons, theirs: &Reasons) {
    for (reason, count) in theirs {
        *mine.entry(reason.clone()).or_default() += count;
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
        tally.failed(Failure::Refused);
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
    }
}
