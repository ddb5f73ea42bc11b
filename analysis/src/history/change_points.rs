//! Where the level of a series changes: E-divisive (Matteson and James, "A Nonparametric Approach
//! for Multiple Change Point Analysis of Multivariate Data", JASA 2014), with exponent 1.
//!
//! The energy distance between the values on both sides of a split is large where their
//! distributions differ. The split of the largest distance is a change if few random orders of the
//! same values have as large a one (permutation test). Both parts are searched in turn. No
//! distribution is assumed, and the seed is fixed, so that a series has the same changes each time.

use rand::{SeedableRng, rngs::StdRng, seq::SliceRandom};

/// Values on each side of a change, at least. One value alone may be an outlier.
const SHORTEST: usize = 3;
/// Random orders of each part: enough for a probability of 1 in 1,000.
const ORDERS: usize = 999;
const SEED: u64 = 0x6869_7374;

/// A change of level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChangePoint {
    /// Index of the first value of the new level.
    pub at: usize,
    /// Share of random orders with a change as large.
    pub p_value: f64,
}

/// Returns the changes of level that chance shows with at most this probability, in order.
pub fn find(values: &[f64], significance: f64) -> Vec<ChangePoint> {
    let mut rng = StdRng::seed_from_u64(SEED);
    let mut found = Vec::new();
    let mut open = vec![(0, values.len())];
    while let Some((from, to)) = open.pop() {
        let part = &values[from..to];
        let Some((split, p_value)) = largest_change(part, significance, &mut rng) else {
            continue;
        };
        let at = from + split;
        found.push(ChangePoint { at, p_value });
        open.extend([(from, at), (at, to)]);
    }
    found.sort_by_key(|change| change.at);
    found
}

/// Returns the split of the largest distance with its probability, if that is small enough.
fn largest_change(part: &[f64], significance: f64, rng: &mut StdRng) -> Option<(usize, f64)> {
    let (split, distance) = best_split(part)?;
    let mut shuffled = part.to_vec();
    let allowed = (significance * (ORDERS + 1) as f64) as usize;
    let mut as_large = 1;
    for _ in 0..ORDERS {
        shuffled.shuffle(rng);
        let by_chance = best_split(&shuffled).map_or(0.0, |(_, distance)| distance);
        // Sums in another order differ in the last bits.
        as_large += usize::from(by_chance >= distance * (1.0 - 1e-9));
        if as_large > allowed {
            return None;
        }
    }
    Some((split, as_large as f64 / (ORDERS + 1) as f64))
}

/// Returns the split with the largest scaled energy distance: `mn/(m+n) · (2·E|X−Y| − E|X−X′| −
/// E|Y−Y′|)` for m values before and n behind it. `None` where the values are too few or all equal.
fn best_split(values: &[f64]) -> Option<(usize, f64)> {
    let count = values.len();
    if count < 2 * SHORTEST {
        return None;
    }
    let to = |one: f64, others: &[f64]| -> f64 { others.iter().map(|it| (one - it).abs()).sum() };
    // Sums of distances within the values before the split, within those behind it, and across.
    let (mut before, mut across) = (0.0, 0.0);
    let mut behind: f64 = (0..count).map(|at| to(values[at], &values[at + 1..])).sum();
    let mut best: Option<(usize, f64)> = None;
    for split in 1..=count - SHORTEST {
        let moved = values[split - 1];
        let to_before = to(moved, &values[..split - 1]);
        let to_behind = to(moved, &values[split..]);
        before += to_before;
        behind -= to_behind;
        across += to_behind - to_before;
        if split < SHORTEST {
            continue;
        }
        let (m, n) = (split as f64, (count - split) as f64);
        let within = |sum: f64, size: f64| sum / (size * (size - 1.0) / 2.0);
        let energy = 2.0 * across / (m * n) - within(before, m) - within(behind, n);
        let distance = m * n / (m + n) * energy;
        if distance > 0.0 && best.is_none_or(|(_, largest)| distance > largest) {
            best = Some((split, distance));
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_distr::{Distribution, Normal};

    fn noise(seed: u64, count: usize) -> Vec<f64> {
        let mut rng = StdRng::seed_from_u64(seed);
        let normal = Normal::new(0.0, 0.02).expect("a deviation");
        (0..count).map(|_| normal.sample(&mut rng)).collect()
    }

    #[test]
    fn finds_a_planted_step_at_its_index() {
        let mut values = noise(1, 40);
        values[25..].iter_mut().for_each(|value| *value += 0.08);
        let found = find(&values, 0.01);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((found[0].at, found[0].p_value), (25, 0.001));
    }

    #[test]
    fn finds_a_step_and_its_end() {
        let mut values = noise(2, 60);
        values[20..45].iter_mut().for_each(|value| *value -= 0.15);
        let places: Vec<_> = find(&values, 0.01).iter().map(|it| it.at).collect();
        assert_eq!(places, [20, 45]);
    }

    /// One in a hundred is expected; the bound allows for the chance of 200 seeded series.
    #[test]
    fn finds_few_changes_in_noise() {
        let with_change = (100..300).filter(|seed| !find(&noise(*seed, 30), 0.01).is_empty());
        let with_change = with_change.count();
        assert!(with_change <= 6, "{with_change} of 200");
    }

    #[test]
    fn ignores_single_outliers_and_short_series() {
        let mut values = vec![1.0; 30];
        values[12] = 9.0;
        assert_eq!(find(&values, 0.01), []);
        assert_eq!(find(&[1.0, 1.0, 1.0, 2.0, 2.0, 2.0], 0.01), []);
        assert_eq!(find(&[1.0; 50], 0.01), []);
        assert_eq!(find(&[], 0.01), []);
    }

    #[test]
    fn finds_a_step_without_noise() {
        let values = [[1.0; 6], [2.0; 6]].concat();
        assert_eq!(find(&values, 0.01)[0].at, 6);
    }
}
