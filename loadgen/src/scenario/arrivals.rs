//! Due times of an open loop's requests.

use super::{Shape, Spacing};
use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};

/// Iterator over one worker's due times: nanoseconds since the start, ascending.
#[derive(Debug)]
pub struct Arrivals {
    shape: Shape,
    spacing: Spacing,
    /// Integral of the rate up to the last due time: requests of all workers due by then.
    area: f64,
    /// Mean area between two requests of this worker.
    step: f64,
    random: SmallRng,
}

impl Arrivals {
    /// Returns the due times of worker `number` of `workers`. Each worker takes every n-th request
    /// of an even load, or its share of a Poisson process, which is a Poisson process again.
    pub fn new(shape: &Shape, spacing: Spacing, seed: u64, number: usize, workers: usize) -> Self {
        let step = workers as f64;
        Self {
            shape: shape.clone(),
            spacing,
            area: match spacing {
                Spacing::Even => number as f64 - step,
                Spacing::Poisson => 0.0,
            },
            step,
            random: SmallRng::seed_from_u64(seed.wrapping_add(number as u64)),
        }
    }
}

impl Iterator for Arrivals {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        self.area += self.step
            * match self.spacing {
                Spacing::Even => 1.0,
                // Time between two events of a Poisson process of rate one.
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
        let shape = scenario.shape().unwrap();
        Arrivals::new(&shape, spacing, 1, number, threads).collect()
    }

    #[test]
    fn follows_the_rate_evenly() {
        let due = arrivals(Spacing::Even, 1, 0);
        assert_eq!(due.len(), 3000);
        assert_eq!(due[0], 0);
        let first_half = due.iter().filter(|due| **due < 10 * SECOND).count();
        assert_eq!(first_half, 1000);
        let gap = due[2001] - due[2000];
        assert!(gap.abs_diff(SECOND / 200) < 1000, "{gap}");
    }

    #[test]
    fn splits_even_arrivals_over_workers() {
        let mut both = arrivals(Spacing::Even, 2, 0);
        both.extend(arrivals(Spacing::Even, 2, 1));
        both.sort_unstable();
        assert_eq!(both, arrivals(Spacing::Even, 1, 0));
    }

    #[test]
    fn spaces_poisson_arrivals_at_random() {
        // The seed is fixed, so the result is the same in every run.
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
