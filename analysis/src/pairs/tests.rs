use super::*;
use crate::evidence::{Library, citations};
use crate::testing::{any_recordings, compare, go_and_bun};
use proptest::prelude::*;
use recording::Comparison;
use recording::testing::{Build, MAIN};
use recording::vocabulary::{CodeCategory, Role, TermKind};

/// Checks that Σ terms + unexplained = b − a, to the last bit, and that each term is its two
/// effects.
fn assert_adds_up(comparison: &Comparison) {
    for metric in &comparison.metrics {
        for pair in &metric.pairs {
            let difference = metric.arms[&pair.b].value - metric.arms[&pair.a].value;
            for rows in [&pair.terms, &pair.by_cause, &pair.by_kind] {
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
    fn adds_up_to_the_last_bit(recordings in any_recordings()) {
        let comparison = compare(&recordings);
        assert_adds_up(&comparison);
        let library = Library::new(&comparison, &recordings);
        prop_assert!(citations(&comparison).all(|citation| library.resolve(citation).is_ok()));
        let text = serde_json::to_string(&comparison).expect("serializes");
        assert_adds_up(&serde_json::from_str(&text).expect("reads back"));
    }
}

#[test]
fn adds_up_over_a_day_of_many_busy_cpus() {
    const DAY_NS: u64 = 24 * 3_600 * 1_000_000_000;
    const CPUS: u32 = 128;
    let day = |arm: &str, share: u64| {
        let mut build = Build::arm(arm);
        for thread in 1..=CPUS {
            build = build.thread(thread, MAIN, |found| {
                let busy = found.user(DAY_NS / share, 4_000_000_000);
                busy.call("write", 4_000_000_000, DAY_NS / share / 3)
                    .off_cpu(DAY_NS - DAY_NS / share)
            });
        }
        let build = build.load(100_000_000_000, 1_000_000_000);
        let build = build.with(|recording| recording.window.duration_ns = DAY_NS);
        (format!("{arm}/1"), build.done())
    };
    let comparison = compare(&[day("go", 2), day("bun", 1)]);
    assert_adds_up(&comparison);
    let metric = find(&comparison, MetricId::CpuNsPerToken);
    let per_token = metric.arms["go"].value;
    // Half of the day in user code and a sixth in calls, on each CPU.
    let expected = (DAY_NS / 2 + DAY_NS / 6) as f64 * f64::from(CPUS) / 1e11;
    assert!(
        (per_token / expected - 1.0).abs() < 1e-6,
        "{per_token} against {expected}"
    );
}

fn find(comparison: &Comparison, metric: MetricId) -> &Metric {
    let mut metrics = comparison.metrics.iter();
    metrics.find(|found| found.name == metric).expect("metric")
}

#[test]
fn books_the_whole_difference() {
    let comparison = compare(&go_and_bun(2));
    assert_adds_up(&comparison);
    let pair = &find(&comparison, MetricId::CpuNsPerToken).pairs[0];
    assert_eq!((pair.a.as_str(), pair.b.as_str()), ("go", "bun"));
    assert!(pair.unexplained.abs() < 1e-6);
}

#[test]
fn counts_whole_a_cause_of_one_arm() {
    let comparison = compare(&go_and_bun(2));
    let pair = &find(&comparison, MetricId::CpuNsPerToken).pairs[0];
    let term = pair.terms.iter().find(|term| term.cause == "epoll_pwait2");
    let term = term.expect("bun waits by epoll_pwait2");
    assert_eq!(term.in_a, Amount::default());
    assert_eq!(term.delta, term.in_b.value);
    assert_eq!(term.count_effect, term.delta);
}

#[test]
fn leaves_time_unexplained_that_no_thread_has() {
    let mut recordings = go_and_bun(1);
    let tokens = recordings[1].1.tokens();
    recordings[1].1.process.on_cpu_ns += 5_000 * tokens;
    let comparison = compare(&recordings);
    let pair = &find(&comparison, MetricId::CpuNsPerToken).pairs[0];
    assert!((pair.unexplained - 5_000.0).abs() < 1e-6);
}

#[test]
fn pairs_arms_in_their_order() {
    let recordings: Vec<_> = ["x", "y", "z"]
        .map(|arm| (arm.to_string(), Build::arm(arm).load(100, 10).done()))
        .into();
    let comparison = compare(&recordings);
    let pairs = &find(&comparison, MetricId::RssBytes).pairs;
    let names: Vec<_> = pairs
        .iter()
        .map(|pair| format!("{}{}", pair.a, pair.b))
        .collect();
    assert_eq!(names, ["xy", "xz", "yz"]);
}

#[test]
fn omits_values_per_token_without_load() {
    let recordings = [
        ("1".to_string(), Build::arm("x").load(100, 10).done()),
        ("2".to_string(), Build::arm("y").done()),
    ];
    let comparison = compare(&recordings);
    let metric = find(&comparison, MetricId::SwitchesPerToken);
    assert!(metric.arms.contains_key("x") && !metric.arms.contains_key("y"));
    assert!(metric.pairs.is_empty());
}

#[test]
fn adds_up_each_arms_own_ledger() {
    let comparison = compare(&go_and_bun(2));
    let value = |arm: &str| find(&comparison, MetricId::CpuNsPerToken).arms[arm].value;
    for arm in &comparison.arms {
        for book in [&arm.ledger, &arm.by_cause, &arm.by_kind] {
            let rows = &book[&MetricId::CpuNsPerToken];
            let sum: f64 = rows.iter().map(|row| row.amount.value).sum();
            assert!((sum - value(&arm.arm)).abs() < 1e-6, "{}", arm.arm);
            let values = rows.iter().map(|row| row.amount.value);
            assert!(values.is_sorted_by(|one, next| one >= next));
        }
    }
}

#[test]
fn counts_user_code_without_a_name_as_unnamed() {
    let arm = |name: &str, user: u64, read: u64| {
        let build = Build::arm(name)
            .load(1, 1)
            .thread(1, MAIN, |thread| thread.user(user, 1).call("read", 1, read));
        (name.to_owned(), build.done())
    };
    let comparison = compare(&[arm("x", 100, 100), arm("y", 200, 400)]);
    let named = |comparison: &Comparison| find(comparison, MetricId::CpuNsPerToken).pairs[0].named;
    // 300 of 400 ns are system calls.
    let share = named(&comparison).expect("a share");
    assert!((share - 0.75).abs() < 1e-9, "{share}");
    let same = compare(&[arm("x", 100, 100), arm("y", 100, 100)]);
    assert_eq!(named(&same), None);
}

#[test]
fn counts_wakeups_of_a_role_once() {
    let arm = |name: &str| {
        let build = Build::arm(name)
            .load(1, 1)
            .thread(1, Role::GoScheduler, |thread| thread.user(100, 7));
        let build = build.code("main.main", 60).code("", 40);
        (name.to_owned(), build.done())
    };
    let comparison = compare(&[arm("go:x"), arm("go:y")]);
    let row = &find(&comparison, MetricId::CpuNsPerToken).pairs[0].by_kind[0];
    assert_eq!((row.kind, row.in_a.count), (TermKind::UserCode, 7.0));
}

#[test]
fn splits_user_code_by_category_where_both_arms_have_names() {
    let arm = |name: &str, unnamed: u64| {
        let build = Build::arm(name)
            .load(1, 1)
            .thread(1, Role::GoScheduler, |thread| thread.user(100, 7));
        let build = build.code("runtime.mallocgc", 100).code("", unnamed);
        (name.to_owned(), build.done())
    };
    let kinds = |unnamed| {
        let comparison = compare(&[arm("go:x", 0), arm("go:y", unnamed)]);
        let pair = &find(&comparison, MetricId::CpuNsPerToken).pairs[0];
        let mut kinds: Vec<_> = pair.by_kind.iter().map(|row| row.kind).collect();
        kinds.sort();
        kinds
    };
    let code = |category| TermKind::Code(category);
    let [allocation, unnamed] = [CodeCategory::Allocation, CodeCategory::Unnamed].map(code);
    assert_eq!(kinds(20), [allocation, unnamed]);
    assert_eq!(kinds(100), [TermKind::UserCode]);
}

#[test]
fn books_the_example_of_three_arms() {
    let recordings = recording::testing::three_arms();
    let comparison = crate::compare(&recordings);
    assert_adds_up(&comparison);
    let library = Library::new(&comparison, &recordings);
    for citation in citations(&comparison) {
        assert!(library.resolve(citation).is_ok(), "{citation}");
    }
    let cpu = find(&comparison, MetricId::CpuNsPerToken);
    for pair in &cpu.pairs {
        assert!(pair.unexplained.abs() < 1e-6, "{}", pair.unexplained);
    }
    let [go, bun, _] = &comparison.arms[..] else {
        panic!("three arms")
    };
    assert!(go.event_loops.is_empty() && bun.event_loops.len() == 2);
    assert!(go.functions.iter().any(|found| found.name == "main.relay"));
}
