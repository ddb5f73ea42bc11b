//! Log-linear histograms, as the kernel side fills them.
//!
//! The bucket scheme is the kernel side's, [`profiler_common::histogram`]; counts are sparse on
//! disk.

pub use profiler_common::histogram::{BUCKETS, bucket_of, lower_bound, upper_bound};
use serde::{Deserialize, Serialize};

/// A distribution with its usual quantiles, each the upper bound of its bucket.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Histogram {
    /// Values recorded.
    pub count: u64,
    /// Lower bound of the lowest bucket in use.
    pub min: u64,
    /// Median.
    pub p50: u64,
    /// 90th percentile.
    pub p90: u64,
    /// 99th percentile.
    pub p99: u64,
    /// 99.9th percentile.
    pub p999: u64,
    /// Upper bound of the highest bucket in use.
    pub max: u64,
    /// `[bucket, count]` of every bucket in use, ascending.
    pub histogram: Vec<(u32, u64)>,
}

impl Histogram {
    /// Builds a distribution from dense counts, indexed by bucket.
    pub fn from_counts(counts: &[u64]) -> Self {
        let used = |&(_, count): &(usize, &u64)| *count > 0;
        let buckets = counts.iter().enumerate().filter(used);
        Self::from_buckets(
            buckets
                .map(|(bucket, count)| (bucket as u32, *count))
                .collect(),
        )
    }

    /// Builds a distribution from `[bucket, count]` pairs in ascending order.
    pub fn from_buckets(histogram: Vec<(u32, u64)>) -> Self {
        let mut this = Histogram {
            count: histogram.iter().map(|(_, count)| count).sum(),
            histogram,
            ..Self::default()
        };
        this.min = this
            .histogram
            .first()
            .map_or(0, |(bucket, _)| lower_bound(*bucket as usize));
        this.max = this
            .histogram
            .last()
            .map_or(0, |(bucket, _)| upper_bound(*bucket as usize));
        this.p50 = this.quantile(0.5);
        this.p90 = this.quantile(0.9);
        this.p99 = this.quantile(0.99);
        this.p999 = this.quantile(0.999);
        this
    }

    /// Returns the upper bound of the bucket that holds quantile `q` (0 to 1); 0 if empty.
    pub fn quantile(&self, q: f64) -> u64 {
        let rank = ((q * self.count as f64).ceil() as u64).max(1);
        let mut seen = 0;
        for (bucket, count) in &self.histogram {
            seen += count;
            if seen >= rank {
                return upper_bound(*bucket as usize);
            }
        }
        0
    }

    /// Returns the sum of both distributions.
    pub fn merged(&self, other: &Self) -> Self {
        let mut sum: std::collections::BTreeMap<u32, u64> =
            self.histogram.iter().copied().collect();
        for (bucket, count) in &other.histogram {
            *sum.entry(*bucket).or_default() += count;
        }
        Self::from_buckets(sum.into_iter().collect())
    }

    /// Returns the values that were recorded since `before`, an earlier state of the same
    /// distribution.
    pub fn since(&self, before: &Self) -> Self {
        let earlier: std::collections::BTreeMap<u32, u64> =
            before.histogram.iter().copied().collect();
        let grown = self.histogram.iter().map(|(bucket, count)| {
            let earlier = earlier.get(bucket).copied().unwrap_or(0);
            (*bucket, count.saturating_sub(earlier))
        });
        Self::from_buckets(grown.filter(|(_, count)| *count > 0).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn computes_quantiles_of_known_values() {
        let mut counts = vec![0; BUCKETS];
        (1..=1000u64).for_each(|value| counts[bucket_of(value)] += 1);
        let histogram = Histogram::from_counts(&counts);
        assert_eq!((histogram.count, histogram.min), (1000, 1));
        assert!((500..=531).contains(&histogram.p50), "{}", histogram.p50);
        assert!((990..=1023).contains(&histogram.p99), "{}", histogram.p99);
    }

    #[test]
    fn adds_counts_when_merging() {
        let one = Histogram::from_buckets(vec![(1, 2), (3, 4)]);
        let two = Histogram::from_buckets(vec![(3, 1), (9, 1)]);
        assert_eq!(one.merged(&two).histogram, vec![(1, 2), (3, 5), (9, 1)]);
        assert_eq!(Histogram::default().merged(&one), one);
    }

    #[test]
    fn subtracts_an_earlier_state() {
        let before = Histogram::from_buckets(vec![(1, 2), (3, 4)]);
        let now = Histogram::from_buckets(vec![(1, 2), (3, 5), (9, 1)]);
        let since = now.since(&before);
        assert_eq!((since.histogram, since.count), (vec![(3, 1), (9, 1)], 2));
        assert_eq!(now.since(&Histogram::default()), now);
    }

    #[test]
    fn returns_no_quantiles_of_an_empty_histogram() {
        assert_eq!(Histogram::default().quantile(0.5), 0);
    }
}
