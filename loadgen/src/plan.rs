//! Everything a run needs to know, settled before it begins.

use crate::client::Target;
use crate::clock::per_second;
use crate::drive::Arrivals;
use crate::scenario::{Shape, Spacing, Unit};
use crate::steps::Steps;
use crate::threshold::Threshold;
use std::time::Duration;

/// A load, ready to be offered.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The scenario's name.
    pub scenario: String,
    /// How much load when.
    pub shape: Shape,
    /// Requests after which the load ends, if it has not ended by then.
    pub requests: Option<u64>,
    /// How the starts of requests are spaced (open loop).
    pub spacing: Spacing,
    /// Streams open at once at most (open loop).
    pub max_streams: usize,
    /// Seed of whatever is random.
    pub seed: u64,
    /// Where to; users take turns.
    pub targets: Vec<Target>,
    /// What is sent, and what must come back.
    pub steps: Steps,
    /// What must hold of the whole run.
    pub thresholds: Vec<Threshold>,
    /// Whether a threshold that is crossed ends the run.
    pub stop_when_crossed: bool,
    /// How long streams under way may go on after the last one began.
    pub graceful_stop: Duration,
    /// How long one answer may take.
    pub timeout: Duration,
    /// Worker threads.
    pub threads: usize,
}

impl Plan {
    /// Requests a second that were due in the first `offered_ns`; 0 in a closed loop. Those of random times are counted
    /// one by one, or chance would pass for being late.
    pub fn requested_rate(&self, offered_ns: u64) -> f64 {
        match self.shape.unit {
            Unit::Users => 0.0,
            Unit::Rate => per_second(self.due(offered_ns), offered_ns),
        }
    }

    fn due(&self, offered_ns: u64) -> u64 {
        let of = |number| Arrivals::new(self, number).take_while(|due| *due < offered_ns);
        let due: usize = (0..self.threads).map(|number| of(number).count()).sum();
        (due as u64).min(self.requests.unwrap_or(u64::MAX))
    }

    /// Streams worker `number` may have open at once (open loop).
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

    /// A plan for a server nobody connects to.
    pub fn plan(scenario: &Scenario) -> Plan {
        let request = Request::new(Template::parse("{}"), &[]).unwrap();
        Plan {
            scenario: scenario.name.clone(),
            shape: scenario.shape().unwrap(),
            requests: None,
            spacing: scenario.arrivals,
            max_streams: 10,
            seed: 1,
            targets: vec![Target::new("http://127.0.0.1:1/", &Transport::default()).unwrap()],
            steps: Steps::one(request, scenario.expect.clone()),
            thresholds: scenario.thresholds.clone(),
            stop_when_crossed: scenario.stop_when_crossed,
            graceful_stop: Duration::ZERO,
            timeout: Duration::from_secs(1),
            threads: 1,
        }
    }

    #[test]
    fn as_many_begun_as_due_are_the_same_rate() {
        let text = "[[stages]]\nduration = '1200ms'\nrate = 50.0";
        let plan = plan(&Scenario::parse("test", text).unwrap());
        for ns in (1..2000).map(|step| step * 613_651) {
            assert_eq!(per_second(plan.due(ns), ns), plan.requested_rate(ns));
        }
        assert_eq!(per_second(0, 0), 0.0);
    }

    #[test]
    fn workers_share_the_streams_out() {
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
    fn what_chance_did_not_ask_for_was_not_asked_for() {
        let text = "[[stages]]\nduration = '4s'\nrate = 5.0";
        let mut plan = plan(&Scenario::parse("test", text).unwrap());
        for (threads, seed) in [(1, 1), (2, 1), (2, 2), (3, 7)] {
            (plan.threads, plan.seed) = (threads, seed);
            let due = (0..threads).flat_map(|number| Arrivals::new(&plan, number));
            assert_eq!(plan.requested_rate(4 * SECOND), due.count() as f64 / 4.0);
        }
    }
}
