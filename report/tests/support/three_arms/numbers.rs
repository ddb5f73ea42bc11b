//! Numbers of the example: its size, its noise, its distributions.

use recording::Histogram;
use recording::histogram::{BUCKETS, bucket_of};

/// Length of a round.
pub const DURATION_NS: u64 = 5_000_000_000;
/// Tokens of a round.
pub const TOKENS: u64 = 2_400;
/// Requests of a round.
pub const REQUESTS: u64 = 48;
/// Time between samples of a thread on a CPU.
pub const SAMPLE_NS: u64 = 200_000;

/// Returns the factor by which a round differs from its arm's mean.
pub fn varied(arm: &str, round: u64) -> f64 {
    let letters = arm.bytes().map(u64::from);
    let seed = letters.fold(round, |sum, letter| (sum * 31 + letter) % 1_009);
    1.0 + 0.02 * ((seed * 7_919 % 1_009) as f64 / 504.0 - 1.0)
}

/// Returns a number per token as a total of the round.
pub fn total(per_token: f64) -> u64 {
    (per_token * TOKENS as f64).round() as u64
}

/// Returns a distribution of `count` values around a median, with a tail.
pub fn around(median: f64, count: u64) -> Histogram {
    let mut counts = vec![0; BUCKETS];
    for at in 0..count {
        let share = (at as f64 + 0.5) / count as f64;
        // The logistic quantile function: symmetric on the logarithm.
        let value = median * (0.35 * (share / (1.0 - share)).ln()).exp();
        counts[bucket_of(value as u64)] += 1;
    }
    Histogram::from_counts(&counts)
}
