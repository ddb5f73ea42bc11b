//! Plan of a run: every setting, resolved before the load begins.

use crate::client::Target;
use crate::clock::per_second;
use crate::distribution::Distribution;
use crate::mask::Secrets;
use crate::prompts::Prompts;
use crate::scenario::{Arrivals, Shape, Spacing, Unit};
use crate::slo::Slo;
use crate::sse::Selection;
use crate::steps::Steps;
use crate::threshold::Threshold;
use crate::trace::Trace;
use recording::load::Origin;
use std::sync::Arc;
use std::time::Duration;

/// Plan of a load.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Origin of the result.
    pub origin: Origin,
    /// Name of the scenario.
    pub scenario: String,
    /// Load over time.
    pub shape: Shape,
    /// Number of requests after which the load ends, if that is sooner.
    pub requests: Option<u64>,
    /// Spacing of due times (open loop).
    pub spacing: Spacing,
    /// Highest number of open streams (open loop).
    pub max_streams: usize,
    /// Seed of the random due times.
    pub seed: u64,
    /// Targets; users take turns.
    pub targets: Vec<Target>,
    /// Requests and checks.
    pub steps: Steps,
    /// Prompts; none for `hello`.
    pub prompts: Option<Prompts>,
    /// Trace to replay (open loop).
    pub trace: Option<Arc<Trace>>,
    /// Turns of a conversation; 1 for requests without history.
    pub conversation: u64,
    /// Think time of closed-loop users after a good answer, in seconds.
    pub think_time: Option<Distribution>,
    /// Stream format.
    pub format: Selection,
    /// Service-level objectives of goodput.
    pub slo: Option<Slo>,
    /// Secrets to mask in text from servers.
    pub secrets: Secrets,
    /// Thresholds over the whole run.
    pub thresholds: Vec<Threshold>,
    /// Whether the first threshold that is crossed ends the run.
    pub stop_when_crossed: bool,
    /// Time for which open streams may finish after the load.
    pub graceful_stop: Duration,
    /// Longest time from a request to the end of its answer, connecting included.
    pub timeout: Duration,
    /// Number of worker threads.
    pub threads: usize,
}

impl Plan {
    /// Returns the requests a second that were due in the first `offered_ns`; 0 in a closed loop.
    /// Random due times are counted one by one, since their number differs from the mean.
    pub fn requested_rate(&self, offered_ns: u64) -> f64 {
        match self.shape.unit {
            Unit::Users => 0.0,
            Unit::Rate => per_second(self.due(offered_ns), offered_ns),
        }
    }

    fn due(&self, offered_ns: u64) -> u64 {
        let most = self.requests.unwrap_or(u64::MAX);
        let of = |number| self.arrivals(number).take_while(|due| *due < offered_ns);
        // No more than are ever requested, since a high rate has many due times.
        let take = usize::try_from(most).unwrap_or(usize::MAX);
        let count = |number| of(number).take(take).count() as u64;
        (0..self.threads).map(count).sum::<u64>().min(most)
    }

    /// Returns the due times of worker `number` (open loop): those of the trace, or by the rate.
    pub fn arrivals(&self, number: usize) -> Box<dyn Iterator<Item = u64> + Send> {
        match &self.trace {
            Some(trace) => {
                let (trace, threads) = (trace.clone(), self.threads);
                let own = (number..trace.entries.len()).step_by(threads);
                Box::new(own.map(move |at| trace.entries[at].at_ns))
            }
            None => {
                let (shape, spacing) = (&self.shape, self.spacing);
                Box::new(Arrivals::new(
                    shape,
                    spacing,
                    self.seed,
                    number,
                    self.threads,
                ))
            }
        }
    }

    /// Returns the think time of user `user` after its `turn`-th answer.
    pub fn think_time(&self, user: usize, turn: u64) -> Duration {
        let index = self.index(user, turn);
        let seconds = self.think_time.as_ref();
        let seconds = seconds.map_or(0.0, |think_time| think_time.value(self.seed, index));
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
    }

    /// Returns the number of a closed-loop user's request among all of the run.
    pub fn index(&self, user: usize, turn: u64) -> u64 {
        let users = self.shape.peak().ceil() as u64;
        turn.saturating_mul(users).saturating_add(user as u64)
    }

    /// Returns the highest number of open streams of worker `number` (open loop).
    pub fn streams_of(&self, number: usize) -> usize {
        (self.max_streams + self.threads - 1 - number) / self.threads
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::client::{Request, Template, Transport};
    use crate::clock::SECOND;
    use crate::scenario::Scenario;

    /// Returns a plan for a server that no test connects to.
    pub fn plan(scenario: &Scenario) -> Plan {
        let request = Request::new(Template::parse("{}"), &[]).unwrap();
        Plan {
            origin: Origin::default(),
            scenario: scenario.name.clone(),
            shape: scenario.shape().unwrap(),
            requests: None,
            spacing: scenario.arrivals,
            max_streams: 10,
            seed: 1,
            targets: vec![Target::new("http://127.0.0.1:1/", &Transport::default()).unwrap()],
            steps: Steps::one(request, scenario.expect.clone()),
            prompts: None,
            trace: None,
            conversation: 1,
            think_time: None,
            format: Selection::Auto,
            slo: None,
            secrets: Secrets::default(),
            thresholds: scenario.thresholds.clone(),
            stop_when_crossed: scenario.stop_when_crossed,
            graceful_stop: Duration::ZERO,
            timeout: Duration::from_secs(1),
            threads: 1,
        }
    }

    #[test]
    fn rates_as_many_begun_as_due_alike() {
        let text = "[[stages]]\nduration = '1200ms'\nrate = 50.0";
        let plan = plan(&Scenario::parse("test", text).unwrap());
        for ns in (1..2000).map(|step| step * 613_651) {
            assert_eq!(per_second(plan.due(ns), ns), plan.requested_rate(ns));
        }
        assert_eq!(per_second(0, 0), 0.0);
    }

    #[test]
    fn splits_streams_over_workers() {
        let text = "[[stages]]\nduration = '4s'\nrate = 5.0";
        let mut plan = plan(&Scenario::parse("test", text).unwrap());
        plan.threads = 3;
        assert_eq!([0, 1, 2].map(|number| plan.streams_of(number)), [4, 3, 3]);
        plan.spacing = Spacing::Even;
        assert_eq!(plan.requested_rate(2 * SECOND), 5.0);
        plan.requests = Some(4);
        assert_eq!(plan.requested_rate(2 * SECOND), 2.0);
    }

    #[test]
    fn counts_random_due_times_one_by_one() {
        let text = "[[stages]]\nduration = '4s'\nrate = 5.0";
        let mut plan = plan(&Scenario::parse("test", text).unwrap());
        for (threads, seed) in [(1, 1), (2, 1), (2, 2), (3, 7)] {
            (plan.threads, plan.seed) = (threads, seed);
            let due = (0..threads).flat_map(|number| plan.arrivals(number));
            assert_eq!(plan.requested_rate(4 * SECOND), due.count() as f64 / 4.0);
        }
    }
}
