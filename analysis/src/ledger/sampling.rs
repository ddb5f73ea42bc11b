//! How far a time may be off that was not measured but found by sampling.
//!
//! The clock that takes samples knows nothing of what runs, so of `of` samples, those that find one
//! kind of code follow a binomial distribution. Its variance is taken after Agresti and Coull, as
//! if two hits and two misses had been seen besides: one hit, or none but hits, is not certainty.
//! It counts chance alone, not what a program does in step with the clock.

/// Half the width of a 95 % interval, in standard deviations.
pub const Z: f64 = 1.96;

/// Returns the variance of `time_ns × hits / of`, where `time_ns` was measured.
pub fn variance(time_ns: u64, hits: u64, of: u64) -> f64 {
    (time_ns as f64).powi(2) * variance_of_share(hits as f64, of)
}

/// Returns the variance of `hits / of`.
pub fn variance_of_share(hits: f64, of: u64) -> f64 {
    let samples = of as f64 + Z * Z;
    let share = (hits.min(of as f64) + Z * Z / 2.0) / samples;
    share * (1.0 - share) / samples
}

/// Returns the error of a sum or a difference of two; `None` where both were measured.
pub fn together(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.hypot(other)),
        (only, None) | (None, only) => only,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn narrows_with_more_samples() {
        let error = |hits, of| Z * variance(1_000, hits, of).sqrt();
        assert!((error(50, 100) - 96.0).abs() < 1.0, "{}", error(50, 100));
        assert!(error(5_000, 10_000) < 10.0);
        assert!(error(0, 100) > 5.0, "no sample is not certainty");
        assert!(
            (error(0, 0) - 500.0).abs() < 1.0,
            "without samples all is open"
        );
    }

    #[test]
    fn adds_independent_errors() {
        assert_eq!(together(Some(3.0), Some(4.0)), Some(5.0));
        assert_eq!(together(None, Some(4.0)), Some(4.0));
        assert_eq!(together(None, None), None);
    }

    proptest! {
        /// Shares of a known size, drawn again and again, are inside their interval about 19 times
        /// in 20.
        #[test]
        fn covers_the_truth(share in 0.02f64..0.98, seed in 1u64..1_000_000) {
            let mut state = seed;
            let mut chance = || {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 11) as f64 / (1u64 << 53) as f64
            };
            let mut inside = 0;
            for _ in 0..400 {
                let hits = (0..200).filter(|_| chance() < share).count() as u64;
                let error = Z * variance(1, hits, 200).sqrt();
                // The interval is around the corrected share.
                let centre = (hits as f64 + Z * Z / 2.0) / (200.0 + Z * Z);
                inside += u32::from((centre - share).abs() <= error);
            }
            prop_assert!(inside >= 360, "{inside} of 400");
        }
    }
}
