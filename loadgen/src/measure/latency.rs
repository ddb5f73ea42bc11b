//! Distribution of durations: an HDR histogram with three significant digits.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hdrhistogram::Histogram as Hdr;
use hdrhistogram::serialization::{Deserializer, Serializer as _, V2DeflateSerializer};
use recording::histogram::{BUCKETS, bucket_of};
use recording::load::Distribution;

/// Resolution in nanoseconds; the kernel's own timers are coarser.
const FINEST_NS: u64 = 1_000;
/// Longest duration: an hour. Longer ones count as this.
const LONGEST_NS: u64 = 3_600_000_000_000;
const DIGITS: u8 = 3;

/// Distribution of durations in nanoseconds.
#[derive(Clone, Debug)]
pub struct Latency(Hdr<u64>);

impl Default for Latency {
    fn default() -> Self {
        let mut hdr = Hdr::new_with_bounds(FINEST_NS, 2 * FINEST_NS, DIGITS)
            .expect("the bounds are in order");
        // It grows to the longest duration recorded, since an hour would take 200 KiB.
        hdr.auto(true);
        Self(hdr)
    }
}

impl Latency {
    /// Records one duration.
    pub fn record(&mut self, ns: u64) {
        self.record_n(ns, 1);
    }

    /// Records the same duration `times` times.
    pub fn record_n(&mut self, ns: u64, times: u64) {
        self.0
            .record_n(ns.min(LONGEST_NS), times)
            .expect("it grows up to an hour");
    }

    /// Adds all durations of another distribution.
    pub fn add(&mut self, other: &Self) {
        self.0.add(&other.0).expect("it grows as it must");
    }

    /// Subtracts another distribution, which must be a part of this one.
    pub fn subtract(&mut self, part: &Self) {
        self.0
            .subtract(&part.0)
            .expect("the part is no larger than the whole");
    }

    /// Returns the mean in nanoseconds; 0 without durations.
    pub fn mean(&self) -> f64 {
        self.0.mean()
    }

    /// Returns the number of durations.
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// Returns the longest duration; 0 without durations.
    pub fn max(&self) -> u64 {
        self.0.max()
    }

    /// Returns the number of durations longer than `ns`, to the histogram's precision.
    pub fn count_above(&self, ns: u64) -> u64 {
        self.count() - self.0.count_between(0, ns)
    }

    /// Returns the duration that a share `q` (0 to 1) does not exceed; 0 without durations.
    pub fn quantile(&self, q: f64) -> u64 {
        if self.0.is_empty() {
            0
        } else {
            self.0.value_at_quantile(q)
        }
    }

    /// Returns the distribution as the summary stores it.
    pub fn distribution(&self) -> Distribution {
        if self.0.is_empty() {
            return Distribution::default();
        }
        Distribution {
            count: self.count(),
            min_ns: self.0.min(),
            mean_ns: self.0.mean().round() as u64,
            p50_ns: self.quantile(0.5),
            p90_ns: self.quantile(0.9),
            p95_ns: self.quantile(0.95),
            p99_ns: self.quantile(0.99),
            p999_ns: self.quantile(0.999),
            max_ns: self.0.max(),
            histogram: Some(self.log_linear()),
            hdr: Some(BASE64.encode(self.encoded())),
        }
    }

    /// Decodes a distribution of a summary.
    ///
    /// # Errors
    /// If it has values but no histogram, or a damaged or foreign one.
    pub fn decode(distribution: &Distribution) -> Result<Self, String> {
        let mut latency = Self::default();
        let Some(text) = &distribution.hdr else {
            return match distribution.count {
                0 => Ok(latency),
                _ => Err("has no histogram (hdr)".into()),
            };
        };
        let bytes = BASE64
            .decode(text)
            .map_err(|error| format!("has a damaged histogram: {error}"))?;
        let hdr: Hdr<u64> = Deserializer::new()
            .deserialize(&mut &bytes[..])
            .map_err(|error| format!("has a damaged histogram: {error}"))?;
        if hdr.max() > 2 * LONGEST_NS {
            return Err("has a histogram beyond an hour".into());
        }
        latency
            .0
            .add(&hdr)
            .map_err(|error| format!("has a foreign histogram: {error}"))?;
        match latency.count() == distribution.count {
            true => Ok(latency),
            false => Err("has a histogram that does not fit its count".into()),
        }
    }

    /// Returns the HDR histogram.
    pub fn hdr(&self) -> &Hdr<u64> {
        &self.0
    }

    fn encoded(&self) -> Vec<u8> {
        // All have one size, so that equal distributions encode to equal text.
        let mut whole = Hdr::new_with_bounds(FINEST_NS, 2 * LONGEST_NS, DIGITS)
            .expect("the bounds are in order");
        whole.add(&self.0).expect("no duration is beyond an hour");
        let mut bytes = Vec::new();
        V2DeflateSerializer::new()
            .serialize(&whole, &mut bytes)
            .expect("memory takes any histogram");
        bytes
    }

    fn log_linear(&self) -> recording::Histogram {
        let mut counts = vec![0; BUCKETS];
        for value in self.0.iter_recorded() {
            counts[bucket_of(value.value_iterated_to())] += value.count_at_value();
        }
        recording::Histogram::from_counts(&counts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::MILLISECOND;

    #[test]
    fn keeps_quantiles_to_three_digits() {
        let mut latency = Latency::default();
        (1..=1000).for_each(|ms| latency.record(ms * MILLISECOND));
        let distribution = latency.distribution();
        let near =
            |value: u64, ms: u64| value.abs_diff(ms * MILLISECOND) <= ms * MILLISECOND / 1000;
        assert!(near(distribution.p50_ns, 500) && near(distribution.p99_ns, 990));
        assert!(near(distribution.min_ns, 1) && near(distribution.max_ns, 1000));
        assert_eq!(distribution.histogram.unwrap().count, 1000);
    }

    #[test]
    fn restores_a_distribution_from_a_summary() {
        let mut latency = Latency::default();
        (1..=1000).for_each(|us| latency.record(us * 1_000));
        let distribution = latency.distribution();
        assert_eq!(
            Latency::decode(&distribution).unwrap().distribution(),
            distribution
        );
        let nothing = Latency::decode(&Distribution::default()).unwrap();
        assert_eq!(nothing.count(), 0);
    }

    #[test]
    fn rejects_damaged_histograms() {
        let mut latency = Latency::default();
        latency.record(5_000_000);
        let good = latency.distribution();
        for hdr in [None, Some("%%%"), Some("AAAA"), Some("")] {
            let bad = Distribution {
                hdr: hdr.map(String::from),
                ..good.clone()
            };
            assert!(Latency::decode(&bad).is_err(), "{hdr:?}");
        }
        let wrong_count = Distribution { count: 7, ..good };
        assert!(Latency::decode(&wrong_count).unwrap_err().contains("count"));
    }

    #[test]
    fn reports_zeros_without_durations() {
        assert_eq!(Latency::default().distribution(), Distribution::default());
        assert_eq!(Latency::default().quantile(0.5), 0);
    }

    #[test]
    fn adds_like_recording_together() {
        let (mut one, mut two, mut both) =
            (Latency::default(), Latency::default(), Latency::default());
        for ns in [0, 5, 70_000, u64::MAX] {
            one.record(ns);
            two.record_n(ns / 2, 3);
            both.record(ns);
            both.record_n(ns / 2, 3);
        }
        one.add(&two);
        assert_eq!(one.distribution(), both.distribution());
    }
}
