//! When the requests of an open loop are due.

use crate::plan::Plan;
use crate::scenario::{Shape, Spacing};
use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};

/// The due times of one worker's requests, nanoseconds since the start, ascending.
#[derive(Debug)]
pub struct Arrivals {
    shape: Shape,
    spacing: Spacing,
    /// Requests of all workers due so far, as a real number: the integral of the rate.
    area: f64,
    /// How much of that area lies between two requests of this worker, on average.
    step: f64,
    random: SmallRng,
}

impl Arrivals {
    /// Those of worker `number`. Each takes every so-manieth request; Poisson processes stay so when split.
    pub fn new(plan: &Plan, number: usize) -> Self {
        let step = plan.threads as f64;
        Self {
            shape: plan.shape.clone(),
            spacing: plan.spacing,
            area: match plan.spacing {
                Spacing::Even => number as f64 - step,
                Spacing::Poisson => 0.0,
            },
            step,
            random: SmallRng::seed_from_u64(plan.seed.wrapping_add(number as u64)),
        }
    }
}

impl Iterator for Arrivals {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        self.area += self.step
            * match self.spacing {
                Spacing::Even => 1.0,
                // The time between two events of a Poisson process of rate one.
                Spacing::Poisson => -(1.0 - self.random.random::<f64>()).ln(),
            };
        self.shape.when(self.area)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SECOND;

    fn arrivals(spacing: Spacing, threads: usize, number: usize) -> Vec<u64> {
        let text = "start = 0\n[[stages]]\nduration = '10s'\nrate = 200.0\n\
                    [[stages]]\nduration = '10s'\nrate = 200.0";
        let scenario = crate::scenario::Scenario::parse("test", text).unwrap();
        let plan = Plan {
            threads,
            spacing,
            ..crate::plan::tests::plan(&scenario)
        };
        Arrivals::new(&plan, number).collect()
    }

    #[test]
    fn even_arrivals_follow_the_rate() {
        let due = arrivals(Spacing::Even, 1, 0);
        assert_eq!(due.len(), 3000);
        assert_eq!(due[0], 0);
        let first_half = due.iter().filter(|due| **due < 10 * SECOND).count();
        assert_eq!(first_half, 1000);
        let gap = due[2001] - due[2000];
        assert!(gap.abs_diff(SECOND / 200) < 1000, "{gap}");
    }

    #[test]
    fn workers_share_the_arrivals_out() {
        let mut both = arrivals(Spacing::Even, 2, 0);
        both.extend(arrivals(Spacing::Even, 2, 1));
        both.sort_unstable();
        assert_eq!(both, arrivals(Spacing::Even, 1, 0));
    }

    #[test]
    fn poisson_arrivals_are_as_many_and_irregular() {
        // The seed is fixed, so these bounds hold always or never.
        let due = arrivals(Spacing::Poisson, 1, 0);
        assert!(due.len().abs_diff(3000) < 165, "{}", due.len());
        assert!(due.is_sorted());
        let gaps: Vec<f64> = due
            .windows(2)
            .skip(1000)
            .map(|pair| (pair[1] - pair[0]) as f64)
            .collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
        let variation = variance.sqrt() / mean;
        assert!((0.9..1.1).contains(&variation), "{variation}");
    }
}
