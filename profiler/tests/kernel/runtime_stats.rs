//! What a runtime does, told from the kernel's side: held against processes that do it an exact number of times.

use crate::support::{assert_sound, record, record_with};
use recording::activity::Waits;

fn waits(arguments: &[&str]) -> Waits {
    let recording = record(arguments);
    let mut waiting = recording
        .threads
        .into_iter()
        .filter_map(|thread| thread.waits);
    let waits = waiting.next().expect("a thread that waits for events");
    assert_eq!(waiting.next(), None);
    waits
}

#[test]
fn turns_of_a_loop_are_counted_by_what_they_bring() {
    let waits = waits(&["turns", "400", "70", "30"]);
    assert_eq!((waits.empty, waits.spun), (100, 70));
    // The first wait that returns begins the first tick; the last tick has no end.
    assert_eq!(waits.ticks.count, 499);
    // Each event was there before it was asked for, but nothing is known of the time before the first.
    assert_eq!(waits.late.count, 399);
}

#[test]
fn what_one_thread_receives_is_paired_with_what_another_sends() {
    const TOKENS: u64 = 12;
    let recording = record_with(&["relay", "12"], &["--runtime", "bun"], |_| ());
    assert_sound(&recording);
    let sockets = &recording.sockets;
    // A header before each token causes no send.
    assert_eq!(
        (sockets.recv_calls, sockets.send_calls),
        (2 * TOKENS, TOKENS)
    );
    assert_eq!(
        (sockets.forwards_matched, sockets.forwards_unmatched),
        (TOKENS, 0)
    );
    // Each token waited a millisecond; its header came a hundred before it.
    let forwarding = &recording.latency["forwarding"];
    assert!(
        (1_000_000..100_000_000).contains(&forwarding.p50),
        "{forwarding:?}"
    );
}

#[test]
fn in_a_pool_what_a_connection_brings_is_paired_with_what_its_client_gets() {
    const EACH: u64 = 10;
    let recording = record_with(&["pool", "10"], &["--runtime", "cpp"], |_| ());
    assert_sound(&recording);
    let sockets = &recording.sockets;
    // Each of two clients asked once, and the model was asked for it.
    assert_eq!(
        (sockets.recv_calls, sockets.send_calls),
        (2 * EACH + 2, 2 * EACH + 2)
    );
    assert_eq!(
        (sockets.forwards_matched, sockets.forwards_unmatched),
        (2 * EACH, 0)
    );
    // One client's tokens were held for 4 ms, the other's for 40, and a bucket is 1/16 wide: whatever else runs, none is shorter, and half
    // are as long as that.
    let forwarding = &recording.latency["forwarding"];
    assert!(
        forwarding.min >= 3_700_000 && forwarding.p90 >= 37_000_000,
        "{forwarding:?}"
    );
}

#[test]
fn bursts_of_collector_threads_are_counted() {
    let behaviour = ["bursts", "40"];
    let recording = record_with(&behaviour, &["--runtime", "bun"], |_| ());
    assert_sound(&recording);
    let collector = recording.activity.collector.expect("looked for");
    assert_eq!((collector.wakeups, collector.spans.count), (40, 40));
    let recording = record_with(&behaviour, &[], |_| ());
    assert!(recording.activity.is_empty(), "{:?}", recording.activity);
}
