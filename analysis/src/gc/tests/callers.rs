//! Callers of all inner functions of a collector.

use super::*;

#[test]
fn learns_the_caller_of_all_inner_functions_on_a_busy_machine() {
    let mut builder = StacksBuilder::default();
    let mut add = |in_gc, names: &[&str], samples| {
        let stack: Vec<StackFrame> = names.iter().map(|name| frame(name)).collect();
        builder.add((0, SampleMode::User, in_gc), stack, samples);
    };
    add(false, &["main", "turn", "work"], 160);
    add(true, &["main", "turn", "work"], 20);
    add(true, &["main", "turn", "collect", "mark"], 45);
    add(false, &["main", "turn", "collect", "stop"], 50);
    add(true, &["main", "turn", "allocate", "collect", "mark"], 5);
    add(false, &["main", "turn", "allocate"], 20);
    let mut recording = bun();
    recording.stacks = builder.done();
    let gc = measure(&recording).expect("bursts were recorded");
    let name = |root: &GcRoot| &*recording.stacks.frames[root.frame].function;
    let names: Vec<&str> = gc.roots.iter().map(name).collect();
    assert_eq!(names, ["collect", "mark"]);
}

#[test]
fn learns_no_root_from_the_loop_of_a_thread_that_collects_often() {
    let mut builder = StacksBuilder::default();
    let mut add = |thread, in_gc, names: &[&str], samples| {
        let stack: Vec<StackFrame> = names.iter().map(|name| frame(name)).collect();
        builder.add((thread, SampleMode::User, in_gc), stack, samples);
    };
    add(0, false, &["main", "turn", "work"], 360);
    add(0, true, &["main", "turn", "work"], 15);
    add(0, true, &["main", "turn", "collect", "mark"], 240);
    add(0, false, &["main", "turn", "collect", "prepare"], 40);
    // Another thread collects nothing, so that the loop's share exceeds that of all threads.
    add(2, false, &["client", "read"], 200);
    let mut recording = bun();
    recording.threads.push(recording.threads[0].clone());
    recording.stacks = builder.done();
    let recording = measured(recording);
    let roots = &recording.gc.as_ref().expect("bursts were recorded").roots;
    let names = roots
        .iter()
        .map(|root| &*recording.stacks.frames[root.frame].function);
    assert_eq!(names.collect::<Vec<_>>(), ["collect", "mark"]);
}
