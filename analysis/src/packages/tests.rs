use crate::testing::compare;
use proptest::prelude::*;
use recording::comparison::{PackageCosts, PackageKind, PackageRow};
use recording::stacks::{APPLICATION, SampleMode, StackFrame, Stacks, StacksBuilder};
use recording::testing::{Build, MAIN};
use recording::vocabulary::{CodePlace, MetricId, RegionClass};
use recording::{Comparison, Instrumented, Recording};

/// A frame from `PACKAGE:FUNCTION`; without a package `:FUNCTION`. `*` before it: compiled code.
fn frame(builder: &mut StacksBuilder, text: &str) -> StackFrame {
    let compiled = text.starts_with('*');
    let text = text.trim_start_matches('*');
    let (package, function) = text.split_once(':').expect("PACKAGE:FUNCTION");
    StackFrame {
        function: function.into(),
        package: package.into(),
        module: (!compiled).then(|| builder.module("node", "")),
        place: CodePlace::Region(match compiled {
            true => RegionClass::JitCode,
            false => RegionClass::BinaryText,
        }),
        ..StackFrame::default()
    }
}

/// Stacks given by frames separated by blanks, the outermost first, with their samples.
fn stacks(samples: &[(SampleMode, &str, u64)]) -> Stacks {
    let mut builder = StacksBuilder::default();
    for (mode, stack, count) in samples {
        let frames = stack.split_whitespace();
        let frames: Vec<_> = frames.map(|text| frame(&mut builder, text)).collect();
        builder.add((0, *mode, false), frames, *count);
    }
    builder.done()
}

/// A round of 100 tokens with `user_ns` of user code.
fn round(arm: &str, user_ns: u64, samples: &[(SampleMode, &str, u64)]) -> Recording {
    let stacks = stacks(samples);
    let in_user = stacks.counts.iter();
    let in_user = in_user.filter(|count| count.mode == SampleMode::User);
    let in_user = in_user.map(|count| count.samples).sum();
    let build = Build::arm(arm).thread(1, MAIN, |thread| {
        thread.user(user_ns, 5).call("sendto", 4, 700)
    });
    build
        .load(100, 10)
        .with(|recording| {
            recording.threads[0].samples.user = in_user;
            recording.stacks = stacks;
        })
        .done()
}

fn named(list: Vec<Recording>) -> Vec<(String, Recording)> {
    let list = list.into_iter().enumerate();
    list.map(|(index, round)| (index.to_string(), round))
        .collect()
}

fn costs(comparison: &Comparison, arm: usize) -> &PackageCosts {
    let packages = comparison.arms[arm].packages.as_ref();
    packages.expect("the arm has packages")
}

fn row<'a>(costs: &'a PackageCosts, package: &str) -> &'a PackageRow {
    let found = costs.rows.iter().find(|row| row.package == package);
    found.unwrap_or_else(|| panic!("{package} in {:?}", costs.rows))
}

const USER: SampleMode = SampleMode::User;

#[test]
fn charges_a_sample_to_its_innermost_package() {
    let samples = [
        (USER, "hono:get zod:parse :memcpy", 3),
        (USER, "hono:get", 1),
        (USER, ":main", 4),
        (USER, "(application):answer", 2),
    ];
    let comparison = compare(&named(vec![round("node", 1_000, &samples)]));
    let costs = costs(&comparison, 0);
    assert_eq!((costs.user, costs.samples), (10.0, 10));
    let zod = row(costs, "zod");
    assert_eq!((zod.own.value, zod.share, zod.samples), (3.0, 0.3, 3));
    assert_eq!(zod.with_callees, Some(3.0));
    let hono = row(costs, "hono");
    assert_eq!((hono.own.value, hono.with_callees), (1.0, Some(4.0)));
    assert!(hono.sampling_error > 0.0);
    let runtime = row(costs, "V8 and Node.js");
    assert_eq!(
        (runtime.kind, runtime.own.value),
        (PackageKind::Runtime, 4.0)
    );
    assert_eq!(runtime.with_callees, None);
    assert_eq!(row(costs, "application").kind, PackageKind::Application);
}

#[test]
fn counts_what_a_package_calls_with_the_kernel() {
    let samples = [
        (USER, "httpx:request", 10),
        (SampleMode::Syscall, "httpx:request :sendto", 5),
    ];
    let comparison = compare(&named(vec![round("python", 1_000, &samples)]));
    let httpx = row(costs(&comparison, 0), "httpx");
    assert_eq!((httpx.own.value, httpx.with_callees), (10.0, Some(17.0)));
}

#[test]
fn compares_packages_of_two_arms() {
    let of_a = [(USER, "zod:parse", 5), (USER, ":main", 5)];
    let of_b = [(USER, "zod:parse", 8), (USER, "hono:get", 2)];
    let arms = [("node:a", 1_000, &of_a), ("node:b", 2_000, &of_b)];
    let rounds = arms.iter().cycle().take(4);
    let rounds = rounds.map(|(arm, ns, samples)| round(arm, *ns, *samples));
    let comparison = compare(&named(rounds.collect()));
    let [pair] = &comparison.package_pairs[..] else {
        panic!("one pair")
    };
    assert_eq!((&*pair.a, &*pair.b, pair.delta), ("node:a", "node:b", 10.0));
    let of = |package: &str| pair.rows.iter().find(|row| row.package == package);
    let zod = of("zod").expect("it is in both");
    assert_eq!((zod.in_a, zod.in_b, zod.delta), (5.0, 16.0, 11.0));
    assert_eq!(zod.ci95, Some([11.0, 11.0]), "the rounds are the same");
    let main = of("V8 and Node.js").expect("it is in one");
    assert_eq!((main.delta, main.instrumented), (-5.0, false));
    let sum: f64 = pair.rows.iter().map(|row| row.delta).sum();
    assert_eq!(sum, pair.delta);
}

