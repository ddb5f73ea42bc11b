use super::*;
use recording::comparison::{Arm, Metric};

fn condition(text: &str) -> Condition {
    text.parse().unwrap()
}

fn pair(verdict: Verdict, ci95: [f64; 2]) -> Pair {
    Pair {
        a: "before".into(),
        b: "after".into(),
        ratio: f64::midpoint(ci95[0], ci95[1]),
        ci95,
        p_value: Some(0.5),
        verdict,
        ..Pair::default()
    }
}

const UNDECIDED: Judgement = Judgement::Undecided { more: None };

#[test]
fn reads_conditions_as_they_are_written() {
    for text in [
        "cpu_ns_per_token:higher",
        "rss_bytes:lower",
        "ttft_ns:higher>5%",
        "itl_ns:lower>7%",
        "itl_ns:higher>0.5%",
    ] {
        assert_eq!(condition(text).to_string(), text);
    }
    assert_eq!(condition("rss_bytes:higher> 5 %").allowed, 0.05);
}

#[test]
fn rejects_conditions_that_mean_nothing() {
    for (text, part) in [
        ("rss_bytes", "no ':'"),
        ("rss:higher", "is no metric; known are"),
        ("rss_bytes:up", "neither higher nor lower"),
        ("rss_bytes:higher>5", "no share"),
        ("rss_bytes:higher>-5%", "no share"),
        ("rss_bytes:higher>NaN%", "no share"),
        ("rss_bytes:lower>100%", "nothing is lower"),
        ("", "no ':'"),
    ] {
        let error = text.parse::<Condition>().unwrap_err();
        assert!(error.contains(part), "{text}: {error}");
    }
}

#[test]
fn holds_if_the_whole_interval_is_beyond_the_limit() {
    use Judgement::{DoesNotHold, Holds};
    let higher = |ci95| pair(Verdict::Higher, ci95);
    for (text, pair, expected) in [
        ("rss_bytes:higher", higher([1.02, 1.2]), Holds),
        ("rss_bytes:higher>5%", higher([1.06, 1.2]), Holds),
        ("rss_bytes:higher>5%", higher([1.02, 1.2]), UNDECIDED),
        ("rss_bytes:higher>30%", higher([1.02, 1.2]), DoesNotHold),
        ("rss_bytes:lower", higher([1.02, 1.2]), DoesNotHold),
        ("rss_bytes:lower", pair(Verdict::Lower, [0.7, 0.9]), Holds),
        (
            "rss_bytes:lower>20%",
            pair(Verdict::Lower, [0.7, 0.9]),
            UNDECIDED,
        ),
        (
            "rss_bytes:lower>30%",
            pair(Verdict::Lower, [0.75, 0.9]),
            DoesNotHold,
        ),
        (
            "rss_bytes:higher",
            pair(Verdict::Equivalent, [0.99, 1.01]),
            DoesNotHold,
        ),
        (
            "rss_bytes:higher",
            pair(Verdict::Inconclusive, [0.9, 1.3]),
            UNDECIDED,
        ),
        // The interval excludes 1, but not with all metrics judged together.
        (
            "rss_bytes:higher",
            pair(Verdict::Inconclusive, [1.01, 1.3]),
            UNDECIDED,
        ),
    ] {
        assert_eq!(condition(text).judge(&pair), expected, "{text} {pair:?}");
    }
}

#[test]
fn decides_nothing_without_an_interval_or_equal_work() {
    let single = Pair {
        p_value: None,
        more_rounds: Some(3),
        ..pair(Verdict::Higher, [2.0, 2.0])
    };
    let unequal = Pair {
        incomparable: Some("different work".into()),
        ..pair(Verdict::Higher, [2.0, 2.1])
    };
    let condition = condition("rss_bytes:higher");
    assert_eq!(
        condition.judge(&single),
        Judgement::Undecided { more: Some(3) }
    );
    assert_eq!(condition.judge(&unequal), UNDECIDED);
}

fn gate(inconclusive: Inconclusive) -> Gate {
    Gate {
        conditions: vec![condition("rss_bytes:higher")],
        inconclusive,
    }
}

#[test]
fn ends_as_asked_where_rounds_do_not_decide() {
    let undecided = [Judgement::DoesNotHold, UNDECIDED];
    let outcome = |choice, judged: &[Judgement]| gate(choice).outcome(judged, Outcome::Done);
    assert_eq!(outcome(Inconclusive::Pass, &undecided), Outcome::Done);
    assert_eq!(
        outcome(Inconclusive::Fail, &undecided),
        Outcome::ConditionHolds
    );
    assert_eq!(
        outcome(Inconclusive::MoreRounds, &undecided),
        Outcome::Undecided
    );
    let mixed = [Judgement::Holds, UNDECIDED];
    assert_eq!(
        outcome(Inconclusive::MoreRounds, &mixed),
        Outcome::ConditionHolds
    );
    let invalid = gate(Inconclusive::Pass).outcome(&mixed, Outcome::Invalid);
    assert_eq!(invalid, Outcome::Invalid);
}

fn comparison() -> Comparison {
    let arm = |name: &str| Arm {
        arm: name.into(),
        ..Arm::default()
    };
    let mut metric = Metric::new(MetricId::RssBytes);
    let first = pair(Verdict::Equivalent, [1.0, 1.0]);
    // Not against the first arm: it decides nothing.
    let other = Pair {
        a: "after".into(),
        b: "third".into(),
        ..pair(Verdict::Higher, [3.0, 4.0])
    };
    metric.pairs = vec![first, other];
    Comparison {
        arms: ["before", "after", "third"].map(arm).into(),
        metrics: vec![metric],
        ..Comparison::default()
    }
}

#[test]
fn compares_with_the_first_arm_only() {
    let outcome = gate(Inconclusive::Pass).judge(&comparison(), Outcome::Done);
    assert_eq!(outcome.unwrap(), Outcome::Done);
}

#[test]
fn rejects_a_metric_that_was_not_recorded() {
    let gate = Gate {
        conditions: vec![condition("ttft_ns:higher")],
        inconclusive: Inconclusive::Pass,
    };
    let error = gate.judge(&comparison(), Outcome::Done).unwrap_err();
    assert_eq!(
        error.to_string(),
        "--fail-if ttft_ns:higher: the recordings do not have this metric; they have rss_bytes"
    );
}
