use super::*;

fn frame(function: &str) -> StackFrame {
    StackFrame {
        function: function.into(),
        place: CodePlace::Kernel,
        ..StackFrame::default()
    }
}

#[test]
fn shares_outer_frames_and_returns_stacks_innermost_first() {
    let mut builder = StacksBuilder::default();
    let stack = |names: &[&str]| names.iter().map(|name| frame(name)).collect::<Vec<_>>();
    builder.add(
        (0, SampleMode::User, false),
        stack(&["start", "main", "read"]),
        2,
    );
    builder.add(
        (0, SampleMode::User, false),
        stack(&["start", "main", "write"]),
        5,
    );
    builder.add(
        (0, SampleMode::User, false),
        stack(&["start", "main", "read"]),
        1,
    );
    builder.add((1, SampleMode::User, true), stack(&[]), 1);
    builder.lose(4);
    let stacks = builder.done();
    assert_eq!((stacks.samples, stacks.lost), (9, 4));
    assert_eq!((stacks.frames.len(), stacks.nodes.len()), (4, 4));
    let first = stacks.counts[0];
    let names: Vec<_> = stacks
        .frames_of(first.node)
        .map(|frame| &*frame.function)
        .collect();
    assert_eq!((first.samples, names), (5, vec!["write", "main", "start"]));
    assert_eq!(stacks.frames_of(None).count(), 0);
}

#[test]
fn keeps_inlined_functions_inside_the_one_that_has_their_code() {
    let outer = StackFrame {
        address: 7,
        ..frame("outer")
    };
    let frames = outer.with_inlined(&["inner".into(), "middle".into()]);
    let found: Vec<_> = frames
        .iter()
        .map(|frame| (&*frame.function, frame.address, frame.inlined))
        .collect();
    assert_eq!(
        found,
        [("outer", 7, false), ("middle", 7, true), ("inner", 7, true)]
    );
}

#[test]
fn keeps_one_frame_for_all_code_of_a_function() {
    let mut builder = StacksBuilder::default();
    let at = |code| StackFrame {
        address: 7,
        code: Some(code),
        ..frame("")
    };
    let user = (0, SampleMode::User, false);
    builder.add(user, [at(70), at(71)], 2);
    builder.add(user, [at(75), at(78)], 1);
    let stacks = builder.done();
    assert_eq!((stacks.frames.len(), stacks.nodes.len()), (1, 2));
    assert_eq!(stacks.frames[0].code, Some(70));
    let codes: Vec<_> = stacks.counts.iter().map(|count| count.code).collect();
    assert_eq!(codes, [Some(71), Some(78)]);
}

#[test]
fn counts_samples_and_names_by_module_of_the_innermost_frame() {
    let mut builder = StacksBuilder::default();
    let (library, program) = (builder.module("lib.so", "ab"), builder.module("app", ""));
    let frame = |function: &str, module| StackFrame {
        function: function.into(),
        module: Some(module),
        ..StackFrame::default()
    };
    let user = (0, SampleMode::User, false);
    builder.add(user, [frame("main", program), frame("copy", library)], 3);
    builder.add(user, [frame("main", program), frame("", library)], 4);
    builder.add(user, [frame("main", program)], 5);
    builder.add(user, [frame("out of range", 9)], 6);
    builder.add(user, [], 7);
    let modules = builder.done().modules;
    let found = modules
        .iter()
        .map(|module| (module.samples, module.named_samples));
    assert_eq!(found.collect::<Vec<_>>(), [(7, 3), (5, 5)]);
}

#[test]
fn shows_the_source_of_a_frame_without_a_symbol() {
    let hint = |frame, source: &str| CodeHint {
        frame,
        source: source.into(),
        ..CodeHint::default()
    };
    let stacks = Stacks {
        frames: vec![frame("main"), frame("b"), frame("c"), frame("d")],
        hints: vec![
            hint(1, "vendor/engine/heap/Heap.cpp"),
            hint(2, "heap/"),
            hint(3, ""),
        ],
        ..Stacks::default()
    };
    let labels: Vec<String> = (0..5).map(|index| stacks.label_at(index)).collect();
    assert_eq!(labels, ["main", "b [heap/Heap.cpp]", "c [heap/]", "d", ""]);
}

#[test]
fn ends_stacks_of_a_damaged_file() {
    let stacks = Stacks {
        frames: vec![frame("a")],
        nodes: vec![
            StackNode {
                parent: Some(0),
                frame: 0,
            },
            StackNode {
                parent: Some(7),
                frame: 9,
            },
        ],
        ..Stacks::default()
    };
    assert_eq!(stacks.frames_of(Some(0)).count(), 1);
    assert_eq!(stacks.frames_of(Some(1)).count(), 0);
    assert_eq!(stacks.frames_of(Some(5)).count(), 0);
}
