//! The recorder against processes whose behaviour is known exactly.

use crate::support::{assert_sound, calls, record, record_with};

#[test]
fn sleeps_are_counted_and_each_is_a_voluntary_switch() {
    const SLEEPS: u64 = 200;
    let recording = record(&["sleep", "200"]);
    assert_eq!(calls(&recording, "clock_nanosleep"), SLEEPS);
    // Besides: waiting for the line that starts it, and for the end.
    let switches = recording.process.voluntary_switches;
    assert!((SLEEPS..=SLEEPS + 3).contains(&switches), "{switches}");
    assert!(
        recording.latency["off_cpu"].p50 >= 1_000_000,
        "{:?}",
        recording.latency["off_cpu"].p50
    );
}

#[test]
fn new_pages_are_counted() {
    const PAGES: u64 = 5000;
    let recording = record(&["touch", "5000"]);
    let user = recording.faults.user;
    assert!((PAGES..=PAGES + PAGES / 100).contains(&user), "{user}");
    let classified: u64 = recording
        .faults
        .regions
        .iter()
        .map(|region| region.count)
        .sum();
    assert_eq!(classified, recording.faults.minor + recording.faults.major);
}

#[test]
fn messages_are_counted_to_the_byte() {
    const MESSAGES: u64 = 1000;
    const SIZE: u64 = 300;
    let recording = record(&["talk", "1000", "300"]);
    let sockets = &recording.sockets;
    assert_eq!(
        (sockets.send_calls, sockets.send_bytes),
        (2 * MESSAGES, 2 * MESSAGES * SIZE)
    );
    assert_eq!(
        (sockets.recv_calls, sockets.recv_bytes),
        (2 * MESSAGES, 2 * MESSAGES * SIZE)
    );
    assert_eq!(
        (sockets.accepted, sockets.connected, sockets.retransmits),
        (1, 1, 0)
    );
    assert_eq!(sockets.send_sizes.count, 2 * MESSAGES);
}

#[test]
fn threads_that_come_and_go_stay_in_the_list() {
    let recording = record(&["threads", "50"]);
    let ended = recording
        .threads
        .iter()
        .filter(|thread| thread.started_ns.is_some() && thread.exited_ns.is_some());
    assert_eq!(ended.count(), 50);
    assert!(
        recording
            .threads
            .iter()
            .all(|thread| thread.exited_ns >= thread.started_ns)
    );
}

#[test]
fn computing_is_user_time() {
    let recording = record(&["burn", "500"]);
    let process = &recording.process;
    assert!(
        process.user_ns * 100 >= process.on_cpu_ns * 90,
        "{process:?}"
    );
}

#[test]
fn failures_are_counted_by_their_error() {
    let recording = record(&["fail", "321"]);
    let failed: u64 = recording
        .syscalls
        .iter()
        .filter_map(|call| call.errors.get("EAGAIN"))
        .sum();
    assert_eq!(failed, 321);
}

#[test]
fn raw_tracepoints_count_the_same() {
    let recording = record_with(&["talk", "500", "100"], &["--raw-tracepoints"], |_| ());
    assert_sound(&recording);
    assert_eq!(
        (recording.sockets.send_calls, recording.sockets.send_bytes),
        (1000, 100_000)
    );
    let signal = recording
        .observer
        .signals
        .iter()
        .find(|signal| signal.signal == "scheduler")
        .expect("listed");
    assert_eq!(signal.source, "raw_tp");
}

#[test]
fn small_sends_that_wait_for_the_client_are_counted() {
    let held = |arguments: &[&str], options: &[&str]| {
        let recording = record_with(arguments, options, |_| ());
        assert_sound(&recording);
        assert_eq!(
            recording.sockets.send_calls, 36,
            "questions, and two sends for each"
        );
        recording.sockets.held_sends
    };
    assert_eq!(held(&["answer", "12", "0"], &[]), 12);
    assert_eq!(held(&["answer", "12", "0"], &["--raw-tracepoints"]), 12);
    assert_eq!(held(&["answer", "12", "1"], &[]), 0);
}

#[test]
fn what_is_only_looked_at_is_not_received() {
    let recording = record(&["peek", "50"]);
    let sockets = &recording.sockets;
    assert_eq!((sockets.recv_calls, sockets.recv_bytes), (50, 50));
}

#[test]
fn every_signal_names_its_source() {
    let recording = record(&["sleep", "5"]);
    for signal in &recording.observer.signals {
        assert!(!signal.source.is_empty(), "{signal:?}");
        assert_eq!(
            signal.programs.is_empty(),
            signal.source == "none",
            "{signal:?}"
        );
    }
}
