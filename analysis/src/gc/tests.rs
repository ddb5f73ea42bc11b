use super::*;
use recording::process::CodeSamples;
use recording::runtime_stats::GcBursts;
use recording::stacks::{SampleMode, StackFrame, StacksBuilder};
use recording::testing::Build;
use recording::vocabulary::{CodeCategory, MetricId, TermKind};
use recording::{Histogram, Stacks};

fn frame(function: &str) -> StackFrame {
    StackFrame {
        function: function.into(),
        module: None,
        address: 0,
        place: CodePlace::Region(RegionClass::BinaryText),
    }
}

/// A main loop. A third of its samples collect; helpers are awake in four of five of these.
fn stacks() -> Stacks {
    let mut builder = StacksBuilder::default();
    let mut add = |thread, in_gc, names: &[&str], samples| {
        let stack: Vec<StackFrame> = names.iter().map(|name| frame(name)).collect();
        builder.add((thread, SampleMode::User, in_gc), stack, samples);
    };
    add(0, false, &["main", "turn", "work"], 180);
    add(0, true, &["main", "turn", "work"], 20);
    add(0, true, &["main", "turn", "collect", "mark"], 80);
    add(0, false, &["main", "turn", "collect", "prepare"], 20);
    add(1, true, &["helper", "mark"], 50);
    builder.done()
}

fn bun() -> Recording {
    let build = Build::arm("bun").load(100, 10);
    let build = build.thread(1, Role::MainLoop, |thread| {
        thread.user(3_000_000, 300).call("epoll_wait", 10, 10)
    });
    let build = build.thread(2, Role::JscHeapHelper, |thread| thread.user(500_000, 50));
    let build = build.with(|recording| {
        recording.threads[1].name = "HeapHelper".into();
        for (thread, samples) in recording.threads.iter_mut().zip([300, 50]) {
            thread.samples.user = samples;
        }
        let leaf = |function: &str, samples| CodeSamples {
            function: function.into(),
            class: RegionClass::BinaryText,
            samples,
            ..CodeSamples::default()
        };
        recording.code = vec![leaf("work", 200), leaf("mark", 80), leaf("prepare", 20)];
        recording.stacks = stacks();
        recording.runtime_stats.gc_bursts = Some(GcBursts {
            wakeups: 8,
            span_ns: 900_000,
            spans: Histogram::from_buckets(vec![(100, 4)]),
        });
    });
    build.done()
}

#[test]
fn learns_the_roots_of_collection_and_nothing_above_them() {
    let recording = bun();
    let collection = Collection::of(&recording);
    let names: Vec<&str> = collection
        .roots
        .iter()
        .map(|root| &*recording.stacks.frames[*root].function)
        .collect();
    assert_eq!(names, ["collect", "mark"]);
    let samples: u64 = collection.counts().map(|count| count.samples).sum();
    assert_eq!(
        samples, 100,
        "samples without an awake helper count as well"
    );
}

#[test]
fn books_collection_on_the_main_loop_as_garbage_collection() {
    let comparison = crate::compare(&[("r".into(), bun())]);
    let rows = &comparison.arms[0].ledger[&MetricId::CpuNsPerToken];
    let gc_of = |role: Role| -> f64 {
        let rows = rows.iter().filter(|row| row.role.as_ref() == Some(&role));
        let gc = rows.filter(|row| row.kind == TermKind::Code(CodeCategory::Gc));
        gc.map(|row| row.amount.value).sum()
    };
    assert_eq!(
        gc_of(Role::MainLoop),
        10_000.0,
        "a third of 3 ms over 100 tokens"
    );
    assert_eq!(gc_of(Role::JscHeapHelper), 5_000.0);
}

#[test]
fn measures_collection_on_all_threads() {
    let mut recording = bun();
    crate::annotate(&mut recording);
    let gc = recording.gc.expect("bursts were recorded");
    assert_eq!((gc.collections, gc.pause_ns), (4, 900_000));
    let main = gc.by_role[&Role::MainLoop];
    assert!((1_000_000..=1_010_000).contains(&main), "{main}");
    assert_eq!(gc.on_cpu_ns, main + gc.by_role[&Role::JscHeapHelper]);
}

#[test]
fn learns_no_root_without_awake_helpers() {
    let mut recording = bun();
    for count in &mut recording.stacks.counts {
        count.in_gc = false;
    }
    assert!(Collection::of(&recording).roots.is_empty());
}

#[test]
fn learns_no_root_from_few_samples() {
    let tally = |all, in_gc| Tally { all, in_gc };
    assert!(!tally(9, 9).is_root(0.1));
    assert!(tally(10, 10).is_root(0.1));
    assert!(
        !tally(20, 13).is_root(0.35),
        "chance makes some of hundreds"
    );
}
