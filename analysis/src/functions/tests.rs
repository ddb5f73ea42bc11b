use super::*;
use recording::testing::{Build, MAIN};

#[test]
fn shares_the_time_of_each_role_by_its_samples() {
    let round = Build::arm("bun")
        .thread(1, MAIN, |thread| thread.user(900, 4))
        .code("answer", 6)
        .code("parse", 2)
        .thread(2, Role::Pool, |thread| thread.user(100, 1))
        .code("parse", 2)
        .with(|recording| {
            recording.threads[0].samples.user = 10;
            recording.threads[1].samples.user = 2;
            let mut ended = recording.code[0].clone();
            (ended.thread, ended.samples) = (9, 9);
            recording.code.push(ended);
        })
        .done();
    let functions = Functions::of([&round].into_iter()).shares(9);
    let shares: Vec<_> = functions
        .iter()
        .map(|function| (function.name.as_str(), function.samples, function.share))
        .collect();
    // Of the main loop's 900 ns, 6 and 2 of 10 samples; all samples of the pool's 100 ns.
    assert_eq!(shares, [("answer", 6, 0.54), ("parse", 4, 0.28)]);
    assert!(functions[0].error > 0.2, "ten samples leave much open");
}

#[test]
fn shows_addresses_sources_and_callers_of_functions_without_a_name() {
    use recording::code_hint::CodeHint;
    use recording::stacks::{SampleMode, StacksBuilder};
    use recording::vocabulary::RegionClass;
    let mut builder = StacksBuilder::default();
    let module = Some(builder.module("bun", ""));
    let frame = |address| StackFrame {
        function: String::new(),
        module,
        address,
        place: CodePlace::Region(RegionClass::BinaryText),
        ..StackFrame::default()
    };
    let key = (0, SampleMode::User, false);
    builder.add(key, [frame(0x10), frame(0x40)], 3);
    builder.add(key, [frame(0x20), frame(0x40)], 1);
    // A function that calls itself is not its own caller.
    builder.add(key, [frame(0x10), frame(0x40), frame(0x40)], 1);
    builder.add((0, SampleMode::Syscall, false), [frame(0x10)], 9);
    let mut stacks = builder.done();
    let innermost = stacks.frames.iter().position(|frame| frame.address == 0x40);
    stacks.hints.push(CodeHint {
        frame: innermost.expect("it was added"),
        source: "heap/Heap.cpp".into(),
        ..CodeHint::default()
    });
    let build = Build::arm("bun").thread(1, MAIN, |thread| thread.user(5, 1));
    let build = build.code("not used where stacks are", 5);
    let build = build.with(|recording| recording.stacks = stacks);
    let round = build.done();
    let functions = Functions::of([&round].into_iter());
    assert_eq!(functions.samples, 5);
    let found = functions.shares(9);
    let [found] = &found[..] else {
        panic!("one function: {found:?}")
    };
    assert_eq!(
        (found.label(), &*found.source, &*found.caller, found.samples),
        ("bun+0x40", "heap/Heap.cpp", "bun+0x10", 5)
    );
    assert_eq!((found.category, found.share), (CodeCategory::Gc, 1.0));
}

#[test]
fn keeps_the_costliest_functions_without_a_name() {
    let build = Build::arm("bun").thread(1, MAIN, |thread| thread.user(100, 1));
    let build = build.code("memcpy", 60).code("memset", 30).code("", 10);
    let functions = Functions::of([&build.done()].into_iter()).shares(1);
    let names: Vec<_> = functions.iter().map(|found| &*found.name).collect();
    assert_eq!(names, ["memcpy", ""]);
}
