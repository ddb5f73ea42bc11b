mod parts;

use super::*;
use recording::comparison::{
    Amount, Arm, Finding, FunctionShare, ObserverCost, Term, Verdict as Outcome,
};
use recording::observer::Mode;
use recording::vocabulary::{CodeCategory, Role, SyscallClass, TermKind};
use std::collections::BTreeMap;

fn pair(verdict: Outcome) -> Pair {
    Pair {
        a: "go".into(),
        b: "bun".into(),
        ratio: 2.0,
        ci95: [1.9, 2.1],
        verdict,
        ..Pair::default()
    }
}

fn term(kind: TermKind, delta: f64, counts: [f64; 2]) -> Term {
    let amount = |value, count| Amount {
        value,
        count,
        sampling_error: None,
    };
    Term {
        kind,
        cause: kind.label().into(),
        delta,
        in_a: amount(10_000.0, counts[0]),
        in_b: amount(10_000.0 + delta, counts[1]),
        ..Term::default()
    }
}

fn estimate(value: f64) -> Estimate {
    Estimate {
        value,
        ci95: [value, value],
    }
}

fn comparison(pair: Pair) -> Comparison {
    let metric = Metric {
        arms: BTreeMap::from([
            ("go".into(), estimate(40e3)),
            ("bun".into(), estimate(80e3)),
        ]),
        pairs: vec![pair],
        ..Metric::new(MetricId::CpuNsPerToken)
    };
    let arm = |name: &str| Arm {
        arm: name.into(),
        rounds: 4,
        ..Arm::default()
    };
    Comparison {
        arms: vec![arm("go"), arm("bun")],
        metrics: vec![metric],
        ..Comparison::default()
    }
}

fn of(pair: Pair) -> Verdict {
    verdicts(&comparison(pair)).remove(0)
}

#[test]
fn states_ratio_values_interval_and_rounds() {
    let verdict = of(pair(Outcome::Higher));
    assert_eq!(verdict.headline, "bun uses 2.00× the CPU per token of go");
    assert_eq!(
        verdict.detail,
        "80.0 µs against 40.0 µs, 95 % interval 1.90×–2.10×, 4 rounds"
    );
}

#[test]
fn reports_the_rounds_that_a_noisy_pair_needs() {
    let verdict = of(Pair {
        ci95: [0.93, 1.31],
        more_rounds: Some(12),
        ..pair(Outcome::Inconclusive)
    });
    assert_eq!(
        verdict.headline,
        "No verdict: the rounds are too noisy to tell go from bun (0.93×–1.31×). About 12 more rounds would resolve \
         a 5 % difference."
    );
    assert_eq!((verdict.parts, verdict.what_to_try), (None, None));
}

#[test]
fn gives_single_rounds_no_verdict_but_their_parts() {
    let mut comparison = comparison(Pair {
        ci95: [2.0, 2.0],
        by_kind: vec![term(TermKind::Gc, 40_000.0, [0.0, 0.0])],
        ..pair(Outcome::Inconclusive)
    });
    comparison.arms.iter_mut().for_each(|arm| arm.rounds = 1);
    let verdict = verdicts(&comparison).remove(0);
    assert!(
        verdict.headline.starts_with("No verdict: one round"),
        "{}",
        verdict.headline
    );
    assert!(verdict.parts.is_some());
}

#[test]
fn prefers_cpu_per_request_to_cpu_per_second() {
    let mut comparison = comparison(pair(Outcome::Higher));
    let metric = comparison.metrics.remove(0);
    let names = [
        MetricId::RssBytes,
        MetricId::CpuNsPerRequest,
        MetricId::CpuNsPerSecond,
    ];
    comparison.metrics = names
        .map(|name| Metric {
            name,
            ..metric.clone()
        })
        .into();
    assert_eq!(
        main_metric(&comparison).expect("a metric").1.name,
        MetricId::CpuNsPerRequest
    );
    let headline = &verdicts(&comparison)[0].headline;
    assert!(headline.contains("2.00× the CPU per"), "{headline}");
}

#[test]
fn reports_equal_arms_without_a_table() {
    let verdict = of(Pair {
        by_kind: vec![term(TermKind::Gc, 1.0, [0.0, 0.0])],
        ..pair(Outcome::Equivalent)
    });
    assert_eq!(verdict.headline, "bun and go use the same CPU per token");
    assert_eq!(verdict.parts, None);
}

#[test]
fn gives_the_advice_of_the_first_cause_and_the_cost_of_observing() {
    let mut comparison = comparison(pair(Outcome::Higher));
    let finding = |advice: &str, consequence| Finding {
        id: "thread-handoff".into(),
        metric: MetricId::CpuNsPerToken,
        pair: Some(["go".into(), "bun".into()]),
        title: String::new(),
        text: String::new(),
        meaning: String::new(),
        advice: advice.into(),
        share: 0.5,
        consequence,
        predicted: None,
        evidence: Vec::new(),
        stacks: Vec::new(),
    };
    comparison.findings = vec![
        finding("Ignore.", true),
        finding("", false),
        finding("Batch.", false),
    ];
    comparison.observer_cost = vec![ObserverCost {
        arm: "bun".into(),
        mode: Mode::All,
        ratio: Estimate {
            value: 1.034,
            ci95: [1.03, 1.04],
        },
        ..ObserverCost::default()
    }];
    let verdict = verdicts(&comparison).remove(0);
    let advice = verdict.what_to_try.expect("advice");
    assert!(advice.ends_with("to try: Batch."), "{advice}");
    let cost = verdict.observing_cost.expect("a cost");
    assert_eq!(cost, "observing cost 3.4 % in bun (included in both)");
}
