use super::*;
use crate::evidence::{Library, citations};
use crate::testing::{Build, any_recordings, go_and_bun};
use proptest::prelude::*;
use recording::Comparison;

/// Σ terms + unexplained = b − a, to the last bit, and each term is its two effects.
fn assert_adds_up(comparison: &Comparison) {
    for metric in &comparison.metrics {
        for pair in &metric.pairs {
            let difference = metric.arms[&pair.b].value - metric.arms[&pair.a].value;
            for rows in [&pair.terms, &pair.by_cause, &pair.by_work] {
                let sum: f64 = rows.iter().map(|term| term.delta).sum();
                assert_eq!(sum + pair.unexplained, difference, "{}", metric.name);
            }
            for term in &pair.terms {
                assert_eq!(term.count_effect + term.unit_cost_effect, term.delta);
                assert_eq!(term.in_b.value - term.in_a.value, term.delta);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn differences_add_up_to_the_last_bit(recordings in any_recordings()) {
        let comparison = crate::compare(&recordings);
        assert_adds_up(&comparison);
        let library = Library::new(&comparison, &recordings);
        prop_assert!(citations(&comparison).all(|citation| library.resolve(citation).is_ok()));
        let text = serde_json::to_string(&comparison).expect("serializes");
        assert_adds_up(&serde_json::from_str(&text).expect("reads back"));
    }
}

fn find<'a>(comparison: &'a Comparison, metric: &str) -> &'a Metric {
    let mut metrics = comparison.metrics.iter();
    metrics.find(|found| found.name == metric).expect("metric")
}

#[test]
fn every_difference_of_the_sample_is_booked() {
    let comparison = crate::compare(&go_and_bun(2));
    assert_adds_up(&comparison);
    let pair = &find(&comparison, "cpu_ns_per_token").pairs[0];
    assert_eq!((pair.a.as_str(), pair.b.as_str()), ("go", "bun"));
    assert!(pair.unexplained.abs() < 1e-6);
}

#[test]
fn a_cause_of_one_arm_counts_whole() {
    let comparison = crate::compare(&go_and_bun(2));
    let pair = &find(&comparison, "cpu_ns_per_token").pairs[0];
    let term = pair.terms.iter().find(|term| term.cause == "epoll_pwait2");
    let term = term.expect("bun waits by epoll_pwait2");
    assert_eq!(term.in_a, Amount::default());
    assert_eq!(term.delta, term.in_b.value);
    assert_eq!(term.count_effect, term.delta);
}

#[test]
fn time_of_the_process_beyond_its_threads_is_unexplained() {
    let mut recordings = go_and_bun(1);
    let tokens = recordings[1].1.tokens();
    recordings[1].1.process.on_cpu_ns += 5_000 * tokens;
    let comparison = crate::compare(&recordings);
    let pair = &find(&comparison, "cpu_ns_per_token").pairs[0];
    assert!((pair.unexplained - 5_000.0).abs() < 1e-6);
}

#[test]
fn three_arms_make_three_pairs_in_their_order() {
    let recordings: Vec<_> = ["x", "y", "z"]
        .map(|arm| (arm.to_string(), Build::arm(arm).load(100, 10).done()))
        .into();
    let comparison = crate::compare(&recordings);
    let pairs = &find(&comparison, "rss_bytes").pairs;
    let names: Vec<_> = pairs
        .iter()
        .map(|pair| format!("{}{}", pair.a, pair.b))
        .collect();
    assert_eq!(names, ["xy", "xz", "yz"]);
}

#[test]
fn an_arm_without_load_has_no_value_per_token() {
    let recordings = [
        ("1".to_string(), Build::arm("x").load(100, 10).done()),
        ("2".to_string(), Build::arm("y").done()),
    ];
    let comparison = crate::compare(&recordings);
    let metric = find(&comparison, "switches_per_token");
    assert!(metric.arms.contains_key("x") && !metric.arms.contains_key("y"));
    assert!(metric.pairs.is_empty());
}
