use recording::Recording;
use recording::comparison::{InclusiveFunction, Pair};
use recording::stacks::{SampleMode, StackFrame, StacksBuilder};
use recording::testing::{Build, MAIN};
use recording::vocabulary::{CodePlace, MetricId, RegionClass};

/// An arm with samples of stacks, each 1 ms of one token, given from the outermost frame inward. A
/// name that begins with `k:` is of the kernel, one with `?` of compiled code without a name.
fn arm(name: &str, stacks: &[(&str, u64)]) -> (String, Recording) {
    let mut builder = StacksBuilder::default();
    for (stack, samples) in stacks {
        let frames = stack.split(' ').map(|function| StackFrame {
            function: function.trim_start_matches("k:").replace('?', ""),
            place: match function {
                "?" => CodePlace::Region(RegionClass::JitCode),
                _ if function.starts_with("k:") => CodePlace::Kernel,
                _ => CodePlace::Region(RegionClass::BinaryText),
            },
            ..StackFrame::default()
        });
        builder.add((0, SampleMode::User, false), frames, *samples);
    }
    let samples = stacks.iter().map(|(_, samples)| samples).sum::<u64>();
    let build = Build::arm(name).load(1, 1).thread(1, MAIN, |thread| {
        let thread = thread.user(samples * 1_000_000, 1);
        thread.with(|thread| thread.samples.user = samples)
    });
    let build = build.with(|recording| recording.stacks = builder.done());
    (name.into(), build.done())
}

fn pair(a: &[(&str, u64)], b: &[(&str, u64)]) -> Pair {
    let comparison = crate::testing::compare(&[arm("go:a", a), arm("go:b", b)]);
    let mut metrics = comparison.metrics.into_iter();
    let metric = metrics.find(|metric| metric.name == MetricId::CpuNsPerToken);
    metric.expect("a metric").pairs.remove(0)
}

fn found(a: &[(&str, u64)], b: &[(&str, u64)]) -> Option<InclusiveFunction> {
    pair(a, b).inclusive
}

fn name_of(a: &[(&str, u64)], b: &[(&str, u64)]) -> Option<String> {
    found(a, b).map(|function| function.name)
}

const HEALTHY: &[(&str, u64)] = &[("main.serve encoding/json.parse", 10), ("main.serve", 10)];

#[test]
fn names_the_function_between_other_work_and_its_parts() {
    let costly = [
        ("main.serve encoding/json.parse", 10),
        ("main.serve", 10),
        ("main.serve main.twice encoding/json.parse", 60),
        ("main.serve main.twice runtime.mallocgc", 35),
        ("main.serve main.twice k:page_fault", 5),
    ];
    let expected = InclusiveFunction {
        name: "main.twice".into(),
        delta: 100e6,
        share: 1.0,
    };
    let function = found(HEALTHY, &costly).expect("most of it is there");
    assert_eq!(function.name, expected.name);
    assert!(
        (function.delta / expected.delta - 1.0).abs() < 1e-6,
        "{function:?}"
    );
    assert!(
        (function.share - expected.share).abs() < 1e-6,
        "{function:?}"
    );
}

#[test]
fn gives_the_difference_of_an_arm_that_saves_its_sign() {
    let costly = [("main.serve", 20), ("main.serve main.twice", 80)];
    let function = found(&costly, HEALTHY).expect("most of it is there");
    assert_eq!(function.name, "main.twice");
    assert!(function.delta < 0.0 && function.share > 0.9, "{function:?}");
}

#[test]
fn prefers_the_programs_innermost_function_of_a_chain() {
    let costly = [
        ("main.serve", 20),
        ("main.serve main.inject main.copy runtime.memmove", 80),
    ];
    let name = name_of(&[("main.serve", 20)], &costly);
    assert_eq!(name.as_deref(), Some("main.copy"));
    let library = [("k:entry", 20), ("runtime.mcall runtime.memmove", 80)];
    let name = name_of(&[("k:entry", 20)], &library);
    assert_eq!(name.as_deref(), Some("runtime.memmove"));
}

#[test]
fn counts_recursion_once() {
    let costly = [("main.serve", 20), ("main.serve main.f main.f main.f", 80)];
    let function = found(HEALTHY, &costly).expect("most of it is there");
    assert!(function.share <= 1.01, "{function:?}");
}

#[test]
fn names_nothing_where_no_function_has_most_of_it() {
    let spread = [("main.a", 30), ("main.b", 30), ("main.c", 30)];
    assert_eq!(name_of(&[("main.serve", 5)], &spread), None);
    let unnamed = [("main.serve", 20), ("?", 80)];
    assert_eq!(name_of(HEALTHY, &unnamed), None);
}

#[test]
fn names_nothing_without_stacks() {
    let mut arms = [arm("go:a", HEALTHY), arm("go:b", &[("main.serve", 90)])];
    for (_, recording) in &mut arms {
        recording.stacks = Default::default();
    }
    let comparison = crate::testing::compare(&arms);
    let pairs = comparison.metrics.iter().flat_map(|metric| &metric.pairs);
    assert!(pairs.into_iter().all(|pair| pair.inclusive.is_none()));
}
