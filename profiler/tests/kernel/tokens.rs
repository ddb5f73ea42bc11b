//! The path of single tokens, and requests in flight, of servers whose threads are known.

use crate::support::{assert_sound, record_with};
use recording::Recording;
use recording::requests::ThreadStates;
use recording::tokens::Token;
use recording::vocabulary::PathKind;

/// Tokens of each client.
const TOKENS: u64 = 10;
/// Keeps the slowest of all tokens.
const ALL: [&str; 3] = ["--no-tree", "--slow", "proxy_latency>0s"];

fn record(behaviour: &str, runtime: &str) -> Recording {
    let behaviour = [behaviour, &TOKENS.to_string()];
    let extra = [&ALL[..], &["--runtime", runtime]].concat();
    let recording = record_with(&behaviour, &extra, |_| ());
    assert_sound(&recording);
    recording
}

/// Returns the time of a token in a system call, asleep or not, and in the run queue: on a busy
/// machine the thread of a sleeping call waits there too.
fn time_in(token: &Token, syscall: &str) -> f64 {
    let parts = token.parts.iter();
    let within = parts.filter(|part| part.kind == PathKind::RunQueue || part.syscall == syscall);
    within.map(|part| part.ns).sum()
}

#[test]
fn follows_each_token_through_the_threads_that_have_it() {
    let recording = record("relay", "bun");
    let tokens = &recording.tokens;
    assert_eq!((tokens.count, tokens.slow), (TOKENS, TOKENS));
    assert_eq!(tokens.slowest.len() as u64, TOKENS);
    for token in &tokens.slowest {
        let parts: f64 = token.parts.iter().map(|part| part.ns).sum();
        assert!((parts - token.latency_ns as f64).abs() < 1.0, "{token:#?}");
        // The loop sleeps a millisecond before it sends.
        assert!(
            time_in(token, "clock_nanosleep") >= 1_000_000.0,
            "{token:#?}"
        );
    }
    // One thread receives and wakes the loop, which sends.
    let median = tokens.median.as_ref().expect("there are tokens");
    let [receiver, sender] = &median.lanes[..] else {
        panic!("two threads: {median:#?}")
    };
    assert_eq!(
        (receiver.had[0], sender.had[1]),
        (0, median.latency_ns),
        "{median:#?}"
    );
    assert_eq!(receiver.had[1], sender.had[0]);
    assert_eq!(sender.tid, recording.target.pid);
}

#[test]
fn distinguishes_blocked_from_idle_time_of_each_thread() {
    let recording = record("pool", "cpp");
    let requests = &recording.requests;
    for states in &requests.threads {
        assert_agrees(&recording, states);
    }
    // A thread sends to each client: it waits 40 ms before each send to the one, and 4 before each
    // to the other. Between its first and its last send it serves the request.
    let least = |pause_ms: u64| (TOKENS - 1) * pause_ms * 1_000_000;
    let blocked = |states: &ThreadStates| states.in_request.asleep_ns;
    let longest = requests.threads.iter().map(blocked).max();
    assert!(longest >= Some(least(40)), "{requests:#?}");
    let waited = requests
        .threads
        .iter()
        .filter(|states| blocked(states) >= least(4));
    assert!(waited.count() >= 2, "{requests:#?}");
    // The main thread reads both requests and then waits for its threads, which is no request.
    let main =
        |states: &&ThreadStates| recording.threads[states.thread].tid == recording.target.pid;
    let main = requests.threads.iter().find(main).expect("it has events");
    assert!(main.outside.asleep_ns >= least(40), "{main:#?}");
}

/// Asserts that the states of a thread agree with its times, which programs measured at each
/// switch.
fn assert_agrees(recording: &Recording, states: &ThreadStates) {
    const TOLERANCE_NS: u64 = 2_000_000;
    let thread = &recording.threads[states.thread];
    let sum = |time: fn(&recording::requests::StateTimes) -> u64| {
        time(&states.in_request) + time(&states.outside)
    };
    let pairs = [
        (sum(|times| times.asleep_ns), thread.off_cpu_ns),
        (
            sum(|times| times.run_queue_ns + times.preempted_ns + times.throttled_ns),
            thread.run_queue_ns + thread.throttled_ns,
        ),
        (
            sum(|times| times.on_cpu_ns + times.gc_ns + times.stolen_ns),
            thread.seen_on_cpu_ns(),
        ),
    ];
    for (found, measured) in pairs {
        assert!(
            found.abs_diff(measured) <= TOLERANCE_NS,
            "{found} against {measured}: {states:#?} {thread:#?}"
        );
    }
}
