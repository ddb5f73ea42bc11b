use super::*;
use recording::process::Thread;
use recording::timeline::{PREEMPTED, WAKER_INTERRUPT, WAKER_THREAD};

const CLIENT: u32 = 7;
const LOOP: u32 = 8;
const HELPER: u32 = 9;
const EPOLL_WAIT: u64 = 232;
const SENDTO: u64 = 44;
const FUTEX: u64 = 202;

/// `profiler_common::timeline::relayed` of the socket 0.
fn relayed(after_ns: u64) -> u64 {
    after_ns << 32
}

fn event(time_ns: u64, tid: u32, kind: EventKind, first: u64, second: u64) -> Event {
    Event {
        time_ns,
        tid,
        kind: kind as u32,
        first,
        second,
    }
}

fn found(events: Vec<Event>, threshold_ns: u64) -> Tokens {
    let thread = |(tid, role)| Thread {
        tid,
        role,
        ..Thread::default()
    };
    let recording = Recording {
        threads: [
            (CLIENT, Role::HttpClient),
            (LOOP, Role::MainLoop),
            (HELPER, Role::JscHeapHelper),
        ]
        .map(thread)
        .to_vec(),
        ..Recording::default()
    };
    let names = [(232, "epoll_wait"), (44, "sendto"), (202, "futex")];
    let timeline = Timeline {
        end_ns: 100_000,
        cpus: vec![events],
        syscall_names: names.map(|(nr, name)| (nr, name.into())).into(),
        ..Timeline::default()
    };
    find(&recording, &timeline, threshold_ns).0
}

/// A token that arrives at 1,000 while its thread sleeps. The thread is woken at 1,100, gets a CPU
/// at 1,300, receives at 1,500 and wakes the loop at 1,700, which gets a CPU at 2,000, sends from
/// 2,400 on, and is done at 3,000.
fn handed_over() -> Vec<Event> {
    vec![
        event(100, LOOP, EventKind::Enter, EPOLL_WAIT, 0),
        event(110, LOOP, EventKind::Switch, 0, 1),
        event(120, CLIENT, EventKind::Enter, EPOLL_WAIT, 0),
        event(130, CLIENT, EventKind::Switch, 0, 1),
        event(1_100, CLIENT, EventKind::Waking, 0, WAKER_INTERRUPT),
        event(1_300, 0, EventKind::Switch, CLIENT.into(), 0),
        event(1_400, CLIENT, EventKind::Exit, EPOLL_WAIT, 1),
        event(1_500, CLIENT, EventKind::Receive, 1_000, 0),
        event(1_650, CLIENT, EventKind::Enter, 1, 0),
        event(1_700, LOOP, EventKind::Waking, CLIENT.into(), WAKER_THREAD),
        event(2_000, 0, EventKind::Switch, LOOP.into(), 0),
        event(2_100, LOOP, EventKind::Exit, EPOLL_WAIT, 1),
        event(2_200, LOOP, EventKind::Fault, 0x1000, 0),
        event(2_400, LOOP, EventKind::Enter, SENDTO, 0),
        event(3_000, LOOP, EventKind::Send, 1_000, relayed(500)),
    ]
}

fn lengths(parts: &[PathPart]) -> Vec<(PathKind, &str, u64)> {
    let length = |part: &PathPart| (part.kind, part.role.label().to_owned(), part.ns as u64);
    let mut all: Vec<_> = parts.iter().map(length).collect();
    all.sort();
    let label = |role: String| match role {
        role if role == Role::MainLoop.label() => "loop",
        _ => "client",
    };
    all.into_iter()
        .map(|(kind, role, ns)| (kind, label(role), ns))
        .collect()
}

