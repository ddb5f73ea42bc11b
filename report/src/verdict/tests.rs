use super::*;
use recording::comparison::{Amount, Arm, Finding, ObserverCost, Term, Verdict as Outcome};
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

fn comparison(pair: Pair) -> Comparison {
    let estimate = |value| Estimate {
        value,
        ci95: [value, value],
    };
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
fn lists_parts_then_savings_then_the_parts_without_a_name() {
    let sending = TermKind::Syscall(SyscallClass::Send);
    let verdict = of(Pair {
        by_kind: vec![
            term(TermKind::Code(CodeCategory::Unnamed), 4_000.0, [2.0, 3.0]),
            term(TermKind::Fault, -6_000.0, [1.0, 0.5]),
            term(sending, 30_000.0, [1.0, 2.5]),
            term(TermKind::Gc, 11_000.0, [0.0, 0.0]),
            term(TermKind::Jit, 200.0, [0.0, 0.0]),
        ],
        unexplained: 800.0,
        ..pair(Outcome::Higher)
    });
    let parts = verdict.parts.expect("a table");
    assert_eq!(
        (parts.title.as_str(), parts.unit.as_str()),
        ("where the extra CPU goes", "µs/token")
    );
    let rows = parts.rows.iter();
    let rows: Vec<String> = rows
        .map(|row| format!("{} {} {}", row.label, row.shown, row.share))
        .collect();
    assert_eq!(
        rows,
        [
            "sending (write, send) +30.0 75 %",
            "garbage collection +11.0 28 %",
            "saved by bun: page faults and interrupts −6.0 −15 %",
            "1 smaller row +0.2 0 %",
            "no name found +4.0 10 %",
            "not accounted for +0.8 2 %",
        ]
    );
    let sum: f64 = parts.rows.iter().map(|row| row.value).sum();
    assert_eq!(sum, 40_000.0, "the parts add up");
}

#[test]
fn names_counts_costs_role_and_call_of_a_part() {
    let waiting = TermKind::Syscall(SyscallClass::EventPolling);
    let verdict = of(Pair {
        by_kind: vec![Term {
            unit_cost_effect: 1_000.0,
            ..term(waiting, 40_000.0, [1.25, 5.0])
        }],
        terms: vec![Term {
            cause: "epoll_pwait2".into(),
            role: Some(Role::MainLoop),
            ..term(waiting, 39_000.0, [1.0, 4.0])
        }],
        ..pair(Outcome::Higher)
    });
    assert_eq!(
        verdict.parts.expect("a table").rows[0].evidence,
        "5 syscalls per token against 1.25, 10.0 µs each; main loop; epoll_pwait2"
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

#[test]
fn splits_the_value_of_an_arm_alone() {
    let mut comparison = comparison(pair(Outcome::Higher));
    comparison.arms.truncate(1);
    comparison.metrics[0].pairs.clear();
    let row = |kind: TermKind, value| recording::comparison::LedgerRow {
        kind,
        amount: Amount {
            value,
            count: 2.0,
            sampling_error: None,
        },
        ..Default::default()
    };
    let rows = vec![row(TermKind::Fault, 10e3), row(TermKind::Gc, 26e3)];
    let arm = &mut comparison.arms[0];
    arm.ledger = BTreeMap::from([(MetricId::CpuNsPerToken, rows.clone())]);
    arm.by_kind = BTreeMap::from([(MetricId::CpuNsPerToken, rows)]);
    let verdict = verdicts(&comparison).remove(0);
    assert_eq!(verdict.headline, "go uses 40.0 µs of CPU per token");
    let parts = verdict.parts.expect("a table");
    let rows: Vec<_> = parts
        .rows
        .iter()
        .map(|row| (row.label.as_str(), row.shown.as_str()))
        .collect();
    assert_eq!(
        rows,
        [
            ("garbage collection", "26.0"),
            ("page faults and interrupts", "10.0"),
            ("not accounted for", "4.0"),
        ]
    );
    assert_eq!(parts.rows[1].evidence, "2 faults per token, 5.00 µs each");
}
