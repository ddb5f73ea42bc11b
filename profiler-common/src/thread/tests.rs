use super::*;
use crate::slot::Slot;
use crate::syscall::CallTime;

fn on(thread: &mut Thread) -> Slot<'_, Thread> {
    Slot::exclusive(thread)
}

fn lifetime(thread: &Thread) -> u64 {
    thread.on_cpu_ns + thread.run_queue_ns + thread.off_cpu_ns
}

#[test]
fn splits_a_sleep_into_off_cpu_run_queue_and_on_cpu() {
    let mut thread = Thread::new(1, 1, 0, ON_CPU, 1000);
    on(&mut thread).switch_out(1100, true, Accounting::default());
    assert_eq!(on(&mut thread).wake(1500), Some(400));
    assert_eq!(on(&mut thread).switch_in(1520), Some(20));
    on(&mut thread).advance(1600);
    assert_eq!(
        (thread.on_cpu_ns, thread.run_queue_ns, thread.off_cpu_ns),
        (180, 20, 400)
    );
    assert_eq!(
        (thread.voluntary, thread.involuntary, thread.wakeups),
        (1, 0, 1)
    );
}

#[test]
fn keeps_a_preempted_thread_runnable() {
    let mut thread = Thread::new(1, 1, 0, ON_CPU, 0);
    on(&mut thread).switch_out(10, false, Accounting::default());
    assert_eq!(on(&mut thread).switch_in(30), Some(20));
    assert_eq!(
        (thread.involuntary, thread.run_queue_ns, thread.off_cpu_ns),
        (1, 20, 0)
    );
    assert_eq!(thread.preempted_ns, 20);
    on(&mut thread).switch_out(40, true, Accounting::default());
    on(&mut thread).wake(50);
    on(&mut thread).switch_in(57);
    assert_eq!((thread.run_queue_ns, thread.preempted_ns), (27, 20));
}

#[test]
fn counts_a_wake_up_of_a_running_thread_only() {
    let mut thread = Thread::new(1, 1, 0, ON_CPU, 0);
    assert_eq!(on(&mut thread).wake(5), None);
    on(&mut thread).advance(10);
    assert_eq!(
        (thread.on_cpu_ns, thread.wakeups, thread.state),
        (10, 1, ON_CPU)
    );
}

#[test]
fn keeps_sleep_after_a_migration_apart() {
    let mut thread = Thread::new(1, 1, 0, ON_CPU, 0);
    on(&mut thread).switch_out(10, true, Accounting::default());
    on(&mut thread).migrated(|| 15);
    on(&mut thread).migrated(|| 20);
    assert_eq!((thread.state, thread.migrations), (OFF_CPU_MIGRATED, 2));
    assert_eq!(on(&mut thread).wake(100), Some(90));
    assert_eq!((thread.delayed_dequeue_ns, thread.off_cpu_ns), (85, 90));
    assert_eq!(on(&mut thread).switch_in(107), Some(7));
    // A wake-up migrates too, and that counts as no sleep.
    on(&mut thread).switch_out(110, true, Accounting::default());
    thread.waking_ns = 150;
    on(&mut thread).migrated(|| 151);
    assert_eq!(on(&mut thread).wake(152), Some(42));
    assert_eq!((thread.delayed_dequeue_ns, thread.run_queue_ns), (85, 7));
}

#[test]
fn books_a_missed_wake_up_after_a_migration_as_sleep() {
    let mut thread = Thread::new(1, 1, 0, ON_CPU, 0);
    on(&mut thread).switch_out(10, true, Accounting::default());
    on(&mut thread).migrated(|| 15);
    assert_eq!(on(&mut thread).switch_in(100), None);
    assert_eq!((thread.off_cpu_ns, thread.wakeups), (90, 1));
}

#[test]
fn keeps_run_delay_after_a_migration_as_sleep() {
    let account = |run_delay_ns| Accounting {
        exec_ns: 1,
        run_delay_ns,
        ..Accounting::default()
    };
    let mut thread = Thread::new(1, 1, 0, ON_CPU, 0);
    on(&mut thread).switch_out(10, true, account(100));
    on(&mut thread).migrated(|| 15);
    on(&mut thread).switch_in(100);
    on(&mut thread).switch_out(110, true, account(185));
    assert_eq!(
        (
            thread.delayed_dequeue_ns,
            thread.off_cpu_ns,
            thread.run_queue_ns
        ),
        (85, 90, 0)
    );
    // The next wake-up that goes unseen is an ordinary one.
    on(&mut thread).switch_in(150);
    on(&mut thread).switch_out(160, true, account(190));
    assert_eq!((thread.delayed_dequeue_ns, thread.run_queue_ns), (85, 5));
}

