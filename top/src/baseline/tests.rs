use super::*;
use recording::process::Thread;
use recording::runtime_stats::{EventLoop, GcBursts, GcCalls, GcTimes};
use recording::testing::{Build, ThreadBuild, distribution};
use recording::vocabulary::Role;

/// A snapshot after so many seconds, of a thread that did the same in each.
fn snapshot(seconds: u64, with: impl FnOnce(ThreadBuild) -> ThreadBuild) -> Recording {
    let build = Build::arm("bun").thread(7, "bun", with);
    let build = build.with(|recording| {
        recording.target.pid = 7;
        recording.window.duration_ns = seconds * 1_000;
    });
    build.done()
}

fn frame_of(before: Recording, now: Recording) -> Frame {
    let mut baseline = Baseline::default();
    assert_eq!(
        baseline.frame(before, 1),
        None,
        "there is nothing to compare with"
    );
    baseline.frame(now, 2).expect("a second snapshot")
}

#[test]
fn splits_the_growth_of_a_thread() {
    let frame = frame_of(
        snapshot(1, |thread| {
            thread.user(300, 3).fault(100, 2).call("read", 5, 200)
        }),
        snapshot(2, |thread| {
            let thread = thread.user(700, 7).fault(150, 3).call("read", 15, 260);
            thread.moving(4_096).run_queue(30).off_cpu(70)
        }),
    );
    let cost = frame.rows[0].cost;
    let parts = [cost.user_ns, cost.fault_ns, cost.syscall_ns, cost.gc_ns];
    assert_eq!(parts, [400, 50, 60, 0]);
    assert_eq!(cost.on_cpu_ns(), 510);
    assert_eq!((cost.run_queue_ns, cost.blocked_ns), (30, 70));
    assert_eq!((cost.syscalls, cost.bytes), (10, 4_096));
    assert_eq!(
        (frame.length_ns, frame.end_ns, frame.threads),
        (1_000, 2, 1)
    );
    assert_eq!((frame.total, &frame.rows[0].role), (cost, &Role::MainLoop));
}

#[test]
fn counts_user_code_of_gc_threads_as_gc() {
    let named = |seconds: u64| {
        let build = Build::arm("bun").thread(8, "HeapHelper", |thread| {
            thread
                .user(seconds * 40, 1)
                .call("futex", seconds, seconds * 10)
        });
        build.done()
    };
    let cost = frame_of(named(1), named(2)).total;
    assert_eq!((cost.user_ns, cost.gc_ns, cost.syscall_ns), (0, 40, 10));
}

#[test]
fn takes_seen_collections_of_a_thread_off_its_user_code() {
    let collecting = |seconds: u64, gc_ns, gc_faults| {
        let mut recording = snapshot(seconds, |thread| {
            thread
                .user(seconds * 400, 1)
                .fault(seconds * 100, seconds * 10)
        });
        let thread = &mut recording.threads[0];
        (thread.gc_ns, thread.gc_faults) = (gc_ns, gc_faults);
        recording
    };
    let cost = |gc_ns: u64, gc_faults: u64| {
        let before = collecting(1, 70, 2);
        let cost = frame_of(before, collecting(2, 70 + gc_ns, 2 + gc_faults)).total;
        assert_eq!(cost.on_cpu_ns(), 500);
        (cost.user_ns, cost.gc_ns, cost.fault_ns)
    };
    // Four of the ten faults of 100 ns were in collections.
    assert_eq!(cost(140, 4), (300, 100, 100));
    assert_eq!(cost(30, 10), (400, 0, 100), "all faults");
    // It began in an earlier frame.
    assert_eq!(cost(2_000, 4), (0, 400, 100));
}

#[test]
fn counts_all_of_a_thread_that_began_since() {
    let later = |recording: &mut Recording| recording.threads[0].started_ns = Some(1_500);
    let mut now = snapshot(2, |thread| thread.user(80, 1));
    later(&mut now);
    let frame = frame_of(snapshot(1, |thread| thread.user(300, 3)), now);
    assert_eq!(frame.total.user_ns, 80, "another thread had its id");
}

#[test]
fn keeps_the_counts_of_a_thread_that_a_snapshot_has_missed() {
    let with = |ns| snapshot(1, |thread| thread.user(ns, 1));
    let mut baseline = Baseline::default();
    baseline.frame(with(100), 1);
    let mut missing = with(100);
    missing.threads.clear();
    baseline.frame(missing, 2);
    let frame = baseline.frame(with(130), 3).expect("a frame");
    assert_eq!(frame.total.user_ns, 30);
    assert_eq!(baseline.threads.len(), 1);
    let mut ended = with(140);
    ended.threads[0].exited_ns = Some(9);
    assert_eq!(baseline.frame(ended, 4).expect("a frame").total.user_ns, 10);
    assert_eq!(baseline.threads.len(), 0);
}

#[test]
fn subtracts_histograms_and_activity() {
    let with = |times: u64| {
        let mut recording = snapshot(times, |thread| {
            thread.with(|thread: &mut Thread| {
                thread.event_loop = Some(EventLoop {
                    iterations: distribution(&[(50, times)]),
                    ..EventLoop::default()
                });
            })
        });
        let latency = &mut recording.latency;
        latency.insert("run_queue".into(), distribution(&[(9, 2 * times)]));
        recording.runtime_stats.gc_bursts = Some(GcBursts {
            span_ns: times * 5,
            spans: distribution(&[(5, times)]),
            ..GcBursts::default()
        });
        recording.sockets.send_bytes = times * 10;
        recording
    };
    let frame = frame_of(with(2), with(5));
    assert_eq!(frame.run_queue.histogram, distribution(&[(9, 6)]).histogram);
    let activity = frame.activity;
    assert_eq!(
        (activity.collections, activity.collecting_ns),
        (Some(3), Some(15))
    );
    assert_eq!(activity.collecting_cpu_ns, None, "bursts are not calls");
    assert_eq!(activity.iterations.map(|loops| loops.count), Some(3));
    assert_eq!(frame.sent_bytes, 30);
}

#[test]
fn subtracts_the_time_of_collections_where_probes_see_calls_and_returns() {
    let with = |seconds: u64, are_timed: bool| {
        let mut recording = snapshot(seconds, |thread| thread.user(seconds * 400, 4));
        recording.runtime_stats.gc_calls = Some(GcCalls {
            count: seconds * 2,
            times: are_timed.then_some(GcTimes {
                wall_ns: seconds * 90,
                on_cpu_ns: seconds * 70,
                faults: 0,
            }),
            ..GcCalls::default()
        });
        recording
    };
    let timed = frame_of(with(1, true), with(4, true));
    assert_eq!(timed.activity.collections, Some(6));
    assert_eq!(timed.activity.collecting_ns, Some(270));
    assert_eq!(timed.activity.collecting_cpu_ns, Some(210));
    let counted = frame_of(with(1, false), with(4, false)).activity;
    assert_eq!(counted.collections, Some(6));
    assert_eq!(counted.collecting_cpu_ns, None, "Go's returns are not seen");
    let merged = Frame::merged([&timed, &timed]).expect("two");
    assert_eq!(merged.activity.collecting_cpu_ns, Some(420));
}

#[test]
fn replaces_control_characters_in_names() {
    let hostile = |seconds: u64| {
        let build = Build::arm("x").thread(7, Role::MainThread, |thread| {
            thread.named("\u{1b}[2Jevil").user(seconds, 1)
        });
        build.done()
    };
    let frame = frame_of(hostile(1), hostile(2));
    assert_eq!(frame.rows[0].name, "\u{fffd}[2Jevil");
}
