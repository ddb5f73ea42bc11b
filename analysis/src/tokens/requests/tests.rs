use super::super::find as find_all;
use super::*;
use proptest::prelude::*;
use recording::timeline::{PREEMPTED, WAKER_INTERRUPT, WAKER_THREAD};

const WORKER: u32 = 7;
const OTHER: u32 = 8;
const FSYNC: u64 = 74;
const SOCKET: u64 = 5;
const END_NS: u64 = 100_000;

fn event(time_ns: u64, tid: u32, kind: EventKind, first: u64, second: u64) -> Event {
    Event {
        time_ns,
        tid,
        kind: kind as u32,
        first,
        second,
    }
}

fn found(events: Vec<Event>) -> Requests {
    let thread = |(tid, role)| Thread {
        tid,
        role,
        ..Thread::default()
    };
    let recording = Recording {
        threads: [(WORKER, Role::MainLoop), (OTHER, Role::HttpClient)]
            .map(thread)
            .to_vec(),
        ..Recording::default()
    };
    let timeline = Timeline {
        end_ns: END_NS,
        cpus: vec![events],
        syscall_names: [(74, "fsync".to_owned())].into(),
        ..Timeline::default()
    };
    find_all(&recording, &timeline, 0).1
}

/// A thread that receives a request at 1,000, sleeps in fsync from 1,200 until it is woken at
/// 3,000, has a CPU at 3,200, and answers at 4,000. It answers another at 11,000.
fn synced() -> Vec<Event> {
    vec![
        event(1_000, WORKER, EventKind::Request, 0, SOCKET),
        event(1_100, WORKER, EventKind::Enter, FSYNC, 0),
        event(1_200, WORKER, EventKind::Switch, 0, 1),
        event(3_000, WORKER, EventKind::Waking, 0, 1),
        event(3_200, 0, EventKind::Switch, WORKER.into(), 0),
        event(3_500, WORKER, EventKind::Exit, FSYNC, 0),
        event(4_000, WORKER, EventKind::Send, 0, SOCKET),
        event(4_500, WORKER, EventKind::Switch, 0, 1),
        event(9_000, WORKER, EventKind::Waking, 0, 1),
        event(9_500, 0, EventKind::Switch, WORKER.into(), 0),
        event(10_000, WORKER, EventKind::Request, 0, SOCKET),
        event(11_000, WORKER, EventKind::Send, 0, SOCKET),
    ]
}

fn parts_of(requests: &Requests) -> Vec<(PathKind, &str, u64)> {
    let parts = requests.parts.iter();
    let part = |part: &'_ PathPart| (part.kind, part.ns as u64);
    let mut all: Vec<_> = parts
        .map(|found| (part(found).0, found.syscall.as_str(), part(found).1))
        .collect();
    all.sort_unstable();
    all
}

#[test]
fn distinguishes_blocked_from_idle_time() {
    let requests = found(synced());
    assert_eq!((requests.count, requests.mean_ns), (2, 2_000));
    assert_eq!(
        parts_of(&requests),
        [
            (PathKind::User, "", 800),
            (PathKind::Syscall, "fsync", 200),
            (PathKind::RunQueue, "", 100),
            (PathKind::Asleep, "fsync", 900),
        ]
    );
    let [worker] = &requests.threads[..] else {
        panic!("one thread has events: {:?}", requests.threads)
    };
    let expected = StateTimes {
        on_cpu_ns: 2_000,
        run_queue_ns: 200,
        asleep_ns: 1_800,
        ..StateTimes::default()
    };
    assert_eq!(worker.in_request, expected);
    assert_eq!(worker.outside.asleep_ns, 4_500);
    assert_eq!(worker.outside.run_queue_ns, 500);
}

#[test]
fn distinguishes_preempted_throttled_and_stolen_time() {
    let requests = found(vec![
        event(1_000, WORKER, EventKind::Request, 0, SOCKET),
        event(2_000, WORKER, EventKind::Switch, 0, PREEMPTED),
        event(5_000, 0, EventKind::Switch, WORKER.into(), 0),
        event(5_000, WORKER, EventKind::Throttled, 2_500, 0),
        event(9_000, WORKER, EventKind::Switch, 0, PREEMPTED),
        event(9_000, WORKER, EventKind::Stolen, 1_000, 0),
        event(9_500, 0, EventKind::Switch, WORKER.into(), 0),
        event(10_000, WORKER, EventKind::Send, 0, SOCKET),
    ]);
    let expected = StateTimes {
        on_cpu_ns: 4_500,
        preempted_ns: 1_000,
        throttled_ns: 2_500,
        stolen_ns: 1_000,
        ..StateTimes::default()
    };
    assert_eq!(requests.threads[0].in_request, expected);
    assert_eq!(requests.mean_ns, expected.whole_ns());
}

