//! Buckets of native histograms, whose bounds are powers of 2^(1/8) seconds.
//!
//! The scheme is that of <https://prometheus.io/docs/specs/native_histograms/>.

use prost::Message;
use std::collections::BTreeMap;

/// Each power of two has two to the power of this many buckets, here 8 of 9 %. Recordings have
/// buckets of at most 1/16, so that each of them overlaps two of these at most.
pub const SCHEMA: i32 = 3;
/// Values within this count as zero: 0 ns, as 1 ns is above it. It is the bound of a bucket.
pub const ZERO_THRESHOLD: f64 = 1.0 / (1 << 30) as f64;

/// A run of consecutive buckets of a native histogram.
#[derive(Clone, Copy, PartialEq, Message)]
pub struct Span {
    /// Distance from the end of the run before, or from bucket 0.
    #[prost(sint32, required, tag = "1")]
    pub offset: i32,
    /// Number of buckets.
    #[prost(uint32, required, tag = "2")]
    pub length: u32,
}

/// Counts in the form in which they are sent: each as the difference to the bucket before.
#[derive(Debug, Default, PartialEq)]
pub struct Buckets {
    /// Number of values within [`ZERO_THRESHOLD`].
    pub zero_count: u64,
    /// Runs of consecutive buckets.
    pub spans: Vec<Span>,
    /// One for each bucket of the runs.
    pub deltas: Vec<i64>,
}

/// Counts values, seconds, in buckets.
pub fn buckets(values: &[(f64, u64)]) -> Buckets {
    let mut buckets = Buckets::default();
    let mut counts = BTreeMap::<i32, u64>::new();
    for &(value, count) in values.iter().filter(|(_, count)| *count > 0) {
        match value <= ZERO_THRESHOLD {
            true => buckets.zero_count += count,
            false => *counts.entry(index(value)).or_default() += count,
        }
    }
    // The first run is placed by the distance to bucket 0, the others by that to the run before.
    let (mut next, mut before) = (0, 0);
    for (index, count) in counts {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        match buckets.spans.last_mut() {
            Some(span) if index == next => span.length += 1,
            _ => buckets.spans.push(Span {
                offset: index - next,
                length: 1,
            }),
        }
        buckets.deltas.push(count - before);
        (next, before) = (index + 1, count);
    }
    buckets
}

/// Returns the bucket of a positive value. Bucket 0 ends at 1, which is within it.
fn index(value: f64) -> i32 {
    (value.log2() * f64::from(1 << SCHEMA)).ceil() as i32
}

#[cfg(test)]
mod tests {
    use super::*;
    use recording::histogram::{BUCKETS, lower_bound, upper_bound};

    fn seconds(ns: u64) -> f64 {
        ns as f64 / 1e9
    }

    #[test]
    fn includes_the_upper_bound_of_a_bucket() {
        let found = [0.5, 0.51, 1.0, 1.01, 2.0, ZERO_THRESHOLD].map(index);
        assert_eq!(found, [-8, -7, 0, 1, 8, -240]);
    }

    #[test]
    fn sends_runs_of_buckets_and_differences_of_counts() {
        let values = [(0.0, 4), (0.98, 2), (0.99, 3), (1.01, 1), (1.99, 7)];
        let span = |offset, length| Span { offset, length };
        let expected = Buckets {
            zero_count: 4,
            spans: vec![span(0, 2), span(6, 1)],
            deltas: vec![5, -4, 6],
        };
        assert_eq!(buckets(&values), expected);
        assert_eq!(buckets(&[(1.0, 0)]), Buckets::default());
    }

    #[test]
    fn moves_values_of_a_recording_to_a_neighbour_at_most() {
        for bucket in 1..BUCKETS {
            let (lower, upper) = (lower_bound(bucket), upper_bound(bucket));
            let middle = index((seconds(lower) + seconds(upper)) / 2.0);
            for value in [lower, upper] {
                let apart = (index(seconds(value)) - middle).abs();
                assert!(apart <= 1, "{value} ns: {apart} apart");
            }
        }
    }
}
