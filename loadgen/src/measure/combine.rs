//! Sums and differences of counters: workers are added up, seconds subtracted.

use super::{Counters, Latency};
use recording::load::Requests;
use std::collections::BTreeMap;

impl Counters {
    /// Adds the counts of another worker.
    pub fn add(&mut self, other: &Self) {
        self.combine(other, u64::wrapping_add);
        self.active += other.active;
        self.first_pending += other.first_pending;
        self.last_failure_ns = self.last_failure_ns.max(other.last_failure_ns);
        for (reason, body) in &other.error_bodies {
            self.error_bodies
                .entry(reason.clone())
                .or_insert_with(|| body.clone());
        }
        for (number, theirs) in other.steps.iter().enumerate() {
            self.of_step(Some(number), |mine| mine.add(theirs));
        }
        let theirs = other.latencies();
        let both = self.latencies_mut().into_iter().zip(theirs);
        both.for_each(|(mine, theirs)| mine.add(theirs));
    }

    /// Returns the counts since `earlier`; open streams stay as they are now.
    pub fn since(&self, earlier: &Self) -> Self {
        let mut since = self.clone();
        since.combine(earlier, u64::wrapping_sub);
        for (mine, theirs) in since.steps.iter_mut().zip(&earlier.steps) {
            mine.subtract(theirs);
        }
        let theirs = earlier.latencies();
        let both = since.latencies_mut().into_iter().zip(theirs);
        both.for_each(|(mine, theirs)| mine.subtract(theirs));
        since
    }

    /// Combines all plain counts with those of another.
    fn combine(&mut self, other: &Self, with: fn(u64, u64) -> u64) {
        let theirs = other.counts();
        for (mine, theirs) in self.counts_mut().into_iter().zip(theirs) {
            *mine = with(*mine, theirs);
        }
        combine(&mut self.requests.failed, &other.requests.failed, with);
        combine(&mut self.requests.rejected, &other.requests.rejected, with);
        self.checks
            .resize(other.checks.len().max(self.checks.len()), [0; 2]);
        for (mine, theirs) in self.checks.iter_mut().zip(&other.checks) {
            mine[0] = with(mine[0], theirs[0]);
            mine[1] = with(mine[1], theirs[1]);
        }
    }

    fn counts(&self) -> [u64; 15] {
        let mut copy = Self {
            requests: Requests {
                failed: BTreeMap::new(),
                rejected: BTreeMap::new(),
                ..self.requests
            },
            kinds: self.kinds,
            usage: self.usage,
            cut_unanswered: self.cut_unanswered,
            overdue_requests: self.overdue_requests,
            out_of_resources: self.out_of_resources,
            goodput: self.goodput,
            ..Self::default()
        };
        copy.counts_mut().map(|count| *count)
    }

    fn counts_mut(&mut self) -> [&mut u64; 15] {
        let (requests, kinds, usage) = (&mut self.requests, &mut self.kinds, &mut self.usage);
        [
            &mut requests.started,
            &mut requests.completed,
            &mut requests.cut,
            &mut requests.resent,
            &mut self.cut_unanswered,
            &mut self.overdue_requests,
            &mut self.out_of_resources,
            &mut self.goodput,
            &mut kinds.answer,
            &mut kinds.reasoning,
            &mut kinds.tool_call,
            &mut usage.answers,
            &mut usage.prompt_tokens,
            &mut usage.completion_tokens,
            &mut usage.reasoning_tokens,
        ]
    }

    fn latencies(&self) -> [&Latency; 10] {
        [
            &self.ttfb,
            &self.ttft,
            &self.ttfo,
            &self.chunk_interval,
            &self.itl,
            &self.tpot,
            &self.total,
            &self.stamp_error,
            &self.scheduling_delay,
            &self.start_delay,
        ]
    }

    fn latencies_mut(&mut self) -> [&mut Latency; 10] {
        [
            &mut self.ttfb,
            &mut self.ttft,
            &mut self.ttfo,
            &mut self.chunk_interval,
            &mut self.itl,
            &mut self.tpot,
            &mut self.total,
            &mut self.stamp_error,
            &mut self.scheduling_delay,
            &mut self.start_delay,
        ]
    }
}

fn combine(
    mine: &mut BTreeMap<String, u64>,
    theirs: &BTreeMap<String, u64>,
    with: fn(u64, u64) -> u64,
) {
    for (reason, count) in theirs {
        let sum = mine.entry(reason.clone()).or_default();
        *sum = with(*sum, *count);
    }
}
