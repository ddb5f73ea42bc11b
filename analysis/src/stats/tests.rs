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
fn detects_a_clear_difference_with_two_rounds() {
    assert_eq!(judged(&[10.0, 10.1], &[20.0, 20.3]), Verdict::Higher);
    assert_eq!(judged(&[20.0, 20.3], &[10.0, 10.1]), Verdict::Lower);
}

#[test]
fn reports_equal_arms_as_equivalent() {
    let rounds = [10.0, 10.1, 9.95, 10.02];
    assert_eq!(judged(&rounds, &rounds), Verdict::Equivalent);
    assert_eq!(
        judged(&rounds, &[10.05, 10.0, 10.0, 10.01]),
        Verdict::Equivalent
    );
}

#[test]
fn reports_noise_as_inconclusive() {
    assert_eq!(
        judged(&[10.0, 14.0, 9.0, 12.0], &[13.0, 9.5, 12.0, 10.0]),
        Verdict::Inconclusive
    );
}

#[test]
fn decides_nothing_from_one_round() {
    assert_eq!(judged(&[10.0], &[30.0]), Verdict::Inconclusive);
}

#[test]
fn cancels_out_a_drift_of_the_host() {
    let (a, b) = ([10.0, 12.0, 15.0, 20.0], [11.0, 13.2, 16.5, 22.0]);
    assert_eq!(judged(&a, &b), Verdict::Higher);
}

#[test]
fn widens_intervals_with_fewer_rounds() {
    let width = |values: &[f64]| {
        let [low, high] = interval(&samples(values));
        high / low
    };
    assert!(width(&[10.0, 11.0]) > 2.0 * width(&[10.0, 11.0, 10.0, 11.0]));
}

#[test]
fn computes_a_ratio_of_sums() {
    let rounds = [(10.0, 1.0), (90.0, 3.0)].map(|(amount, over)| Sample { amount, over });
    assert_eq!(value(&rounds), 25.0);
}

#[test]
fn treats_zero_over_zero_as_equal() {
    assert_eq!(ratio(0.0, 0.0), 1.0);
    assert_eq!(ratio(0.0, 1.0), MAX_RATIO);
    assert_eq!(judged(&[0.0, 0.0], &[0.0, 0.0]), Verdict::Equivalent);
}

