//! The stacks of findings.

use super::*;
use recording::comparison::Finding;

/// Returns a comparison of two rounds of each arm, of which `new` runs more user code.
fn compared(samples: &[(&str, u64)]) -> Comparison {
    let of = |arm: &str, user_ns| round(arm, user_ns, ("1", samples));
    compare(&rounds(vec![
        of("old", 1_000_000),
        of("new", 9_000_000),
        of("old", 1_010_000),
        of("new", 9_010_000),
    ]))
}

fn user_code(comparison: &Comparison) -> &Finding {
    let mut findings = comparison.findings.iter();
    let found = findings.find(|finding| finding.id == "user-code");
    found.expect("a cause")
}

#[test]
fn gives_a_cause_its_costliest_stacks_with_samples_and_cost() {
    let samples = [
        ("start main work", 600),
        ("start main", 100),
        ("start", 50),
        ("start main rest a", 30),
        ("start main rest b", 20),
    ];
    let comparison = compared(&samples);
    let stacks = &user_code(&comparison).stacks;
    let named = stacks.iter().map(|stack| {
        let labels = labels(flame(&comparison), stack.frames.iter().rev().copied());
        (
            labels.rsplit_once(';').expect("frames").1.to_owned(),
            stack.samples,
        )
    });
    let named: Vec<_> = named.collect();
    // Two rounds of each.
    let expected = [("work", 1_200), ("main", 200), ("start", 100), ("a", 60)];
    assert_eq!(
        named,
        expected.map(|(name, samples)| (name.to_owned(), samples))
    );
    assert!(stacks.iter().all(|stack| stack.arm == "new"));
    // 9,005,000 ns of 800 samples, over 100 tokens.
    let work = stacks[0].value;
    assert!((work - 90_050.0 * 600.0 / 800.0).abs() < 1.0, "{work}");
}

#[test]
fn keeps_stacks_whole_whose_frames_are_too_small_for_the_graphs() {
    let deep = (0..20).map(|depth| format!("f{depth}")).collect::<Vec<_>>();
    let deep = deep.join(" ");
    let many: Vec<String> = (0..1_300).map(|at| format!("{deep} leaf{at}")).collect();
    let mut samples: Vec<(&str, u64)> = many.iter().map(|stack| (stack.as_str(), 3)).collect();
    samples[1_234].1 = 5;
    let comparison = compared(&samples);
    let flame = flame(&comparison);
    assert!(flame.arms.iter().all(|graph| graph.folded_below > 0.0));
    let stack = &user_code(&comparison).stacks[0];
    let labels = labels(flame, stack.frames.iter().rev().copied());
    assert!(
        labels.starts_with("main loop;") && labels.ends_with(";f19;leaf1234"),
        "{labels}"
    );
    assert!(labels.contains(";f0;f1;f2;"), "{labels}");
}
