use super::*;

fn lifetime(thread: &Thread) -> u64 {
    thread.on_cpu_ns + thread.run_queue_ns + thread.off_cpu_ns
}

#[test]
fn a_sleep_is_off_then_queue_then_on() {
    let mut thread = Thread::new(1, 1, 0, ON_CPU, 1000);
    thread.switch_out(1100, true, Account::default());
    assert_eq!(thread.wake(1500), Some(400));
    assert_eq!(thread.switch_in(1520), Some(20));
    thread.advance(1600);
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
fn preemption_leaves_it_runnable() {
    let mut thread = Thread::new(1, 1, 0, ON_CPU, 0);
    thread.switch_out(10, false, Account::default());
    assert_eq!(thread.switch_in(30), Some(20));
    assert_eq!(
        (thread.involuntary, thread.run_queue_ns, thread.off_cpu_ns),
        (1, 20, 0)
    );
    assert_eq!(thread.preempted_ns, 20);
    thread.switch_out(40, true, Account::default());
    thread.wake(50);
    thread.switch_in(57);
    assert_eq!((thread.run_queue_ns, thread.preempted_ns), (27, 20));
}

#[test]
fn a_wake_up_before_it_left_its_cpu_changes_nothing_but_the_count() {
    let mut thread = Thread::new(1, 1, 0, ON_CPU, 0);
    assert_eq!(thread.wake(5), None);
    thread.advance(10);
    assert_eq!(
        (thread.on_cpu_ns, thread.wakeups, thread.state),
        (10, 1, ON_CPU)
    );
}

#[test]
fn sleep_after_a_move_is_kept_apart() {
    let mut thread = Thread::new(1, 1, 0, ON_CPU, 0);
    thread.switch_out(10, true, Account::default());
    thread.moved(|| 15);
    thread.moved(|| 20);
    assert_eq!((thread.state, thread.migrations), (MOVED, 2));
    assert_eq!(thread.wake(100), Some(90));
    assert_eq!((thread.moved_ns, thread.off_cpu_ns), (85, 90));
    assert_eq!(thread.switch_in(107), Some(7));
    // Whoever is being woken is moved by that.
    thread.switch_out(110, true, Account::default());
    thread.waking_ns = 150;
    thread.moved(|| 151);
    assert_eq!(thread.wake(152), Some(42));
    assert_eq!((thread.moved_ns, thread.run_queue_ns), (85, 7));
}

#[test]
fn who_was_moved_and_not_seen_to_be_woken_slept() {
    let mut thread = Thread::new(1, 1, 0, ON_CPU, 0);
    thread.switch_out(10, true, Account::default());
    thread.moved(|| 15);
    assert_eq!(thread.switch_in(100), None);
    assert_eq!((thread.off_cpu_ns, thread.wakeups), (90, 1));
}

#[test]
fn what_the_kernel_took_for_waiting_after_a_move_stays_sleep() {
    let account = |run_delay_ns| Account {
        exec_ns: 1,
        run_delay_ns,
    };
    let mut thread = Thread::new(1, 1, 0, ON_CPU, 0);
    thread.switch_out(10, true, account(100));
    thread.moved(|| 15);
    thread.switch_in(100);
    thread.switch_out(110, true, account(185));
    assert_eq!(
        (thread.moved_ns, thread.off_cpu_ns, thread.run_queue_ns),
        (85, 90, 0)
    );
    // The next wake-up that goes unseen is an ordinary one.
    thread.switch_in(150);
    thread.switch_out(160, true, account(190));
    assert_eq!((thread.moved_ns, thread.run_queue_ns), (85, 5));
}

#[test]
fn the_first_stay_is_remembered() {
    let account = |run_delay_ns| Account {
        exec_ns: 1,
        run_delay_ns,
    };
    let mut thread = Thread::new(1, 1, 0, RUNNABLE, 0);
    thread.switch_in(30);
    thread.switch_out(40, true, account(500));
    thread.wake(50);
    thread.switch_in(70);
    thread.switch_out(80, true, account(520));
    let first = (thread.first_run_delay_ns, thread.first_run_queue_ns);
    assert_eq!((first, thread.run_queue_ns), ((500, 30), 50));
}

#[test]
fn a_call_splits_into_on_blocked_and_queued() {
    let mut thread = Thread::new(1, 1, 0, ON_CPU, 100);
    thread.enter(7, 150);
    thread.switch_out(160, true, Account::default());
    thread.wake(200);
    thread.switch_in(230);
    let took = thread.exit(240);
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
fn a_call_entered_before_first_sight_counts_from_there() {
    let mut thread = Thread::new(1, 1, 0, OFF_CPU, 1000);
    thread.wake(1300);
    thread.switch_in(1310);
    assert_eq!(
        thread.exit(1330),
        CallTime {
            on_cpu_ns: 20,
            blocked_ns: 300,
            run_queue_ns: 10
        }
    );
}

#[test]
fn a_missed_switch_makes_no_cpu_time() {
    let mut thread = Thread::new(1, 1, 0, ON_CPU, 0);
    thread.enter(202, 10);
    thread.switch_out(20, true, Account::default());
    // The wake-up and the switch back were not seen.
    let took = thread.exit(1000);
    assert_eq!((took.on_cpu_ns, took.blocked_ns), (10, 980));
    assert_eq!((thread.on_cpu_ns, thread.off_cpu_ns), (20, 980));
    assert_eq!(thread.unseen_switches, 1);
}

#[test]
fn leaving_a_cpu_it_was_not_seen_to_get_is_counted() {
    let mut thread = Thread::new(1, 1, 0, OFF_CPU, 0);
    thread.switch_out(10, true, Account::default());
    assert_eq!((thread.unseen_switches, thread.off_cpu_ns), (1, 10));
    thread.wake(20);
    thread.switch_in(30);
    thread.switch_out(40, false, ran(10));
    assert_eq!(thread.unseen_switches, 1);
}

#[test]
fn the_kernel_knows_how_long_an_unseen_stay_was() {
    // Ran from 0 to 100, waited until 150, ran unseen until 900.
    let mut thread = Thread::new(1, 1, 0, ON_CPU, 0);
    thread.switch_out(100, false, ran(5100));
    thread.switch_out(900, true, ran(5850));
    assert_eq!((thread.on_cpu_ns, thread.run_queue_ns), (850, 50));
    // Slept until 1000, ran unseen; a call from 1200 shows it, another blocks at 1300 until 1400.
    thread.enter(1, 1200);
    thread.exit(1210);
    thread.enter(2, 1250);
    thread.switch_out(1300, true, ran(6150));
    assert_eq!((thread.on_cpu_ns, thread.off_cpu_ns), (1150, 100));
    thread.wake(1400);
    thread.switch_in(1400);
    let took = thread.exit(1410);
    assert_eq!((took.on_cpu_ns, took.blocked_ns), (60, 100));
    assert_eq!(thread.unseen_switches, 2);
}

#[test]
fn the_kernel_knows_how_long_it_waited_after_an_unseen_wake_up() {
    let account = |exec_ns, run_delay_ns| Account {
        exec_ns,
        run_delay_ns,
    };
    // Slept from 100 to 180, which went unseen, and waited until 200.
    let mut thread = Thread::new(1, 1, 0, ON_CPU, 0);
    thread.switch_out(100, true, account(5100, 40));
    thread.switch_in(200);
    thread.enter(1, 250);
    thread.switch_out(300, true, account(5200, 60));
    assert_eq!(
        (thread.on_cpu_ns, thread.run_queue_ns, thread.off_cpu_ns),
        (200, 20, 80)
    );
    // Slept in that call until 330, waited until 350, and neither was seen; the next call shows it at 400.
    thread.exit(400);
    thread.enter(1, 420);
    thread.switch_out(500, true, account(5350, 80));
    assert_eq!(
        (thread.on_cpu_ns, thread.run_queue_ns, thread.off_cpu_ns),
        (350, 40, 110)
    );
    thread.wake(510);
    thread.switch_in(510);
    let took = thread.exit(520);
    assert_eq!((took.on_cpu_ns, took.blocked_ns), (90, 10));
    assert_eq!(thread.wakeups, 3);
}

#[test]
fn a_clock_that_steps_back_between_cpus_costs_nothing() {
    let mut thread = Thread::new(1, 1, 0, ON_CPU, 100);
    thread.switch_out(90, true, Account::default());
    assert_eq!(lifetime(&thread), 0);
}

/// Any order of events, also impossible ones: time is never lost nor invented.
#[test]
fn time_adds_up_whatever_happens() {
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut thread = Thread::new(1, 1, 0, RUNNABLE, 0);
    let mut now = 0;
    for _ in 0..10_000 {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        now += seed % 50;
        match seed % 6 {
            0 => drop(thread.switch_in(now)),
            1 => thread.switch_out(now, true, Account::default()),
            2 => thread.switch_out(now, false, Account::default()),
            3 => drop(thread.wake(now)),
            4 => thread.enter(1, now),
            _ => drop(thread.exit(now)),
        }
        assert_eq!(lifetime(&thread) + (now - thread.since_ns), now);
    }
}

fn ran(exec_ns: u64) -> Account {
    Account {
        exec_ns,
        ..Account::default()
    }
}

#[test]
fn samples_in_the_kernel_are_told_apart() {
    let mut thread = Thread::new(1, 1, 0, RUNNABLE, 0);
    thread.switch_in(10_000);
    thread.sampled_in_kernel(10_900, false);
    thread.sampled_in_kernel(15_000, false);
    thread.sampled_in_kernel(15_050, true);
    thread.enter(1, 15_100);
    thread.sampled_in_kernel(15_200, true);
    let samples = (
        thread.samples_switching,
        thread.samples_fault_irq,
        thread.samples_crossing,
        thread.samples_syscall,
    );
    assert_eq!(samples, (1, 1, 1, 1));
}

#[test]
fn a_thread_acts_for_a_client_until_it_sleeps() {
    let client = Place {
        address: 7,
        slot: 1,
        reserved: 0,
    };
    let mut thread = Thread::new(1, 1, 0, ON_CPU, 0);
    assert_eq!(thread.serves(), Place::default());
    thread.serve(client);
    thread.switch_out(10, false, Account::default());
    thread.switch_in(20);
    assert_eq!(thread.serves(), client, "it was preempted");
    thread.switch_out(30, true, Account::default());
    thread.wake(40);
    thread.switch_in(50);
    assert_eq!(thread.serves(), Place::default());
}
