use super::*;
use crate::record::memory::Regions;
use profiler_common::Slot;
use profiler_common::thread::{Accounting, OFF_CPU, RUNNABLE};

const SPAN: Span = Span {
    start_ns: 1000,
    end_ns: 2000,
};

fn truth(tid: u32, exec_ns: u64) -> Truth {
    let thread = ThreadTruth {
        name: format!("t{tid}"),
        exec_ns,
        run_delay_ns: 0,
        voluntary: 5,
        involuntary: 1,
    };
    Truth {
        threads: BTreeMap::from([(tid, thread)]),
        ..Truth::default()
    }
}

fn lifetime(thread: &Thread) -> u64 {
    thread.on_cpu_ns + thread.run_queue_ns + thread.off_cpu_ns
}

fn built(known: &[Known], drained: &Drained) -> Vec<Thread> {
    let nothing = Regions::default();
    let places = Places {
        start: &nothing,
        end: &nothing,
    };
    threads(known, drained, places, SPAN)
}

#[test]
fn an_open_stretch_ends_with_the_window() {
    let live = [Tracked::new(1, 7, 1, RUNNABLE, 1000)];
    let known = known_threads(&live, &[], &truth(7, 10), &truth(7, 20), SPAN);
    let threads = built(&known, &Drained::default());
    assert_eq!(
        (threads[0].run_queue_ns, lifetime(&threads[0])),
        (1000, 1000)
    );
    assert_eq!(known[0].truth.as_ref().map(|truth| truth.exec_ns), Some(10));
}

#[test]
fn a_silent_thread_slept_or_ran_as_the_kernel_says() {
    let slept = built(
        &known_threads(&[], &[], &truth(7, 10), &truth(7, 10), SPAN),
        &Drained::default(),
    );
    assert_eq!(
        (
            slept[0].off_cpu_ns,
            slept[0].on_cpu_ns,
            slept[0].name.as_str()
        ),
        (1000, 0, "t7")
    );
    let ran = built(
        &known_threads(&[], &[], &truth(7, 10), &truth(7, 1009), SPAN),
        &Drained::default(),
    );
    assert_eq!((ran[0].off_cpu_ns, ran[0].on_cpu_ns), (0, 1000));
}

#[test]
fn an_ended_thread_keeps_its_name_and_end() {
    let mut thread = Tracked::new(1, 9, 2, OFF_CPU, 1200);
    thread.flags = FLAG_BORN;
    Slot::exclusive(&mut thread).switch_in(1300);
    Slot::exclusive(&mut thread).switch_out(1500, true, Accounting::default());
    let exit = ThreadExit {
        thread,
        kernel_exec_ns: 200,
        comm: *b"worker\0\0\0\0\0\0\0\0\0\0",
        ..ThreadExit::default()
    };
    let known = known_threads(&[], &[exit], &Truth::default(), &Truth::default(), SPAN);
    let built = built(&known, &Drained::default());
    assert_eq!(
        (
            built[0].name.as_str(),
            built[0].started_ns,
            built[0].exited_ns
        ),
        ("worker", Some(200), Some(500))
    );
    assert_eq!((built[0].on_cpu_ns, built[0].off_cpu_ns), (200, 100));
}

#[test]
fn a_call_open_at_the_end_keeps_its_cpu_time() {
    let mut thread = Tracked::new(1, 7, 3, ON_CPU, 1000);
    Slot::exclusive(&mut thread).enter(0, 1100);
    Slot::exclusive(&mut thread).switch_out(1150, true, Accounting::default());
    let known = known_threads(&[thread], &[], &truth(7, 0), &truth(7, 150), SPAN);
    let threads = built(&known, &Drained::default());
    assert_eq!(threads[0].syscall_ns, 50);
    assert_eq!(
        (
            threads[0].syscalls[0].name.as_str(),
            threads[0].syscalls[0].on_cpu_ns
        ),
        ("read", 50)
    );
    assert_eq!((threads[0].syscalls[0].count, threads[0].user_ns), (0, 100));
    assert_eq!(
        threads[0].syscalls[0].blocked_ns, 850,
        "it sleeps in it still"
    );
}

#[test]
fn samples_split_what_is_outside_of_calls() {
    let mut thread = Tracked::new(1, 7, 3, ON_CPU, 1000);
    (thread.samples_user, thread.samples_switching) = (3, 2);
    (thread.samples_fault_irq, thread.samples_syscall_edge) = (1, 1);
    thread.samples_fault_return = 1;
    let known = known_threads(&[thread], &[], &truth(7, 0), &truth(7, 1000), SPAN);
    let threads = built(&known, &Drained::default());
    assert_eq!(
        (
            threads[0].user_ns,
            threads[0].switching_ns,
            threads[0].fault_irq_ns,
            threads[0].crossing_ns,
            threads[0].kernel_ns
        ),
        (375, 250, 250, 125, 625)
    );
}

#[test]
fn samples_of_user_code_stay_with_their_thread() {
    let live = [
        Tracked::new(1, 7, 3, ON_CPU, 1000),
        Tracked::new(1, 8, 4, ON_CPU, 1000),
    ];
    let known = known_threads(&live, &[], &truth(7, 0), &truth(7, 1000), SPAN);
    let drained = Drained {
        code: [
            ((3, 0x10_0000), 2),
            ((3, 0x20_0000), 1),
            ((9, 0x10_0000), 5),
        ]
        .into(),
        ..Drained::default()
    };
    let threads = built(&known, &drained);
    let unmapped = BTreeMap::from([("unmapped since".to_owned(), 3)]);
    assert_eq!(threads[0].user_code, unmapped);
    assert!(threads[1].user_code.is_empty());
}

#[test]
fn errors_join_their_call() {
    let call = Syscall {
        name: "read".into(),
        count: 3,
        bytes: Some(10),
        ..Syscall::default()
    };
    let thread = Thread {
        syscalls: vec![call],
        ..Thread::default()
    };
    let sums = syscalls(&[thread.clone(), thread], &[(0, 11, 2), (1, 11, 9)]);
    assert_eq!((sums.len(), sums[0].count, sums[0].bytes), (1, 6, Some(20)));
    assert_eq!(sums[0].errors, BTreeMap::from([("EAGAIN".to_owned(), 2)]));
}
