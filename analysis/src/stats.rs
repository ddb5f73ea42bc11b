//! Values, intervals and verdicts. `docs/ledger.md` states the rules in prose.
//!
//! The unit of chance is the round, a fresh process each: never the request, since requests of one
//! process share its heap layout, its JIT state and its neighbours. Rounds are resampled
//! (bootstrap) to find the standard error, and Student's t for the number of rounds widens it, so
//! that two rounds give a wide interval rather than a false one.

use rand::{Rng, SeedableRng, rngs::StdRng};
use recording::comparison::Verdict;
use statrs::distribution::{ContinuousCDF, StudentsT};

/// Differences below this share do not matter: ±3 %.
pub const MARGIN: f64 = 0.03;
/// The largest ratio given, also where the divisor is (nearly) 0.
pub const MAX_RATIO: f64 = 1e9;
/// Share of false ones among the reported differences.
const FALSE_DIFFERENCES: f64 = 0.05;
/// Rounds beyond which [`more_rounds`] does not search.
const MOST_ROUNDS: usize = 1 << 20;
/// The ratio that [`more_rounds`] is about.
const RESOLVED: f64 = 1.05;
const RESAMPLES: usize = 1000;
/// Any constant will do; a fixed one makes a comparison of the same recordings the same each time.
const SEED: u64 = 0x6b6f_6e74;

/// One round's part of a metric: `amount` over `over` (CPU time over tokens, for instance).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// The numerator.
    pub amount: f64,
    /// The denominator, above 0.
    pub over: f64,
}

/// Returns the ratio of sums: rounds weigh by their denominator.
pub fn value<'a>(samples: impl IntoIterator<Item = &'a Sample>) -> f64 {
    let (amount, over) = samples
        .into_iter()
        .fold((0.0, 0.0), |(amount, over), sample| {
            (amount + sample.amount, over + sample.over)
        });
    amount / over
}

/// Returns the 95 % interval of the value over rounds; the value itself where there is only one
/// round.
pub fn interval(samples: &[Sample]) -> [f64; 2] {
    let point = value(samples);
    let resampled = |rng: &mut StdRng| value(pick(rng, samples.len()).iter().map(|i| &samples[*i]));
    around(point, samples.len(), resampled)
}

/// Returns `b / a`, at most [`MAX_RATIO`]; 1 where both are 0.
pub fn ratio(a: f64, b: f64) -> f64 {
    if a == b { 1.0 } else { (b / a).min(MAX_RATIO) }
}

/// Returns the 95 % interval of `b / a`. Rounds are paired by their number where both arms have as
/// many, so that a drift of the host over time cancels out.
pub fn ratio_interval(a: &[Sample], b: &[Sample]) -> [f64; 2] {
    let paired = a.len() == b.len();
    let resampled = |rng: &mut StdRng| {
        let of_a = pick(rng, a.len());
        let of_b = if paired {
            of_a.clone()
        } else {
            pick(rng, b.len())
        };
        ratio(
            value(of_a.iter().map(|i| &a[*i])),
            value(of_b.iter().map(|i| &b[*i])),
        )
    };
    around(ratio(value(a), value(b)), a.len().min(b.len()), resampled)
}

/// Returns whether `b / a` with this interval is a difference, over so many rounds.
pub fn verdict(interval: [f64; 2], rounds: usize) -> Verdict {
    let [low, high] = interval;
    if rounds < 2 {
        Verdict::Inconclusive
    } else if low >= 1.0 / (1.0 + MARGIN) && high <= 1.0 + MARGIN {
        Verdict::Equivalent
    } else if low > 1.0 {
        Verdict::Higher
    } else if high < 1.0 {
        Verdict::Lower
    } else {
        Verdict::Inconclusive
    }
}

/// Returns the probability that identical arms differ at least as much as this ratio, whose 95 %
/// interval over so many rounds is given (two-sided, Student's t); `None` for a single round.
pub fn p_value(ratio: f64, [low, high]: [f64; 2], rounds: usize) -> Option<f64> {
    let degrees = rounds.checked_sub(1).filter(|degrees| *degrees > 0)?;
    let (distance, reach) = if low > 0.0 {
        (ratio.ln().abs(), (high / low).ln() / 2.0)
    } else {
        ((ratio - 1.0).abs(), high - ratio)
    };
    if distance == 0.0 {
        return Some(1.0);
    }
    let t = distance / reach * student_t(degrees);
    Some(2.0 * students(degrees).sf(t))
}

/// Returns the largest of these p values that is significant where all of them are judged together,
/// so that at most one in twenty of the reported differences is false, and nineteen of twenty
/// comparisons of identical arms report none (Benjamini and Hochberg, 1995); 0 where none is
/// significant.
pub fn largest_significant(p_values: &[f64]) -> f64 {
    let mut sorted = p_values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let allowed = |rank: usize| (rank + 1) as f64 / sorted.len() as f64 * FALSE_DIFFERENCES;
    let counting = (0..sorted.len()).rfind(|rank| sorted[*rank] <= allowed(*rank));
    counting.map_or(0.0, |rank| sorted[rank])
}

