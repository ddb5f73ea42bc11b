//! Collectors of HotSpot.

use super::*;
use recording::runtime_stats::Safepoints;

const TIMES: GcTimes = GcTimes {
    wall_ns: 70_000,
    on_cpu_ns: 25_000,
    faults: 3,
};

/// A JVM whose VM thread ran for 40 µs, beside a thread of the program and one with this name.
fn java(vm_thread: Role, beside: &str) -> Recording {
    let build = Build::arm("java")
        .thread(1, "main", |thread| thread.user(900_000, 90))
        .thread(2, vm_thread, |thread| {
            thread.named("VM Thread").user(40_000, 4)
        })
        .thread(3, Role::Gc, |thread| thread.named(beside).user(100_000, 10));
    let mut recording = build.done();
    recording.target.runtime = Runtime::Java;
    let stats = &mut recording.runtime_stats;
    stats.gc_calls = Some(GcCalls {
        function: "collect".into(),
        count: 5,
        times: Some(TIMES),
    });
    stats.gc_bursts = Some(GcBursts::default());
    stats.safepoints = Some(Safepoints {
        count: 9,
        wall_ns: 90_000,
        on_cpu_ns: 30_000,
    });
    recording
}

#[test]
fn gives_pauses_to_the_thread_that_stops_the_program() {
    let gc = measure(&java(Role::VmThread, "GC Thread#0")).expect("probes saw collections");
    assert_eq!((gc.collections, gc.pause_ns), (Some(5), Some(70_000)));
    let expected = [(Role::VmThread, 25_000), (Role::Gc, 100_000)];
    assert_eq!(gc.by_role, expected.into());
    assert_eq!(gc.by_part[&GcPart::Pause], 25_000);
}

#[test]
fn counts_a_thread_that_collects_alone_once() {
    let mut recording = java(Role::Gc, "GC Thread#0");
    recording.threads.pop();
    let gc = measure(&recording).expect("probes saw collections");
    assert_eq!((gc.collections, gc.pause_ns), (Some(5), Some(70_000)));
    assert_eq!(gc.by_role, [(Role::Gc, 40_000)].into());
    let expected = [(GcPart::Pause, 25_000), (GcPart::Worker, 15_000)];
    assert_eq!(gc.by_part, expected.into());
}

#[test]
fn takes_safepoints_where_the_collector_marks_no_collection() {
    for name in ["ZDriver", "Shenandoah GC T"] {
        let gc = measure(&java(Role::VmThread, name)).expect("a thread only collects");
        assert_eq!((gc.collections, gc.pause_ns), (None, Some(90_000)));
        assert!(gc.source.contains("safepoints"), "{}", gc.source);
    }
}

#[test]
fn reports_no_count_where_no_thread_has_the_name_that_is_counted() {
    let mut recording = java(Role::Gc, "GC Thread#0");
    recording.runtime_stats.gc_calls = None;
    let gc = measure(&recording).expect("threads only collect");
    assert_eq!((gc.collections, gc.pause_ns), (None, None));
}

#[test]
fn counts_dedicated_threads_whole() {
    let build = Build::arm("java").thread(1, Role::Gc, |thread| {
        thread.user(700, 7).fault(200, 9).call("futex", 3, 100)
    });
    let mut recording = build.done();
    recording.target.runtime = Runtime::Java;
    let gc = measure(&recording).expect("a thread only collects");
    assert_eq!(gc.by_role, [(Role::Gc, 1_000)].into());
    assert_eq!((gc.fault_ns, gc.syscall_ns, gc.faults), (200, 100, 9));
    assert_eq!((gc.collections, gc.pause_ns), (None, None));
}
