use super::*;
use proptest::prelude::{prop, prop_assert, prop_assert_eq, proptest};

fn samples(values: &[f64]) -> Vec<Sample> {
    let sample = |amount: &f64| Sample {
        amount: *amount,
        over: 1.0,
    };
    values.iter().map(sample).collect()
}

fn judged(a: &[f64], b: &[f64]) -> Verdict {
    verdict(
        ratio_interval(&samples(a), &samples(b)),
        a.len().min(b.len()),
    )
}

#[test]
fn a_clear_difference_is_seen_with_two_rounds() {
    assert_eq!(judged(&[10.0, 10.1], &[20.0, 20.3]), Verdict::Higher);
    assert_eq!(judged(&[20.0, 20.3], &[10.0, 10.1]), Verdict::Lower);
}

#[test]
fn the_same_is_equivalent() {
    let rounds = [10.0, 10.1, 9.95, 10.02];
    assert_eq!(judged(&rounds, &rounds), Verdict::Equivalent);
    assert_eq!(
        judged(&rounds, &[10.05, 10.0, 10.0, 10.01]),
        Verdict::Equivalent
    );
}

#[test]
fn noise_is_inconclusive() {
    assert_eq!(
        judged(&[10.0, 14.0, 9.0, 12.0], &[13.0, 9.5, 12.0, 10.0]),
        Verdict::Inconclusive
    );
}

#[test]
fn one_round_never_decides() {
    assert_eq!(judged(&[10.0], &[30.0]), Verdict::Inconclusive);
}

#[test]
fn a_drift_of_the_host_cancels_out_in_pairs() {
    let (a, b) = ([10.0, 12.0, 15.0, 20.0], [11.0, 13.2, 16.5, 22.0]);
    assert_eq!(judged(&a, &b), Verdict::Higher);
}

#[test]
fn fewer_rounds_mean_wider_intervals() {
    let width = |values: &[f64]| {
        let [low, high] = interval(&samples(values));
        high / low
    };
    assert!(width(&[10.0, 11.0]) > 2.0 * width(&[10.0, 11.0, 10.0, 11.0]));
}

#[test]
fn the_value_is_a_ratio_of_sums() {
    let rounds = [(10.0, 1.0), (90.0, 3.0)].map(|(amount, over)| Sample { amount, over });
    assert_eq!(value(&rounds), 25.0);
}

#[test]
fn nothing_divided_by_nothing_is_the_same() {
    assert_eq!(ratio(0.0, 0.0), 1.0);
    assert_eq!(ratio(0.0, 1.0), MAX_RATIO);
    assert_eq!(judged(&[0.0, 0.0], &[0.0, 0.0]), Verdict::Equivalent);
}

/// Ninety-five of a hundred intervals hold the truth: with four rounds of normal noise, give or take what 400
/// seeded trials allow.
#[test]
fn intervals_hold_what_they_promise() {
    let mut rng = StdRng::seed_from_u64(7);
    let mut normal = || (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0;
    let held = (0..400)
        .filter(|_| {
            let rounds: Vec<f64> = (0..4).map(|_| 100.0 + 5.0 * normal()).collect();
            let [low, high] = interval(&samples(&rounds));
            low <= 100.0 && 100.0 <= high
        })
        .count();
    assert!((368..=396).contains(&held), "{held} of 400");
}

proptest! {
    #[test]
    fn intervals_hold_the_value_and_repeat(values in prop::collection::vec(0.0f64..1e9, 2..8)) {
        let samples = samples(&values);
        let [low, high] = interval(&samples);
        let point = value(&samples);
        prop_assert!(low <= point && point <= high && high.is_finite());
        prop_assert_eq!([low, high], interval(&samples));
    }

    #[test]
    fn ratios_are_finite(a in prop::collection::vec(0.0f64..1e9, 1..6), b in prop::collection::vec(0.0f64..1e9, 1..6)) {
        let [low, high] = ratio_interval(&samples(&a), &samples(&b));
        prop_assert!(low.is_finite() && high.is_finite());
    }
}
