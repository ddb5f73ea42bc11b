//! Rounds of one program, each with few collections.

use super::*;
use recording::code_hint::CodeHint;

/// A round in which the main loop was found collecting three times. Frames have their places in the
/// order in which the round met them.
fn round(build_id: &str, is_second: bool) -> Recording {
    let mut builder = StacksBuilder::default();
    let module = builder.module("bun", build_id);
    let mut add = |in_gc, names: &[&str], samples| {
        let stack = names.iter().map(|name| StackFrame {
            module: Some(module),
            // Names of a stripped binary are addresses.
            address: name.bytes().map(u64::from).sum(),
            function: String::new(),
            ..frame(name)
        });
        builder.add(
            (0, SampleMode::User, in_gc),
            stack.collect::<Vec<_>>(),
            samples,
        );
    };
    if is_second {
        add(false, &["other"], 1);
    }
    add(false, &["main", "turn", "work"], 290);
    add(true, &["main", "turn", "work"], 3);
    add(true, &["main", "turn", "collect", "mark"], 3);
    add(false, &["main", "turn", "collect", "stop"], 1);
    let mut recording = bun();
    recording.stacks = builder.done();
    recording
}

fn roots(rounds: &[Recording]) -> Vec<Vec<u64>> {
    let rounds: Vec<&Recording> = rounds.iter().collect();
    let all = measure_all(&rounds).into_iter().zip(&rounds);
    let of = all.map(|(gc, round)| {
        let roots = gc.expect("bursts were recorded").roots.into_iter();
        let addresses = roots.map(|root| round.stacks.frames[root.frame].address);
        addresses.collect()
    });
    of.collect()
}

fn address(name: &str) -> u64 {
    name.bytes().map(u64::from).sum()
}

#[test]
fn learns_from_rounds_of_one_program_together() {
    let rounds = [round("a", false), round("a", true)];
    let alone = roots(&rounds[..1]);
    assert!(alone[0].is_empty(), "three samples are no evidence");
    let expected = vec![address("collect"), address("mark")];
    assert_eq!(roots(&rounds), [expected.clone(), expected]);
}

/// A main loop that collects rarely and so shortly that helpers are awake in half of the samples.
fn short(own: u64) -> Recording {
    let mut builder = StacksBuilder::default();
    let mut add = |in_gc, names: &[&str], samples| {
        let stack = names.iter().map(|name| frame(name));
        builder.add(
            (0, SampleMode::User, in_gc),
            stack.collect::<Vec<_>>(),
            samples,
        );
    };
    add(false, &["main", "turn", "work"], own);
    add(true, &["main", "turn", "work"], 2);
    for inner in ["mark", "clear", "scan"] {
        add(true, &["main", "turn", "allocate", "collect", inner], 2);
    }
    add(false, &["main", "turn", "allocate", "collect", "stop"], 6);
    add(false, &["main", "turn", "allocate"], 40);
    let mut recording = bun();
    recording.stacks = builder.done();
    recording
}

#[test]
fn learns_the_caller_alone_where_collections_are_rare() {
    let names = |recording: &Recording| -> Vec<String> {
        let gc = measure(recording).expect("bursts were recorded");
        let roots = gc.roots.into_iter();
        let names = roots.map(|root| recording.stacks.frames[root.frame].function.clone());
        names.collect()
    };
    assert_eq!(names(&short(900)), ["collect"]);
    // Half of the time in bursts may be anything where bursts are frequent.
    assert!(names(&short(60)).is_empty());
}

#[test]
fn keeps_programs_apart_by_their_build_id() {
    let nothing: [Vec<u64>; 2] = [vec![], vec![]];
    assert_eq!(roots(&[round("a", false), round("b", true)]), nothing);
    let without_id = [round("", false), round("", true)];
    assert_eq!(roots(&without_id), nothing, "they may be any two programs");
}

#[test]
fn compares_with_what_all_rounds_show() {
    let rounds = [
        ("r/1".into(), round("a", false)),
        ("r/2".into(), round("a", true)),
    ];
    let mut annotated = rounds;
    crate::annotate_all(&mut annotated);
    for (path, round) in &annotated {
        let gc = round.gc.as_ref().expect("bursts were recorded");
        assert_eq!(gc.roots.len(), 2, "{path}");
        assert!(gc.by_role.contains_key(&Role::MainLoop), "{path}");
    }
}

#[test]
fn finds_roots_by_source_files_where_bursts_teach_nothing() {
    let mut round = round("a", false);
    let frames = round.stacks.frames.iter();
    let collect = frames
        .clone()
        .position(|frame| frame.address == address("collect"));
    let work = frames
        .clone()
        .position(|frame| frame.address == address("work"));
    let hint = |frame: Option<usize>, source: &str| CodeHint {
        frame: frame.expect("it is in a stack"),
        source: source.into(),
        ..CodeHint::default()
    };
    round.stacks.hints = vec![
        hint(collect, "JavaScriptCore/heap/Heap.cpp"),
        hint(work, "JavaScriptCore/heap/LocalAllocator.cpp"),
    ];
    assert_eq!(roots(&[round]), [[address("collect")]]);
}