#[test]
fn books_the_run_queue_where_a_wake_up_precedes_the_sleep() {
    let requests = found(vec![
        event(1_000, WORKER, EventKind::Request, 0, SOCKET),
        event(1_900, WORKER, EventKind::Waking, 0, 1),
        event(2_000, WORKER, EventKind::Switch, 0, 1),
        event(5_000, 0, EventKind::Switch, WORKER.into(), 0),
        // This one came before the thread had decided to sleep.
        event(5_500, WORKER, EventKind::Waking, 0, 1),
        event(6_000, WORKER, EventKind::Switch, 0, 1),
        event(7_000, WORKER, EventKind::Waking, 0, 1),
        event(7_000, 0, EventKind::Switch, WORKER.into(), 0),
        event(8_000, WORKER, EventKind::Send, 0, SOCKET),
    ]);
    let times = requests.threads[0].in_request;
    assert_eq!((times.run_queue_ns, times.asleep_ns), (3_000, 1_000));
}

#[test]
fn counts_threads_that_serve_a_request_only_while_they_do() {
    let upstream = |time, kind, second| event(time, OTHER, kind, 1_500, second);
    let requests = found(vec![
        event(1_000, WORKER, EventKind::Request, 0, SOCKET),
        upstream(2_000, EventKind::Receive, 9),
        // The other thread passes on the data that arrived at 1,500 and was received 500 later.
        event(3_000, WORKER, EventKind::Send, 1_500, 500 << 32 | SOCKET),
    ]);
    let served = |thread: &ThreadStates| (thread.thread, thread.in_request.whole_ns());
    let served: Vec<_> = requests.threads.iter().map(served).collect();
    assert_eq!(served, [(0, 2_000), (1, 0)]);
}

#[test]
fn follows_wake_ups_back_through_threads_that_were_woken_meanwhile() {
    let requests = found(vec![
        event(500, OTHER, EventKind::Switch, 0, 1),
        event(1_000, WORKER, EventKind::Request, 0, SOCKET),
        event(2_000, WORKER, EventKind::Switch, 0, 1),
        event(3_000, OTHER, EventKind::Waking, 0, WAKER_INTERRUPT),
        event(3_100, 0, EventKind::Switch, OTHER.into(), 0),
        event(4_000, WORKER, EventKind::Waking, OTHER.into(), WAKER_THREAD),
        event(4_100, 0, EventKind::Switch, WORKER.into(), 0),
        event(5_000, WORKER, EventKind::Switch, 0, 1),
        // The other thread was awake all the time.
        event(6_000, WORKER, EventKind::Waking, OTHER.into(), WAKER_THREAD),
        event(6_000, 0, EventKind::Switch, WORKER.into(), 0),
        event(7_000, WORKER, EventKind::Send, 0, SOCKET),
    ]);
    let chains = requests.chains.iter();
    let chains: Vec<_> = chains.map(|chain| (&chain.links[..], chain.ns)).collect();
    let (other, interrupt) = (Role::HttpClient, Role::Interrupt);
    let expected: [(&[Role], u64); 2] = [(&[other.clone(), interrupt], 2_000), (&[other], 1_000)];
    assert_eq!(chains, expected);
}

#[test]
fn leaves_the_length_of_requests_out_that_began_before() {
    let requests = found(vec![event(3_000, WORKER, EventKind::Send, 0, SOCKET)]);
    assert_eq!((requests.count, requests.mean_ns), (0, 0));
    assert!((requests.in_flight - 0.03).abs() < 1e-9);
}

proptest! {
    #[test]
    fn adds_up_to_the_life_of_each_thread(
        steps in proptest::collection::vec((1u64..2_000, 0usize..7), 1..60),
    ) {
        let mut time = 0;
        let events = steps.into_iter().map(|(pause, what)| {
            time += pause;
            match what {
                0 => event(time, WORKER, EventKind::Request, 0, SOCKET),
                1 => event(time, WORKER, EventKind::Send, 0, SOCKET),
                2 => event(time, WORKER, EventKind::Switch, 0, 1),
                3 => event(time, WORKER, EventKind::Waking, 0, 1),
                4 => event(time, WORKER, EventKind::Switch, 0, PREEMPTED),
                5 => event(time, WORKER, EventKind::Throttled, pause, 0),
                _ => event(time, 0, EventKind::Switch, WORKER.into(), 0),
            }
        });
        let requests = found(events.collect());
        for thread in &requests.threads {
            let whole = thread.in_request.whole_ns() + thread.outside.whole_ns();
            prop_assert_eq!(whole, END_NS);
        }
    }
}
