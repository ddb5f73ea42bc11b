use super::*;
use recording::code_hint::CodeHint;
use recording::stacks::{StackFrame, StacksBuilder};
use recording::testing::{Build, MAIN, frame};

/// An arm whose loop allocates in `function` and in another, and sends.
fn arm(name: &str, function: &str, ns: u64) -> (String, Recording) {
    let text = CodePlace::Region(RegionClass::BinaryText);
    let user = (0, SampleMode::User, false);
    let mut builder = StacksBuilder::default();
    builder.add(user, [frame("main", text), frame(function, text)], 80);
    builder.add(user, [frame("main", text), frame("free", text)], 20);
    let in_kernel = frame("__x64_sys_sendto", CodePlace::Kernel);
    let sending = [frame("main", text), frame("write_all", text), in_kernel];
    builder.add((0, SampleMode::Syscall, false), sending, 5);
    let build = Build::arm(name).load(1, 1);
    let build = build.thread(1, MAIN, |thread| {
        let thread = thread.user(ns, 1).call("sendto", 1, 50);
        thread.with(|thread| thread.samples.user = 100)
    });
    let build = build.with(|recording| recording.stacks = builder.done());
    (name.into(), build.done())
}

#[test]
fn names_the_largest_function_of_rows_and_differences() {
    let recordings = [
        arm("cpp:a", "malloc", 1_000),
        arm("cpp:b", "mi_malloc", 5_000),
    ];
    let comparison = crate::testing::compare(&recordings);
    let rows = &comparison.arms[0].ledger[&MetricId::CpuNsPerToken];
    let of = |kind: fn(TermKind) -> bool| {
        let row = rows.iter().find(|row| kind(row.kind));
        row.and_then(|row| row.function.as_deref())
    };
    assert_eq!(of(TermKind::is_user_code), Some("malloc, called by main"));
    assert_eq!(of(TermKind::is_syscall), Some("write_all"));
    let metrics = comparison.metrics.iter();
    let metric = metrics
        .clone()
        .find(|metric| metric.name == MetricId::CpuNsPerToken);
    let pair = &metric.expect("a metric").pairs[0];
    let allocation = TermKind::Code(CodeCategory::Allocation);
    for terms in [&pair.terms, &pair.by_cause, &pair.by_kind] {
        let term = terms.iter().find(|term| term.kind == allocation);
        let function = term.and_then(|term| term.function.as_deref());
        assert_eq!(
            function,
            Some("mi_malloc, called by main"),
            "that of the arm that takes more"
        );
    }
}

#[test]
fn names_no_function_without_stacks() {
    let mut plain = arm("cpp:a", "malloc", 1_000);
    plain.1.stacks = Stacks::default();
    let comparison = crate::testing::compare(&[plain]);
    let mut rows = comparison.arms[0].ledger[&MetricId::CpuNsPerToken].iter();
    assert!(rows.all(|row| row.function.is_none()));
}

#[test]
fn shows_the_nearest_caller_that_says_something() {
    let mut builder = StacksBuilder::default();
    let module = Some(builder.module("bun", ""));
    let frame = |address, class| StackFrame {
        function: String::new(),
        module: module.filter(|_| class != RegionClass::JitCode),
        address,
        place: CodePlace::Region(class),
        ..StackFrame::default()
    };
    let code = |address| frame(address, RegionClass::BinaryText);
    let compiled = frame(0, RegionClass::JitCode);
    let stack = [code(0x10), compiled, code(0x20), code(0x30), code(0x40)];
    builder.add((0, SampleMode::User, false), stack, 1);
    let mut stacks = builder.done();
    let zeroing = TermKind::Code(CodeCategory::Zeroing);
    let words = |stacks: &Stacks, kind| {
        let build = Build::arm("bun").with(|recording| recording.stacks = stacks.clone());
        let recording = build.done();
        function(&recording, &recording.stacks.counts[0], kind)
    };
    let nearest = Some("bun+0x40, called by bun+0x30".to_owned());
    assert_eq!(words(&stacks, zeroing), nearest);
    let other = TermKind::Code(CodeCategory::Json);
    assert_eq!(words(&stacks, other).as_deref(), Some("bun+0x40"));
    let known = stacks.frames.iter().position(|frame| frame.address == 0x20);
    stacks.hints = vec![CodeHint {
        frame: known.expect("it was added"),
        source: "a/View.cpp".into(),
        ..CodeHint::default()
    }];
    let asker = Some("bun+0x40, called by bun+0x20 [a/View.cpp]".to_owned());
    assert_eq!(words(&stacks, zeroing), asker);
}

#[test]
fn shows_the_caller_of_the_allocator() {
    let frame = |function: &&str| StackFrame {
        function: (*function).into(),
        place: CodePlace::Region(RegionClass::BinaryText),
        ..StackFrame::default()
    };
    let words = |stack: &[&str]| {
        let mut builder = StacksBuilder::default();
        let frames = stack.iter().map(frame);
        builder.add((0, SampleMode::User, false), frames, 1);
        let build = Build::arm("go").with(|recording| recording.stacks = builder.done());
        let recording = build.done();
        let zeroing = TermKind::Code(CodeCategory::Zeroing);
        function(&recording, &recording.stacks.counts[0], zeroing)
    };
    let stack = [
        "main.fill",
        "runtime.makeslice",
        "runtime.mallocgc",
        "runtime.memclr",
    ];
    let expected = Some("runtime.memclr, called by main.fill".to_owned());
    assert_eq!(words(&stack), expected);
    let only = Some("runtime.memclr, called by runtime.mallocgc".to_owned());
    assert_eq!(words(&stack[2..]), only);
}