#[test]
fn keeps_the_run_delay_of_the_first_stay() {
    let account = |run_delay_ns| Accounting {
        exec_ns: 1,
        run_delay_ns,
        ..Accounting::default()
    };
    let mut thread = Thread::new(1, 1, 0, RUNNABLE, 0);
    on(&mut thread).switch_in(30);
    on(&mut thread).switch_out(40, true, account(500));
    on(&mut thread).wake(50);
    on(&mut thread).switch_in(70);
    on(&mut thread).switch_out(80, true, account(520));
    let first = (thread.first_run_delay_ns, thread.first_run_queue_ns);
    assert_eq!((first, thread.run_queue_ns), ((500, 30), 50));
}

#[test]
fn splits_a_call_into_on_cpu_blocked_and_queued() {
    let mut thread = Thread::new(1, 1, 0, ON_CPU, 100);
    on(&mut thread).enter(7, 150);
    on(&mut thread).switch_out(160, true, Accounting::default());
    on(&mut thread).wake(200);
    on(&mut thread).switch_in(230);
    let took = on(&mut thread).exit(240);
    assert_eq!(
        took,
        CallTime {
            on_cpu_ns: 20,
            blocked_ns: 40,
            run_queue_ns: 30
        }
    );
    assert_eq!((thread.syscall_ns, thread.flags & FLAG_IN_SYSCALL), (20, 0));
}

#[test]
fn counts_a_call_entered_before_the_window_from_its_start() {
    let mut thread = Thread::new(1, 1, 0, OFF_CPU, 1000);
    on(&mut thread).wake(1300);
    on(&mut thread).switch_in(1310);
    assert_eq!(
        on(&mut thread).exit(1330),
        CallTime {
            on_cpu_ns: 20,
            blocked_ns: 300,
            run_queue_ns: 10
        }
    );
}

#[test]
fn invents_no_cpu_time_for_a_missed_switch() {
    let mut thread = Thread::new(1, 1, 0, ON_CPU, 0);
    on(&mut thread).enter(202, 10);
    on(&mut thread).switch_out(20, true, Accounting::default());
    // The wake-up and the switch back were not seen.
    let took = on(&mut thread).exit(1000);
    assert_eq!((took.on_cpu_ns, took.blocked_ns), (10, 980));
    assert_eq!((thread.on_cpu_ns, thread.off_cpu_ns), (20, 980));
    assert_eq!(thread.missed_switches, 1);
}

#[test]
fn counts_missed_switch_ins() {
    let mut thread = Thread::new(1, 1, 0, OFF_CPU, 0);
    on(&mut thread).switch_out(10, true, Accounting::default());
    assert_eq!((thread.missed_switches, thread.off_cpu_ns), (1, 10));
    on(&mut thread).wake(20);
    on(&mut thread).switch_in(30);
    on(&mut thread).switch_out(40, false, ran(10));
    assert_eq!(thread.missed_switches, 1);
}

#[test]
fn reconciles_a_missed_stay_with_the_kernels_run_time() {
    // Ran from 0 to 100, waited until 150, ran without a switch-in that was seen until 900.
    let mut thread = Thread::new(1, 1, 0, ON_CPU, 0);
    on(&mut thread).switch_out(100, false, ran(5100));
    on(&mut thread).switch_out(900, true, ran(5850));
    assert_eq!((thread.on_cpu_ns, thread.run_queue_ns), (850, 50));
    // Slept until 1000, ran without a switch-in that was seen; a call from 1200 shows it, another
    // blocks at 1300 until 1400.
    on(&mut thread).enter(1, 1200);
    on(&mut thread).exit(1210);
    on(&mut thread).enter(2, 1250);
    on(&mut thread).switch_out(1300, true, ran(6150));
    assert_eq!((thread.on_cpu_ns, thread.off_cpu_ns), (1150, 100));
    on(&mut thread).wake(1400);
    on(&mut thread).switch_in(1400);
    let took = on(&mut thread).exit(1410);
    assert_eq!((took.on_cpu_ns, took.blocked_ns), (60, 100));
    assert_eq!(thread.missed_switches, 2);
}

#[test]
fn reconciles_a_missed_wake_up_with_the_kernels_run_delay() {
    let account = |exec_ns, run_delay_ns| Accounting {
        exec_ns,
        run_delay_ns,
        ..Accounting::default()
    };
    // Slept from 100 to 180, which was missed, and waited until 200.
    let mut thread = Thread::new(1, 1, 0, ON_CPU, 0);
    on(&mut thread).switch_out(100, true, account(5100, 40));
    on(&mut thread).switch_in(200);
    on(&mut thread).enter(1, 250);
    on(&mut thread).switch_out(300, true, account(5200, 60));
    assert_eq!(
        (thread.on_cpu_ns, thread.run_queue_ns, thread.off_cpu_ns),
        (200, 20, 80)
    );
    // Slept in that call until 330, waited until 350, and neither was seen; the next call shows it
    // at 400.
    on(&mut thread).exit(400);
    on(&mut thread).enter(1, 420);
    on(&mut thread).switch_out(500, true, account(5350, 80));
    assert_eq!(
        (thread.on_cpu_ns, thread.run_queue_ns, thread.off_cpu_ns),
        (350, 40, 110)
    );
    on(&mut thread).wake(510);
    on(&mut thread).switch_in(510);
    let took = on(&mut thread).exit(520);
    assert_eq!((took.on_cpu_ns, took.blocked_ns), (90, 10));
    assert_eq!(thread.wakeups, 3);
}