#[test]
fn follows_a_token_from_thread_to_thread() {
    let tokens = found(handed_over(), 0);
    let token = tokens.median.expect("one");
    assert_eq!((token.latency_ns, token.received_ns), (2_000, 500));
    let expected = [
        (PathKind::OtherWork, "client", 100),
        (PathKind::User, "client", 150),
        (PathKind::User, "loop", 300),
        (PathKind::Syscall, "client", 50),
        (PathKind::Syscall, "client", 100),
        (PathKind::Syscall, "loop", 100),
        (PathKind::Syscall, "loop", 600),
        (PathKind::RunQueue, "client", 200),
        (PathKind::RunQueue, "loop", 300),
        (PathKind::Asleep, "client", 100),
    ];
    assert_eq!(lengths(&token.parts), expected);
    let had: Vec<_> = token
        .lanes
        .iter()
        .map(|lane| (lane.tid, lane.had))
        .collect();
    assert_eq!(had, [(CLIENT, [0, 700]), (LOOP, [700, 2_000])]);
    assert_eq!(token.lanes[1].faults, [1_200]);
}

#[test]
fn adds_parts_up_to_the_latency() {
    let tokens = found(handed_over(), 0);
    for parts in [
        &tokens.median.expect("one").parts,
        &tokens.usual,
        &tokens.tail,
    ] {
        let sum: f64 = parts.iter().map(|part| part.ns).sum();
        assert!((sum - 2_000.0).abs() < 1e-6, "{parts:?}");
    }
}

#[test]
fn blames_a_collection_that_a_token_waited_for() {
    let events = vec![
        event(100, LOOP, EventKind::GcBegin, 0, 0),
        event(1_100, LOOP, EventKind::Switch, 0, PREEMPTED),
        event(1_200, 0, EventKind::Switch, LOOP.into(), 1),
        event(9_000, LOOP, EventKind::GcEnd, 0, 0),
        event(9_500, LOOP, EventKind::Receive, 1_000, 0),
        event(10_000, LOOP, EventKind::Send, 1_000, relayed(8_500)),
    ];
    let token = found(events, 0).median.expect("one");
    let expected = [
        (PathKind::OtherWork, "loop", 500),
        (PathKind::User, "loop", 500),
        (PathKind::Gc, "loop", 7_900),
        (PathKind::Preempted, "loop", 100),
    ];
    assert_eq!(lengths(&token.parts), expected);
    assert!(
        token
            .text
            .starts_with("9.00 µs: 7.90 µs behind a collection ("),
        "{}",
        token.text
    );
}

#[test]
fn blames_a_collection_whose_helper_wakes_the_loop() {
    let events = vec![
        event(1_200, LOOP, EventKind::Receive, 1_000, 0),
        event(1_300, LOOP, EventKind::Enter, FUTEX, 0),
        event(1_300, HELPER, EventKind::Waking, LOOP.into(), WAKER_THREAD),
        event(1_400, LOOP, EventKind::Switch, HELPER.into(), 1),
        event(7_900, HELPER, EventKind::Enter, FUTEX, 0),
        event(8_000, LOOP, EventKind::Waking, HELPER.into(), WAKER_THREAD),
        event(8_000, HELPER, EventKind::Switch, LOOP.into(), 1),
        event(8_100, LOOP, EventKind::Exit, FUTEX, 0),
        event(9_000, LOOP, EventKind::Send, 1_000, relayed(200)),
    ];
    let token = found(events, 0).median.expect("one");
    let expected = [
        (PathKind::OtherWork, "loop", 200),
        (PathKind::User, "loop", 1_000),
        (PathKind::Syscall, "loop", 200),
        (PathKind::Gc, "loop", 6_600),
    ];
    assert_eq!(lengths(&token.parts), expected);
    assert_eq!(token.lanes.len(), 1);
}

#[test]
fn keeps_tokens_above_the_threshold_only() {
    assert_eq!(found(handed_over(), 1_999).slowest.len(), 1);
    let tokens = found(handed_over(), 2_000);
    assert_eq!((tokens.count, tokens.slow, tokens.slowest.len()), (1, 0, 0));
    assert!(found(Vec::new(), 0).is_empty());
}
