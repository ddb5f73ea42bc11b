mod callers;
mod java;
mod together;

use super::*;
use recording::process::CodeSamples;
use recording::runtime_stats::{GcBursts, GcCalls, GcTimes};
use recording::stacks::{SampleMode, StackFrame, StacksBuilder};
use recording::testing::{self, Build};
use recording::vocabulary::{CodeCategory, CodePlace, MetricId, RegionClass, Runtime, TermKind};
use recording::{CodeHint, Histogram, Stacks};

fn frame(function: &str) -> StackFrame {
    testing::frame(function, CodePlace::Region(RegionClass::BinaryText))
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

fn measured(mut recording: Recording) -> Recording {
    recording.gc = measure(&recording);
    recording
}

#[test]
fn learns_the_roots_of_collection_and_nothing_above_them() {
    let recording = measured(bun());
    let gc = recording.gc.as_ref().expect("bursts were recorded");
    let names: Vec<&str> = gc
        .roots
        .iter()
        .map(|root| &*recording.stacks.frames[root.frame].function)
        .collect();
    assert_eq!(names, ["collect", "mark"]);
    let collection = Collection::of(&recording);
    let counts = recording.stacks.counts.iter();
    let counts = counts.filter(|count| collection.collects(count));
    let samples: u64 = counts.map(|count| count.samples).sum();
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
    let main = gc.by_role[&Role::MainLoop];
    assert!((1_000_000..=1_010_000).contains(&main), "{main}");
    assert_eq!(gc.on_cpu_ns, main + gc.by_role[&Role::JscHeapHelper]);
    assert_eq!(gc.by_part[&GcPart::Pause], main);
    assert_eq!(gc.by_part[&GcPart::Worker], 500_000);
    assert_eq!(gc.collections, Some(4));
    // A fifth of the main loop's collection found no helper awake, and a fifth of its samples in
    // bursts was of the program.
    assert_eq!(gc.pause_ns, Some(900_000 * 4 / 5 + main / 5));
    assert!(gc.sampling_error_ns > 0);
}

#[test]
fn learns_no_root_without_awake_helpers() {
    let mut recording = bun();
    for count in &mut recording.stacks.counts {
        count.in_gc = false;
    }
    let gc = measure(&recording).expect("bursts were recorded");
    assert!(gc.roots.is_empty());
}

#[test]
fn counts_no_collection_where_no_helper_was_awake() {
    let mut recording = bun();
    recording.runtime_stats.gc_bursts = Some(GcBursts::default());
    for count in &mut recording.stacks.counts {
        count.in_gc = false;
    }
    let collect = |frame: &StackFrame| frame.function == "collect";
    recording.stacks.hints = vec![CodeHint {
        frame: recording
            .stacks
            .frames
            .iter()
            .position(collect)
            .expect("the builder kept it"),
        source: "JavaScriptCore/heap/Heap.cpp".into(),
        ..CodeHint::default()
    }];
    let gc = measure(&recording).expect("bursts were asked for");
    assert_eq!(gc.collections, None, "none is known, rather than 0");
    let main = gc.by_role[&Role::MainLoop];
    assert_eq!(gc.pause_ns, Some(main), "all of it is a pause");
}

#[test]
fn ignores_roots_that_a_file_places_outside_of_its_stacks() {
    let mut recording = measured(bun());
    let gc = recording.gc.as_mut().expect("bursts were recorded");
    gc.roots.iter_mut().for_each(|root| root.frame += 1_000);
    let collection = Collection::of(&recording);
    let mut counts = recording.stacks.counts.iter();
    assert!(!counts.any(|count| collection.collects(count)));
}

/// A thread that runs goroutines: of 100 samples 40 collect, in three ways.
fn go() -> Recording {
    let mut builder = StacksBuilder::default();
    let mut add = |mode, names: &[&str], samples| {
        let stack: Vec<StackFrame> = names.iter().map(|name| frame(name)).collect();
        builder.add((0, mode, false), stack, samples);
    };
    let worker = [
        "runtime.goexit",
        "runtime.gcBgMarkWorker",
        "runtime.gcDrain",
    ];
    add(SampleMode::User, &["main.main", "main.work"], 60);
    add(SampleMode::User, &worker, 20);
    add(
        SampleMode::User,
        &[
            "main.main",
            "runtime.mallocgc",
            "runtime.gcAssistAlloc",
            "runtime.gcDrainN",
        ],
        10,
    );
    add(
        SampleMode::Fault,
        &["main.main", "runtime.mallocgc", "runtime.(*mspan).sweep"],
        8,
    );
    add(
        SampleMode::Syscall,
        &[
            &worker[..],
            &["runtime.gcMarkDone", "runtime.gcMarkTermination"],
        ]
        .concat(),
        2,
    );
    let build = Build::arm("go").load(100, 10);
    let build = build.thread(1, Role::GoScheduler, |thread| {
        thread
            .user(900_000, 90)
            .fault(80_000, 40)
            .call("futex", 5, 20_000)
    });
    let build = build.with(|recording| {
        recording.target.runtime = Runtime::Go;
        let samples = &mut recording.threads[0].samples;
        (samples.user, samples.fault_irq, samples.syscall) = (90, 8, 2);
        recording.stacks = builder.done();
    });
    build.done()
}

#[test]
fn counts_collection_by_stack_on_threads_that_run_the_program() {
    let gc = measure(&go()).expect("functions have names");
    let expected = [
        (GcPart::Pause, 20_000),
        (GcPart::Assist, 100_000),
        (GcPart::Sweep, 80_000),
        (GcPart::Worker, 200_000),
    ];
    assert_eq!(gc.by_part, expected.into());
    assert_eq!(gc.by_role, [(Role::GoScheduler, 400_000)].into());
    assert_eq!(
        (gc.fault_ns, gc.syscall_ns, gc.faults),
        (80_000, 20_000, 40)
    );
    assert_eq!((gc.collections, gc.pause_ns), (None, Some(20_000)));
}

#[test]
fn reports_nothing_where_collection_cannot_be_recognised() {
    let mut recording = go();
    for frame in &mut recording.stacks.frames {
        frame.function.clear();
    }
    assert_eq!(measure(&recording), None);
    recording = go();
    recording.stacks = Stacks::default();
    assert_eq!(measure(&recording), None);
}

#[test]
fn takes_workers_of_v8_as_the_collectors_own() {
    let mut recording = go();
    recording.target.runtime = Runtime::Node;
    recording.threads[0].role = Role::V8Worker;
    for frame in &mut recording.stacks.frames {
        if frame.function == "main.work" {
            frame.function = "v8::internal::ScavengerCollector::JobTask::Run".into();
        }
    }
    let gc = measure(&recording).expect("functions have names");
    assert_eq!(gc.by_part, [(GcPart::Worker, 600_000)].into());
}

#[test]
fn takes_what_probes_measured_over_what_samples_found() {
    let mut recording = go();
    let times = GcTimes {
        wall_ns: 70_000,
        on_cpu_ns: 25_000,
        faults: 3,
    };
    let mut calls = GcCalls {
        function: "collect".into(),
        count: 5,
        times: None,
    };
    recording.runtime_stats.gc_calls = Some(calls.clone());
    let gc = measure(&recording).expect("functions have names");
    assert_eq!((gc.collections, gc.pause_ns), (Some(5), Some(20_000)));
    calls.times = Some(times);
    recording.runtime_stats.gc_calls = Some(calls);
    let gc = measure(&recording).expect("functions have names");
    assert_eq!((gc.pause_ns, gc.pause_sampling_error_ns), (Some(70_000), 0));
    assert_eq!(gc.by_part[&GcPart::Pause], 25_000);
    assert_eq!(gc.by_role, [(Role::GoScheduler, 405_000)].into());
    assert_eq!(gc.elapsed_ns, 400_000 - 20_000 + 70_000);
    assert_eq!((gc.faults, gc.faults_between), (43, Some(0)));
    recording.stacks = Stacks::default();
    let gc = measure(&recording).expect("probes saw collections");
    assert_eq!(gc.by_role, [(Role::GoScheduler, 25_000)].into());
}
