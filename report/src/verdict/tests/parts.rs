//! Parts of a difference, and of an arm alone.

use super::*;

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
fn lists_the_savings_of_the_lower_arm() {
    let mut comparison = comparison(Pair {
        by_kind: vec![
            term(TermKind::Gc, -30_000.0, [0.0, 0.0]),
            term(TermKind::Fault, 5_000.0, [1.0, 2.0]),
        ],
        ..pair(Outcome::Lower)
    });
    comparison.metrics[0]
        .arms
        .insert("go".into(), estimate(105e3));
    let verdict = verdicts(&comparison).remove(0);
    let parts = verdict.parts.expect("a table");
    assert_eq!(parts.title, "where bun saves CPU");
    let rows: Vec<_> = parts.rows.iter().map(|row| row.label.as_str()).collect();
    assert_eq!(
        rows,
        [
            "garbage collection",
            "added by bun: page faults and interrupts",
            "not accounted for"
        ]
    );
    assert_eq!(parts.rows[0].share, "120 %");
}

#[test]
fn splits_user_code_by_whether_it_has_a_name() {
    let verdict = of(Pair {
        by_kind: vec![term(TermKind::UserCode, 30_000.0, [2.0, 3.0])],
        by_cause: vec![term(
            TermKind::Code(CodeCategory::Unnamed),
            24_000.0,
            [2.0, 3.0],
        )],
        ..pair(Outcome::Higher)
    });
    let rows = verdict.parts.expect("a table").rows;
    let shown: Vec<_> = rows
        .iter()
        .map(|row| format!("{} {}", row.label, row.shown))
        .collect();
    assert_eq!(
        shown[..2],
        ["user code with a name +6.0", "no name found +24.0"]
    );
    assert!(rows[1].unexplained && !rows[0].unexplained);
}

fn first_row(comparison: &Comparison) -> PartRow {
    let parts = verdicts(comparison).remove(0).parts;
    parts.expect("a table").rows.remove(0)
}

#[test]
fn lists_the_costliest_addresses_without_a_name() {
    let unnamed = TermKind::Code(CodeCategory::Unnamed);
    let mut comparison = comparison(Pair {
        by_kind: vec![term(unnamed, 40_000.0, [2.0, 3.0])],
        ..pair(Outcome::Higher)
    });
    let function = |address: &str, caller: &str, samples| FunctionShare {
        place: "bun".into(),
        address: address.into(),
        caller: caller.into(),
        share: samples as f64 / 100.0,
        samples,
        ..FunctionShare::default()
    };
    comparison.arms[1].functions = vec![function("bun+0x40", "bun+0x10", 40), function("", "", 30)];
    let row = first_row(&comparison);
    assert_eq!(row.label, "no name found");
    assert_eq!(
        row.evidence,
        "50.0 µs against 10.0 µs; 40.0 % of user time at bun+0x40 (from bun+0x10), 30.0 % in bun"
    );
}

#[test]
fn shows_the_context_of_code_without_a_name() {
    let context = TermKind::Code(CodeCategory::CalledFromJs);
    let row = first_row(&comparison(Pair {
        by_kind: vec![term(context, 40_000.0, [2.0, 3.0])],
        ..pair(Outcome::Higher)
    }));
    assert_eq!(
        row.label,
        "no name found: native code called from JavaScript"
    );
    assert!(row.unexplained);
}

#[test]
fn states_both_figures_of_a_pair_and_the_named_share_of_each_arm() {
    let mut comparison = comparison(Pair {
        accounted: Some(1.0),
        named: Some(0.842),
        ..pair(Outcome::Higher)
    });
    for (arm, named) in comparison.arms.iter_mut().zip([0.995, 0.91]) {
        (arm.accounted, arm.named) = (Some(1.0), Some(named));
    }
    let verdict = verdicts(&comparison).remove(0);
    assert_eq!(
        verdict.coverage.as_deref(),
        Some(
            "accounted for: 100.0 % of the difference; named: 84.2 %; \
             named of each arm's CPU: 99.5 % of go, 91.0 % of bun"
        )
    );
    comparison.metrics[0].pairs[0].verdict = Outcome::Inconclusive;
    let noisy = verdicts(&comparison).remove(0);
    assert_eq!(
        noisy.coverage.as_deref(),
        Some("named of each arm's CPU: 99.5 % of go, 91.0 % of bun"),
        "shares of noise mean nothing"
    );
    comparison.arms.truncate(1);
    let alone = verdicts(&comparison).remove(0);
    assert_eq!(
        alone.coverage.as_deref(),
        Some("accounted for: 100.0 % of its CPU; named: 99.5 %")
    );
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
