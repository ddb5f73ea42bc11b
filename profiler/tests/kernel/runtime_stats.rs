//! Runtime activity that the kernel sees, of processes that do it an exact number of times.

use crate::support::{assert_sound, record, record_with};
use recording::runtime_stats::EventLoop;

fn event_loop(arguments: &[&str]) -> EventLoop {
    let recording = record(arguments);
    let threads = recording.threads.into_iter();
    let mut loops = threads.filter_map(|thread| thread.event_loop);
    let found = loops.next().expect("a thread that waits for events");
    assert_eq!(loops.next(), None);
    found
}

#[test]
fn counts_iterations_and_empty_polls() {
    let event_loop = event_loop(&["turns", "400", "70", "30"]);
    assert_eq!((event_loop.empty_polls, event_loop.busy_polls), (100, 70));
    // The first wait that returns begins the first iteration; the last iteration has no end.
    assert_eq!(event_loop.iterations.count, 499);
    // Each event was ready before the wait, but the time before the first is not known.
    assert_eq!(event_loop.lag_bound.count, 399);
}

#[test]
fn pairs_receives_of_one_thread_with_sends_of_another() {
    const TOKENS: u64 = 12;
    let recording = record_with(&["relay", "12"], &["--runtime", "bun", "--no-tree"], |_| ());
    assert_sound(&recording);
    let sockets = &recording.sockets;
    // A header before each token causes no send.
    let calls = (sockets.recv_calls, sockets.send_calls);
    assert_eq!(calls, (2 * TOKENS, TOKENS));
    let relays = (sockets.relays_matched, sockets.relays_unmatched);
    assert_eq!(relays, (TOKENS, 0));
    // Each token waited a millisecond; its header came a hundred before it.
    let latency = &recording.latency["proxy_latency"];
    assert!(
        (1_000_000..100_000_000).contains(&latency.p50),
        "{latency:?}"
    );
}

#[test]
fn pairs_receives_with_sends_by_connection_in_a_pool() {
    const EACH: u64 = 10;
    let recording = record_with(&["pool", "10"], &["--runtime", "cpp", "--no-tree"], |_| ());
    assert_sound(&recording);
    let sockets = &recording.sockets;
    // Each of two clients sent one request, which was sent on to the model.
    let calls = (sockets.recv_calls, sockets.send_calls);
    assert_eq!(calls, (2 * EACH + 2, 2 * EACH + 2));
    let relays = (sockets.relays_matched, sockets.relays_unmatched);
    assert_eq!(relays, (2 * EACH, 0));
    // Several sends answer one request.
    assert_eq!(sockets.requests, 2);
    // One client's tokens were held for 4 ms, the other's for 40; a bucket is 1/16 wide. However
    // busy the machine is, none is shorter, and half of them are at least 40 ms long.
    let latency = &recording.latency["proxy_latency"];
    assert!(
        latency.min >= 3_700_000 && latency.p90 >= 37_000_000,
        "{latency:?}"
    );
}

#[test]
fn counts_bursts_of_gc_threads_where_they_have_a_name() {
    let behaviour = ["bursts", "40"];
    let recording = record_with(&behaviour, &["--runtime", "bun"], |_| ());
    assert_sound(&recording);
    let bursts = recording.runtime_stats.gc_bursts.expect("visible");
    assert_eq!((bursts.wakeups, bursts.spans.count), (40, 40));
    let recording = record_with(&behaviour, &[], |_| ());
    let stats = &recording.runtime_stats;
    assert!(stats.is_empty(), "{stats:?}");
}
