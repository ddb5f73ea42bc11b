use super::*;
use crate::record::proc_snapshot::TaskAccounting;
use profiler_common::thread::ON_CPU;

const SECOND: u64 = 1_000_000_000;

fn joined(on_cpu_ns: u64, exec_ns: u64) -> JoinedThread {
    let mut tracked = profiler_common::Thread::new(1, 1, 1, ON_CPU, 0);
    tracked.on_cpu_ns = on_cpu_ns;
    let kernel = Some(TaskAccounting {
        exec_ns,
        ..TaskAccounting::default()
    });
    JoinedThread {
        tracked,
        name: String::new(),
        exited_ns: None,
        kernel,
        early_ns: 0,
        open_wait_ns: 0,
    }
}

/// Makes all checks, with this steal.
fn check_with_steal(
    name: &str,
    joined: &[JoinedThread],
    threads: &[Thread],
    counters: &Counters,
    steal_ns: u64,
) -> Check {
    let after = ProcSnapshot {
        steal_ns,
        ..ProcSnapshot::default()
    };
    let evidence = Evidence {
        threads,
        joined,
        span: Span {
            start_ns: 0,
            end_ns: 1_000_000,
        },
        before: &ProcSnapshot::default(),
        after: &after,
        faults_counted: true,
        wakeups_seen: true,
        counters,
        exits_consumed: 1,
        waits: None,
    };
    let checks = all(&evidence);
    let found = checks.into_iter().find(|check| check.name == name);
    found.expect("a check of that name")
}

fn check(name: &str, joined: JoinedThread) -> Check {
    check_with_steal(name, &[joined], &[], &Counters::default(), 0)
}

#[test]
fn names_every_check() {
    let names: Vec<String> = without_programs()
        .into_iter()
        .map(|check| check.name)
        .collect();
    assert_eq!(names, NAMES);
    for name in NAMES {
        assert_eq!(check(name, joined(0, 0)).name, name);
    }
}

#[test]
fn allows_one_percent_of_on_cpu_time() {
    let ok = |on_cpu_ns| check("on_cpu_vs_kernel", joined(on_cpu_ns, SECOND)).ok;
    assert!(ok(SECOND / 1000 * 1005));
    assert!(!ok(SECOND / 1000 * 1015));
}

#[test]
fn allows_for_choosing_the_next_thread_at_preemptions() {
    let ok = |preemptions| {
        let mut joined = joined(SECOND / 1000 * 1020, SECOND);
        joined.tracked.involuntary = preemptions;
        check("on_cpu_vs_kernel", joined).ok
    };
    assert!(ok(1_000));
    assert!(!ok(100));
}

#[test]
fn leaves_out_run_delay_that_was_sleep_or_early_and_shows_it() {
    let judged = |delayed_dequeue_ns, early_ns| {
        let mut joined = joined(SECOND, SECOND);
        joined.tracked.delayed_dequeue_ns = delayed_dequeue_ns;
        joined.early_ns = early_ns;
        let kernel = joined.kernel.as_mut().expect("set above");
        kernel.run_delay_ns = SECOND / 2;
        check("runnable_vs_kernel", joined)
    };
    assert!(!judged(0, 0).ok);
    let explained = judged(SECOND / 4, SECOND / 4);
    assert!(explained.ok, "{explained:?}");
    assert!(explained.note.contains("250000000 ns of sleep"));
    assert!(explained.note.contains("250000000 ns of waiting before"));
    assert!(!judged(SECOND / 4, 0).ok);
    assert!(!judged(0, SECOND / 4).ok);
}

#[test]
fn finds_waiting_charged_as_running_beside_sleep_counted_as_waiting() {
    let ok = |delayed_dequeue_ns| {
        let mut joined = joined(SECOND / 10 * 9, SECOND);
        joined.tracked.run_queue_ns = SECOND / 10;
        joined.tracked.delayed_dequeue_ns = delayed_dequeue_ns;
        let kernel = joined.kernel.as_mut().expect("set above");
        kernel.run_delay_ns = SECOND / 2;
        check("on_cpu_vs_kernel", joined).ok
    };
    assert!(ok(SECOND / 2));
    assert!(!ok(0));
}

