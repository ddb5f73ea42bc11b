use super::super::join;
use super::*;
use profiler_common::Slot;
use profiler_common::thread::{Accounting, OFF_CPU};

/// The window until the instant, and from it.
const BEFORE: Span = Span {
    start_ns: 1000,
    end_ns: 2000,
};
const SINCE: Span = Span {
    start_ns: 2000,
    end_ns: 3000,
};

fn kernel(tid: u32, exec_ns: u64) -> ProcSnapshot {
    let thread = TaskAccounting {
        tgid: tid,
        exec_ns,
        ..TaskAccounting::default()
    };
    ProcSnapshot {
        threads: BTreeMap::from([(tid, thread)]),
        ..ProcSnapshot::default()
    }
}

fn of_kernel(exec_ns: u64, run_delay_ns: u64) -> Accounting {
    Accounting {
        exec_ns,
        run_delay_ns,
        ..Accounting::default()
    }
}

/// Returns what a thread did since the instant, at which it was in state `then`.
fn since_of(then: &Tracked, now: &Tracked) -> JoinedThread {
    let (first, last) = (kernel(7, 10), kernel(7, 900));
    let whole = Span {
        end_ns: SINCE.end_ns,
        ..BEFORE
    };
    let then = at(&[*then], &first, &last, BEFORE);
    let now = join(&[*now], &[], &first, &last, whole);
    let mut since = since(now, &then, SINCE);
    since.remove(0)
}

fn times(thread: &JoinedThread) -> [u64; 3] {
    let tracked = &thread.tracked;
    [tracked.on_cpu_ns, tracked.run_queue_ns, tracked.off_cpu_ns]
}

#[test]
fn divides_a_wait_under_way_at_the_instant() {
    let mut thread = Tracked::new(7, 7, 1, ON_CPU, 1000);
    Slot::exclusive(&mut thread).switch_out(1300, true, of_kernel(310, 0));
    Slot::exclusive(&mut thread).wake(1600);
    let then = thread;
    Slot::exclusive(&mut thread).switch_in(2200);
    // The kernel has booked the wait whole.
    Slot::exclusive(&mut thread).switch_out(2500, true, of_kernel(610, 600));
    let since = since_of(&then, &thread);
    assert_eq!(times(&since), [300, 200, 500]);
    assert_eq!(since.runnable_ns(), 500, "400 ns were before");
    assert_eq!((since.tracked.voluntary, since.tracked.wakeups), (1, 0));
    assert_eq!(since.started_in(SINCE), None);
}

#[test]
fn counts_a_running_thread_up_to_the_instant() {
    let mut thread = Tracked::new(7, 7, 1, ON_CPU, 1000);
    Slot::exclusive(&mut thread).switch_out(1300, true, of_kernel(310, 0));
    Slot::exclusive(&mut thread).wake(1400);
    Slot::exclusive(&mut thread).switch_in(1400);
    let then = thread;
    Slot::exclusive(&mut thread).switch_out(2100, true, of_kernel(1010, 0));
    let since = since_of(&then, &thread);
    assert_eq!(times(&since), [100, 0, 900]);
    assert_eq!(since.runnable_ns(), 100);
}

#[test]
fn takes_back_what_came_while_the_threads_were_read() {
    let mut thread = Tracked::new(7, 7, 1, ON_CPU, 1000);
    Slot::exclusive(&mut thread).switch_out(2030, true, of_kernel(1040, 0));
    let since = since_of(&thread, &thread);
    assert_eq!(times(&since), [30, 0, 970]);
}

#[test]
fn counts_threads_without_events_from_the_instant() {
    let (first, last) = (kernel(7, 10), kernel(7, 10));
    let whole = Span {
        end_ns: SINCE.end_ns,
        ..BEFORE
    };
    let then = at(&[], &first, &last, BEFORE);
    let silent = since(join(&[], &[], &first, &last, whole), &then, SINCE);
    assert_eq!(times(&silent[0]), [0, 0, 1000]);
    let mut woken = Tracked::new(7, 7, 1, OFF_CPU, 1000);
    Slot::exclusive(&mut woken).wake(2400);
    let woken = since(join(&[woken], &[], &first, &last, whole), &then, SINCE);
    assert_eq!((woken.len(), times(&woken[0])), (1, [0, 600, 400]));
}

#[test]
fn keeps_a_later_thread_with_the_id_of_an_ended_one() {
    let (first, last) = (kernel(7, 10), kernel(7, 10));
    let then = at(&[], &first, &last, BEFORE);
    let mut later = Tracked::new(7, 7, 1, OFF_CPU, 2600);
    later.flags = FLAG_BORN;
    let now = join(&[later], &[], &first, &last, SINCE);
    let since = since(now, &then, SINCE);
    assert_eq!(times(&since[0]), [0, 0, 400]);
    assert_eq!(since[0].started_in(SINCE), Some(600));
}