/// Four rounds of normal noise; the bounds allow for the chance of 400 seeded trials.
#[test]
fn covers_the_truth_in_95_of_100_intervals() {
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

#[test]
fn computes_p_values_of_students_t() {
    // t = 2 and t = 12.7 with three degrees: from a table, 0.139 and 0.001.
    let [wide, narrow] = [0.1 * 3.182 / 2.0, 0.1 * 3.182 / 12.9];
    let around = |reach: f64| [(0.1f64 - reach).exp(), (0.1f64 + reach).exp()];
    let p_of = |reach| p_value(0.1f64.exp(), around(reach), 4).unwrap();
    assert!((p_of(wide) - 0.139).abs() < 0.001, "{}", p_of(wide));
    assert!((p_of(narrow) - 0.001).abs() < 0.0001, "{}", p_of(narrow));
    assert_eq!(p_value(1.0, [1.0, 1.0], 4), Some(1.0));
    assert_eq!(p_value(2.0, [2.0, 2.0], 4), Some(0.0));
    assert_eq!(p_value(2.0, [2.0, 2.0], 1), None);
}

#[test]
fn gives_p_of_a_twentieth_where_the_interval_touches_one() {
    let p = p_value(1.1, [1.0, 1.21], 6).unwrap();
    assert!((p - 0.05).abs() < 1e-6, "{p}");
}

#[test]
fn withdraws_one_difference_among_many() {
    let mut twenty = vec![0.5; 19];
    twenty.push(0.02);
    assert_eq!(largest_significant(&twenty), 0.0);
    assert_eq!(largest_significant(&[0.02]), 0.02);
    assert_eq!(largest_significant(&[0.02; 20]), 0.02);
    assert_eq!(largest_significant(&[0.001, 0.03, 0.049, 0.2]), 0.001);
    assert_eq!(largest_significant(&[]), 0.0);
}

/// Of 200 comparisons of identical arms by 12 independent metrics and 6 rounds, one in twenty
/// reports a difference. If metrics were judged alone, nine in twenty would.
#[test]
fn finds_few_differences_between_identical_arms() {
    let mut rng = StdRng::seed_from_u64(11);
    let mut normal = || (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0;
    let mut rounds = || -> Vec<f64> { (0..6).map(|_| 100.0 + 7.0 * normal()).collect() };
    let mut compared = || {
        let (a, b) = (samples(&rounds()), samples(&rounds()));
        let ratio = ratio(value(&a), value(&b));
        p_value(ratio, ratio_interval(&a, &b), 6).unwrap()
    };
    let comparisons: Vec<Vec<f64>> = (0..200)
        .map(|_| (0..12).map(|_| compared()).collect())
        .collect();
    let together = comparisons
        .iter()
        .filter(|p_values| largest_significant(p_values) > 0.0)
        .count();
    let alone = comparisons
        .iter()
        .filter(|p_values| p_values.iter().any(|p| *p < 0.05))
        .count();
    assert!((3..=20).contains(&together), "{together} of 200");
    assert!(alone > 70, "{alone} of 200");
}

#[test]
fn computes_the_rounds_that_resolve_five_percent() {
    let reach = |factor: f64| [1.0 / factor, factor];
    assert_eq!(more_rounds(reach(1.05), 4), Some(0));
    // Twice as wide needs four times the rounds, fewer where Student's t falls too.
    let twice = reach(1.05f64.powi(2) - 1e-12);
    assert_eq!(more_rounds(twice, 4), Some(5));
    assert_eq!(more_rounds(twice, 400), Some(1_193));
    assert_eq!(more_rounds([1.10, 2.38], 2), Some(4));
    assert_eq!(more_rounds(reach(1.01), 4), Some(0));
    assert_eq!(more_rounds([1.0, 1.0], 1), None);
    assert_eq!(more_rounds([0.0, 2.0], 4), None);
}

proptest! {
    #[test]
    fn keeps_the_value_inside_a_repeatable_interval(values in prop::collection::vec(0.0f64..1e9, 2..8)) {
        let samples = samples(&values);
        let [low, high] = interval(&samples);
        let point = value(&samples);
        prop_assert!(low <= point && point <= high && high.is_finite());
        prop_assert_eq!([low, high], interval(&samples));
    }

    #[test]
    fn keeps_ratios_finite(a in prop::collection::vec(0.0f64..1e9, 1..6), b in prop::collection::vec(0.0f64..1e9, 1..6)) {
        let [low, high] = ratio_interval(&samples(&a), &samples(&b));
        prop_assert!(low.is_finite() && high.is_finite());
    }
}

#[test]
fn includes_zero_where_rounds_differ_more_than_arms() {
    let samples = |amounts: &[f64]| {
        let samples = amounts.iter().map(|amount| Sample {
            amount: *amount,
            over: 10.0,
        });
        samples.collect::<Vec<_>>()
    };
    let resamples = Resamples::of(3, 3).expect("three rounds");
    let (a, b) = (
        samples(&[100.0, 101.0, 99.0]),
        samples(&[150.0, 152.0, 149.0]),
    );
    let [low, high] = resamples.difference(&a, &b);
    assert!(low > 4.0 && low < 5.0 && high > 5.0, "{low} {high}");
    let noisy = samples(&[20.0, 190.0, 120.0]);
    let [low, high] = resamples.difference(&a, &noisy);
    assert!(low < 0.0 && high > 0.0, "{low} {high}");
    assert_eq!(resamples.difference(&a, &a), [0.0, 0.0]);
    assert!(Resamples::of(1, 5).is_none());
}