#[test]
fn ignores_a_clock_that_steps_back() {
    let mut thread = Thread::new(1, 1, 0, ON_CPU, 100);
    on(&mut thread).switch_out(90, true, Accounting::default());
    assert_eq!(lifetime(&thread), 0);
}

/// Any order of events, also impossible ones: no time is lost or invented.
#[test]
fn adds_up_to_the_lifetime_for_any_order_of_events() {
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut thread = Thread::new(1, 1, 0, RUNNABLE, 0);
    let mut now = 0;
    for _ in 0..10_000 {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        now += seed % 50;
        match seed % 6 {
            0 => drop(on(&mut thread).switch_in(now)),
            1 => on(&mut thread).switch_out(now, true, Accounting::default()),
            2 => on(&mut thread).switch_out(now, false, Accounting::default()),
            3 => drop(on(&mut thread).wake(now)),
            4 => on(&mut thread).enter(1, now),
            _ => drop(on(&mut thread).exit(now)),
        }
        assert_eq!(lifetime(&thread) + (now - thread.since_ns), now);
    }
}

fn ran(exec_ns: u64) -> Accounting {
    Accounting {
        exec_ns,
        ..Accounting::default()
    }
}

#[test]
fn distinguishes_samples_in_the_kernel() {
    let mut thread = Thread::new(1, 1, 0, RUNNABLE, 0);
    on(&mut thread).switch_in(10_000);
    on(&mut thread).sampled_in_kernel(10_900, false);
    on(&mut thread).sampled_in_kernel(15_000, false);
    on(&mut thread).sampled_in_kernel(15_050, true);
    on(&mut thread).enter(1, 15_100);
    on(&mut thread).sampled_in_kernel(15_200, true);
    let samples = (
        thread.samples_switching,
        thread.samples_fault_irq,
        thread.samples_syscall_edge,
        thread.samples_syscall,
    );
    assert_eq!(samples, (1, 1, 1, 1));
}

#[test]
fn serves_a_client_until_it_sleeps() {
    let downstream = SockRef {
        address: 7,
        slot: 1,
        reserved: 0,
    };
    let mut thread = Thread::new(1, 1, 0, ON_CPU, 0);
    assert_eq!(on(&mut thread).serves(), SockRef::default());
    on(&mut thread).serve(downstream);
    on(&mut thread).switch_out(10, false, Accounting::default());
    on(&mut thread).switch_in(20);
    assert_eq!(on(&mut thread).serves(), downstream, "it was preempted");
    on(&mut thread).switch_out(30, true, Accounting::default());
    on(&mut thread).wake(40);
    on(&mut thread).switch_in(50);
    assert_eq!(on(&mut thread).serves(), SockRef::default());
}

#[test]
fn ignores_returns_that_end_no_call() {
    let mut thread = Thread::new(1, 1, 0, ON_CPU, 100);
    assert!(
        !on(&mut thread).returns(),
        "a new thread, or a refused call"
    );
    on(&mut thread).enter(7, 150);
    assert!(on(&mut thread).returns());
    on(&mut thread).exit(160);
    assert!(!on(&mut thread).returns());
    let mut asleep = Thread::new(1, 1, 0, OFF_CPU, 100);
    assert!(on(&mut asleep).returns(), "it entered the call before");
    on(&mut asleep).fault_user(0);
    assert!(!on(&mut asleep).returns(), "it was in no call");
}

fn accounted(exec_ns: u64, voluntary: u32, involuntary: u32) -> Accounting {
    Accounting {
        exec_ns,
        run_delay_ns: 40,
        voluntary,
        involuntary,
    }
}

fn base(thread: &Thread) -> (u64, u64, u32, u32) {
    let switches = (thread.base_voluntary, thread.base_involuntary);
    (
        thread.base_exec_ns,
        thread.base_run_delay_ns,
        switches.0,
        switches.1,
    )
}

#[test]
fn notes_the_kernels_accounting_before_the_first_stay() {
    let mut thread = Thread::new(1, 1, 0, RUNNABLE, 0);
    on(&mut thread).note_base(accounted(500, 7, 3));
    on(&mut thread).switch_in(10);
    on(&mut thread).switch_out(30, true, accounted(520, 8, 3));
    assert_eq!(base(&thread), (500, 40, 7, 3));
    assert_eq!((thread.kernel_voluntary, thread.kernel_involuntary), (8, 3));
}

#[test]
fn takes_the_stay_under_way_out_of_the_kernels_accounting() {
    for (voluntary, before) in [(true, (7, 3)), (false, (8, 2))] {
        let mut thread = Thread::new(1, 1, 0, ON_CPU, 1000);
        on(&mut thread).switch_out(1020, voluntary, accounted(520, 8, 3));
        on(&mut thread).switch_out(1020, voluntary, accounted(520, 9, 4));
        assert_eq!(base(&thread), (500, 40, before.0, before.1));
    }
}