#[test]
fn shows_nothing_where_no_package_is_known() {
    let comparison = compare(&named(vec![round("cpp", 1_000, &[(USER, ":main", 9)])]));
    assert!(comparison.arms[0].packages.is_none() && comparison.package_pairs.is_empty());
    let without_stacks = compare(&named(vec![round("node", 1_000, &[])]));
    assert!(without_stacks.arms[0].packages.is_none());
}

/// A measured round that knows `zod` by a file, and an instrumented one.
fn with_instrumented(of_measured: &[(SampleMode, &str, u64)]) -> Comparison {
    let mut instrumented = round(
        "node",
        9_000,
        &[
            (USER, "*hono:get", 30),
            (USER, "*hono:get *(application):answer", 10),
            (USER, ":main", 20),
            (USER, "*hono:get zod:native", 500),
        ],
    );
    instrumented.instrumented = Some(Instrumented::default());
    compare(&named(vec![
        round("node", 1_000, of_measured),
        instrumented,
    ]))
}

#[test]
fn applies_shares_of_an_instrumented_round_to_code_without_a_package() {
    let comparison = with_instrumented(&[
        (USER, "*:compiled", 3),
        (USER, ":main", 3),
        (USER, "zod:native", 4),
    ]);
    let costs = costs(&comparison, 0);
    assert_eq!((costs.user, costs.instrumented_samples), (10.0, 60));
    let hono = row(costs, "hono");
    assert_eq!((hono.own.value, hono.instrumented), (3.0, 3.0));
    let zod = row(costs, "zod");
    assert_eq!((zod.own.value, zod.instrumented), (4.0, 0.0));
    assert_eq!(row(costs, "application").own.value, 1.0);
    assert_eq!(row(costs, "V8 and Node.js").own.value, 2.0);
    let sum: f64 = costs.rows.iter().map(|row| row.own.value).sum();
    assert_eq!(sum, costs.user);
}

#[test]
fn prefers_measured_packages_of_compiled_code() {
    let comparison = with_instrumented(&[(USER, "*zod:parse", 3), (USER, ":main", 1)]);
    let costs = costs(&comparison, 0);
    assert_eq!(costs.instrumented_samples, 0);
    assert!(costs.rows.iter().all(|row| row.package != "hono"));
}

#[test]
fn adds_up_small_packages() {
    let many: Vec<String> = (0..50).map(|number| format!("p{number}:f")).collect();
    let samples: Vec<_> = many.iter().map(|stack| (USER, &**stack, 2)).collect();
    let comparison = compare(&named(vec![round("node", 1_000, &samples)]));
    let costs = costs(&comparison, 0);
    assert_eq!(costs.rows.len(), super::MOST + 1);
    let last = costs.rows.last().expect("the rest");
    assert_eq!(last.package, "20 smaller packages");
    assert!((last.own.value - 4.0).abs() < 1e-9, "{}", last.own.value);
}

#[test]
fn bounds_names_of_the_observed_process() {
    let stack = format!("{}:f", "x".repeat(5_000));
    let comparison = compare(&named(vec![round("node", 1_000, &[(USER, &stack, 2)])]));
    assert_eq!(costs(&comparison, 0).rows[0].package.len(), 80);
}

#[test]
fn keeps_the_name_of_the_program_apart_from_packages() {
    let stack = format!("{APPLICATION}:f");
    let samples = [(USER, &*stack, 2), (USER, "application:f", 1)];
    let comparison = compare(&named(vec![round("node", 300, &samples)]));
    let kinds: Vec<_> = costs(&comparison, 0)
        .rows
        .iter()
        .map(|row| row.kind)
        .collect();
    assert_eq!(kinds, [PackageKind::Application, PackageKind::Package]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Packages add up to the user code of the ledger, to the last bit, in arms and pairs.
    #[test]
    fn adds_up_to_user_code(
        rounds in prop::collection::vec(
            (0usize..3, 1u64..1 << 40, prop::collection::vec((0usize..6, 1u64..500), 1..9)),
            1..6,
        ),
    ) {
        const STACKS: [&str; 6] = [
            "hono:a zod:b", ":main", "*:c", "*hono:d :e", "zod:f *hono:g", "(application):h :i",
        ];
        let rounds = rounds.iter().map(|(arm, ns, samples)| {
            let samples: Vec<_> = samples
                .iter()
                .map(|(stack, count)| (USER, STACKS[*stack], *count))
                .collect();
            round(["node:a", "node:b", "node:c"][*arm], *ns, &samples)
        });
        let comparison = compare(&named(rounds.collect()));
        for arm in &comparison.arms {
            let Some(costs) = &arm.packages else { continue };
            let ledger = arm.ledger[&MetricId::CpuNsPerToken].iter();
            let user = ledger.filter(|row| row.kind.is_user_code());
            let user: f64 = user.map(|row| row.amount.value).sum();
            let sum: f64 = costs.rows.iter().map(|row| row.own.value).sum();
            prop_assert_eq!((sum, costs.user), (user, user));
        }
        for pair in &comparison.package_pairs {
            let sum: f64 = pair.rows.iter().map(|row| row.delta).sum();
            prop_assert_eq!(sum, pair.delta);
        }
    }
}
