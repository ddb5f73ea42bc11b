use super::*;
use crate::record::kernel_truth::ThreadTruth;
use profiler_common::thread::ON_CPU;

fn known(on_cpu_ns: u64, exec_ns: u64) -> Known {
    let mut tracked = profiler_common::Thread::new(1, 1, 1, ON_CPU, 0);
    tracked.on_cpu_ns = on_cpu_ns;
    let truth = Some(ThreadTruth {
        exec_ns,
        ..ThreadTruth::default()
    });
    Known {
        tracked,
        name: String::new(),
        exited_ns: None,
        truth,
        early_ns: 0,
    }
}

fn check(name: &str, known: &[Known], threads: &[Thread], counters: &Counters) -> Check {
    let truth = Truth {
        minor: 100,
        ..Truth::default()
    };
    let faults = Faults {
        minor: 90,
        ..Faults::default()
    };
    let evidence = Evidence {
        threads,
        known,
        span: Span {
            start_ns: 0,
            end_ns: 1_000_000,
        },
        before: &Truth::default(),
        after: &truth,
        faults: &faults,
        faults_counted: true,
        wakeups_seen: true,
        counters,
        exits_consumed: 1,
        alive: true,
    };
    all(&evidence)
        .into_iter()
        .find(|check| check.name == name)
        .expect("a check of that name")
}

#[test]
fn on_cpu_time_may_be_off_by_one_percent() {
    let counters = Counters::default();
    let second = 1_000_000_000;
    assert!(
        check(
            "on_cpu_vs_kernel",
            &[known(second / 1000 * 1005, second)],
            &[],
            &counters
        )
        .ok
    );
    assert!(
        !check(
            "on_cpu_vs_kernel",
            &[known(second / 1000 * 1015, second)],
            &[],
            &counters
        )
        .ok
    );
}

#[test]
fn choosing_who_is_next_may_be_running_or_waiting() {
    let second = 1_000_000_000;
    let judged = |preemptions| {
        let mut known = known(second / 1000 * 1020, second);
        known.tracked.involuntary = preemptions;
        check("on_cpu_vs_kernel", &[known], &[], &Counters::default()).ok
    };
    assert!(judged(1_000));
    assert!(!judged(100));
}

#[test]
fn sleep_that_the_kernel_took_for_waiting_is_left_out_and_shown() {
    let second = 1_000_000_000;
    let judged = |delayed_dequeue_ns, early_ns| {
        let mut known = known(second, second);
        known.tracked.delayed_dequeue_ns = delayed_dequeue_ns;
        known.early_ns = early_ns;
        let truth = known.truth.as_mut().expect("set above");
        truth.run_delay_ns = second / 2;
        check("runnable_vs_kernel", &[known], &[], &Counters::default())
    };
    assert!(!judged(0, 0).ok);
    let explained = judged(second / 4, second / 4);
    assert!(explained.ok, "{explained:?}");
    assert!(explained.note.contains("250000000 ns of sleep"));
    assert!(explained.note.contains("250000000 ns of waiting before"));
    assert!(!judged(second / 4, 0).ok);
    assert!(!judged(0, second / 4).ok);
}

#[test]
fn waiting_that_was_sleep_hides_no_waiting_charged_as_running() {
    let second = 1_000_000_000;
    let judged = |delayed_dequeue_ns| {
        let mut known = known(second / 10 * 9, second);
        known.tracked.run_queue_ns = second / 10;
        known.tracked.delayed_dequeue_ns = delayed_dequeue_ns;
        let truth = known.truth.as_mut().expect("set above");
        truth.run_delay_ns = second / 2;
        check("on_cpu_vs_kernel", &[known], &[], &Counters::default()).ok
    };
    assert!(judged(second / 2));
    assert!(!judged(0));
}

#[test]
fn what_the_hypervisor_took_is_allowed_for_and_no_more() {
    let second = 1_000_000_000;
    let judged = |on_cpu_ns, steal_ns| {
        let known = [known(on_cpu_ns, second)];
        let after = Truth {
            steal_ns,
            ..Truth::default()
        };
        let evidence = Evidence {
            threads: &[],
            known: &known,
            span: Span {
                start_ns: 0,
                end_ns: second,
            },
            before: &Truth::default(),
            after: &after,
            faults: &Faults::default(),
            faults_counted: true,
            wakeups_seen: true,
            counters: &Counters::default(),
            exits_consumed: 0,
            alive: true,
        };
        runnable_vs_kernel(&evidence)
    };
    assert!(!judged(second + second / 10, 0).ok);
    let explained = judged(second + second / 10, second / 10);
    assert!(explained.ok && explained.note.contains("hypervisor"));
    assert!(judged(second - second / 10, second / 10).ok);
    assert!(!judged(second + second / 5, second / 10).ok);
    assert!(!judged(second - second / 5, second / 10).ok);
}

#[test]
fn one_switch_in_four_may_go_unseen() {
    let mut missed = known(0, 0);
    let counters = Counters::default();
    let cases = [
        (1000, 250, true),
        (1000, 251, false),
        (2, 2, true),
        (2, 3, false),
    ];
    for (switches, unseen, ok) in cases {
        missed.tracked.voluntary = switches;
        missed.tracked.missed_switches = unseen;
        let known = std::slice::from_ref(&missed);
        assert_eq!(check("switches_seen", known, &[], &counters).ok, ok);
    }
}

#[test]
fn time_that_is_missing_is_found() {
    let whole = Thread {
        on_cpu_ns: 1,
        off_cpu_ns: 999_999,
        ..Thread::default()
    };
    let short = Thread {
        off_cpu_ns: 990_000,
        ..Thread::default()
    };
    let counters = Counters::default();
    assert!(check("thread_time", &[], std::slice::from_ref(&whole), &counters).ok);
    assert!(!check("thread_time", &[], &[whole, short], &counters).ok);
}

#[test]
fn faults_and_losses_are_held_to_account() {
    let counters = Counters {
        exits_produced: 2,
        lost_wakes: 1,
        ..Counters::default()
    };
    for name in ["faults_vs_kernel", "accounting", "lost_events"] {
        assert!(!check(name, &[], &[], &counters).ok, "{name}");
    }
    let counters = Counters {
        exits_produced: 1,
        ..Counters::default()
    };
    assert!(
        check("accounting", &[], &[], &counters).ok && check("lost_events", &[], &[], &counters).ok
    );
}