/// Returns how many more rounds of each arm would resolve a difference of 5 %, by the 95 % interval
/// over the rounds so far; `None` for a single round, or an interval that reaches 0.
///
/// An interval reaches t · s / √n to each side, on the logarithm: s is the deviation of a round,
/// and t is Student's t, which falls from 12.7 for two rounds to 2. So the result is the least
/// number of rounds whose t / √n fits into 5 %, for the s that the interval [low, high] shows.
pub fn more_rounds(interval: [f64; 2], rounds: usize) -> Option<u64> {
    rounds_until(interval, rounds, RESOLVED - 1.0)
}

/// Returns how many more rounds of each arm would narrow the interval until it reaches at most
/// `precision` to each side (0.05 for 5 %), as [`more_rounds`] does.
pub fn rounds_until([low, high]: [f64; 2], rounds: usize, precision: f64) -> Option<u64> {
    if rounds < 2 || low <= 0.0 || !high.is_finite() {
        return None;
    }
    let reach = |rounds: usize| student_t(rounds - 1) / (rounds as f64).sqrt();
    let narrowing = precision.ln_1p() / ((high / low).ln() / 2.0);
    let fits = |more: &usize| reach(rounds + more) <= reach(rounds) * narrowing;
    let (mut too_few, mut enough) = (0, 1);
    if fits(&0) {
        return Some(0);
    }
    while !fits(&enough) && enough < MOST_ROUNDS {
        (too_few, enough) = (enough, 2 * enough);
    }
    while enough - too_few > 1 {
        let middle = (too_few + enough) / 2;
        match fits(&middle) {
            true => enough = middle,
            false => too_few = middle,
        }
    }
    Some(enough as u64)
}

/// Resampled rounds of two arms, drawn once for many quantities of them.
pub struct Resamples {
    picks: Vec<[Vec<usize>; 2]>,
    reach: f64,
}

impl Resamples {
    /// Draws from so many rounds of each arm; `None` where one has a single round. Rounds are
    /// paired by their number where both arms have as many.
    pub fn of(a: usize, b: usize) -> Option<Self> {
        let rounds = a.min(b);
        if rounds < 2 {
            return None;
        }
        let mut rng = StdRng::seed_from_u64(SEED);
        let picks = (0..RESAMPLES).map(|_| {
            let of_a = pick(&mut rng, a);
            let of_b = match a == b {
                true => of_a.clone(),
                false => pick(&mut rng, b),
            };
            [of_a, of_b]
        });
        Some(Resamples {
            picks: picks.collect(),
            reach: reach(rounds),
        })
    }

    /// Returns the 95 % interval of the value of `b` minus that of `a`.
    pub fn difference(&self, a: &[Sample], b: &[Sample]) -> [f64; 2] {
        let differences = self.picks.iter().map(|[of_a, of_b]| {
            value(of_b.iter().map(|i| &b[*i])) - value(of_a.iter().map(|i| &a[*i]))
        });
        let differences: Vec<f64> = differences.collect();
        let (point, reach) = (value(b) - value(a), self.reach * deviation(&differences));
        [point - reach, point + reach]
    }
}

fn pick(rng: &mut StdRng, rounds: usize) -> Vec<usize> {
    (0..rounds).map(|_| rng.random_range(0..rounds)).collect()
}

/// Returns `point` ± Student's t × the bootstrap's standard error. Costs are positive and vary by
/// factors, so this is done on the logarithm where there is one.
fn around(point: f64, rounds: usize, mut resample: impl FnMut(&mut StdRng) -> f64) -> [f64; 2] {
    if rounds < 2 {
        return [point, point];
    }
    let mut rng = StdRng::seed_from_u64(SEED);
    let resampled: Vec<f64> = (0..RESAMPLES).map(|_| resample(&mut rng)).collect();
    let reach = reach(rounds);
    if point > 0.0 && resampled.iter().all(|value| *value > 0.0) {
        let logs: Vec<f64> = resampled.iter().map(|value| value.ln()).collect();
        let reach = (reach * deviation(&logs)).min(MAX_RATIO.ln());
        [point * (-reach).exp(), point * reach.exp()]
    } else {
        let reach = reach * deviation(&resampled);
        [(point - reach).max(0.0), point + reach]
    }
}

/// Returns the half width of a 95 % interval, in standard deviations of the resampled values.
fn reach(rounds: usize) -> f64 {
    // A resample of n rounds varies as if there were n − 1 of them.
    let correction = (rounds as f64 / (rounds as f64 - 1.0)).sqrt();
    student_t(rounds - 1) * correction
}

fn deviation(values: &[f64]) -> f64 {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (squares / count).sqrt()
}

/// Returns the 97.5 % quantile of Student's t.
pub(crate) fn student_t(degrees: usize) -> f64 {
    students(degrees).inverse_cdf(0.975)
}

fn students(degrees: usize) -> StudentsT {
    StudentsT::new(0.0, 1.0, degrees as f64).expect("rounds leave at least one degree of freedom")
}

#[cfg(test)]
mod tests;