#[test]
fn allows_for_steal_and_no_more() {
    let judged = |on_cpu_ns, steal_ns| {
        let joined = [joined(on_cpu_ns, SECOND)];
        let none = Counters::default();
        check_with_steal("runnable_vs_kernel", &joined, &[], &none, steal_ns)
    };
    assert!(!judged(SECOND + SECOND / 10, 0).ok);
    let explained = judged(SECOND + SECOND / 10, SECOND / 10);
    assert!(explained.ok && explained.note.contains("steal"));
    assert!(judged(SECOND - SECOND / 10, SECOND / 10).ok);
    assert!(!judged(SECOND + SECOND / 5, SECOND / 10).ok);
    assert!(!judged(SECOND - SECOND / 5, SECOND / 10).ok);
    // One tick of 10 ms, one per cent and 4 ms.
    assert!(judged(SECOND + 23_000_000, 1).ok);
    assert!(!judged(SECOND + 25_000_000, 1).ok);
}

#[test]
fn allows_a_quarter_of_switches_to_go_unseen() {
    let cases = [
        (1000, 250, true),
        (1000, 251, false),
        (2, 2, true),
        (2, 3, false),
    ];
    for (switches, unseen, ok) in cases {
        let mut joined = joined(0, 0);
        joined.tracked.voluntary = switches;
        joined.tracked.missed_switches = unseen;
        assert_eq!(check("switches_seen", joined).ok, ok);
    }
}

#[test]
fn detects_time_that_is_missing() {
    let whole = Thread {
        on_cpu_ns: 1,
        steal_ns: 9,
        off_cpu_ns: 999_990,
        ..Thread::default()
    };
    let short = Thread {
        off_cpu_ns: 990_000,
        ..Thread::default()
    };
    let ok = |threads: &[Thread]| {
        let none = Counters::default();
        check_with_steal("thread_time", &[], threads, &none, 0).ok
    };
    assert!(ok(std::slice::from_ref(&whole)));
    assert!(!ok(&[whole, short]));
}

#[test]
fn detects_losses() {
    let ok = |name, counters: &Counters| check_with_steal(name, &[], &[], counters, 0).ok;
    let losses = Counters {
        exits_produced: 2,
        lost_faults: 1,
        ..Counters::default()
    };
    for name in ["accounting", "lost_events"] {
        assert!(!ok(name, &losses), "{name}");
    }
    let complete = Counters {
        exits_produced: 1,
        ..Counters::default()
    };
    assert!(ok("accounting", &complete) && ok("lost_events", &complete));
}

#[test]
fn detects_missing_faults() {
    let ok = |taken: u32, failed: u32, populated: u32| {
        let mut joined = joined(0, 0);
        joined.tracked.faults_user = taken;
        joined.tracked.faults_signalled = failed;
        joined.tracked.faults_populated = populated;
        joined.kernel.as_mut().expect("known").faults = 100;
        check("faults_vs_kernel", joined).ok
    };
    assert!(ok(100, 0, 0) && ok(130, 30, 0) && ok(40, 0, 60));
    assert!(!ok(90, 0, 0) && !ok(130, 0, 0) && !ok(40, 0, 0));
}

#[test]
fn detects_more_time_in_calls_than_on_a_cpu() {
    let ok = |in_calls_ns: u64| {
        let mut joined = joined(SECOND, SECOND);
        joined.tracked.syscall_ns = in_calls_ns;
        let thread = Thread {
            tid: 7,
            ..Thread::default()
        };
        let none = Counters::default();
        check_with_steal("syscall_time", &[joined], &[thread], &none, 0)
    };
    assert!(ok(SECOND).ok);
    let excess = ok(SECOND + 1_000_000);
    assert!(!excess.ok && excess.note.contains("thread 7"), "{excess:?}");
}
