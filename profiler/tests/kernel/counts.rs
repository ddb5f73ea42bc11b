//! Counts of processes whose behaviour is known exactly.

use crate::support::{assert_sound, calls, record, record_with};
use recording::vocabulary::ProbeGroup;

#[test]
fn counts_sleeps_and_a_voluntary_switch_for_each() {
    const SLEEPS: u64 = 200;
    let recording = record(&["sleep", "200"]);
    assert_eq!(calls(&recording, "clock_nanosleep"), SLEEPS);
    // The process also waits for the line that starts it, and for the end.
    let switches = recording.process.voluntary_switches;
    assert!((SLEEPS..=SLEEPS + 3).contains(&switches), "{switches}");
    assert!(
        recording.latency["off_cpu"].p50 >= 1_000_000,
        "{:?}",
        recording.latency["off_cpu"].p50
    );
}

#[test]
fn counts_page_faults_of_new_pages() {
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
    assert_eq!(
        classified,
        recording.faults.minor + recording.faults.major,
        "{:?}",
        recording.faults
    );
}

#[test]
fn counts_messages_to_the_byte() {
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
    let handshakes = &recording.latency["connect"];
    assert_eq!(handshakes.count, 1);
    assert!((1..recording.window.duration_ns).contains(&handshakes.max));
    assert_eq!(sockets.send_sizes.count, 2 * MESSAGES);
    // Each message is answered before the next comes.
    assert_eq!(sockets.requests, MESSAGES);
    let last = sockets.series.last().expect("the window's end");
    assert_eq!((last.requests, last.bytes), (MESSAGES, 4 * MESSAGES * SIZE));
}

#[test]
fn counts_accepts_and_named_calls_each_second() {
    const TIMES: u64 = 30;
    for (work, total) in [
        ("connection=kernel:accepts", TIMES),
        ("sleep=syscall:clock_nanosleep", TIMES),
    ] {
        let recording = record_with(&["accepts", "30"], &["--work", work], |_| ());
        assert_sound(&recording);
        let counted = recording.work.expect("a count");
        assert_eq!(counted.count, total, "{work}");
        let points = counted.series;
        // It takes three seconds.
        assert!(points.len() >= 2, "{work}: {points:?}");
        let mut counts = points.iter().map(|point| point.count);
        assert!(counts.clone().is_sorted(), "{work}: {points:?}");
        assert_eq!(counts.next_back(), Some(total), "{work}: {points:?}");
        let end_ns = recording.window.duration_ns;
        assert_eq!(points.last().map(|point| point.t_ns), Some(end_ns));
    }
}

#[test]
fn keeps_ended_threads() {
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
fn counts_computing_as_user_time() {
    let recording = record(&["burn", "500"]);
    let process = &recording.process;
    assert!(
        process.user_ns * 100 >= process.on_cpu_ns * 90,
        "{process:?}"
    );
}

#[test]
fn counts_failures_by_errno() {
    let recording = record(&["fail", "321"]);
    let failed: u64 = recording
        .syscalls
        .iter()
        .filter_map(|call| call.errors.get("EAGAIN"))
        .sum();
    assert_eq!(failed, 321);
}

/// One recording has them all: programs that load costs more than counting on an emulated kernel.
#[test]
fn counts_work_of_all_kinds_at_once() {
    let recording = record(&["all-kinds", "100", "5000", "50", "200", "300"]);
    assert_eq!(calls(&recording, "clock_nanosleep"), 100);
    let switches = recording.process.voluntary_switches;
    assert!(switches >= 100, "{switches}");
    let user = recording.faults.user;
    assert!((5_000..=5_300).contains(&user), "{user}");
    // A wait for the end of a thread may fail with the same error.
    let mut receives = recording.syscalls.iter();
    let receives = receives.find(|call| call.name == "recvfrom");
    assert_eq!(
        receives.and_then(|call| call.errors.get("EAGAIN")),
        Some(&50)
    );
    let sockets = &recording.sockets;
    assert_eq!((sockets.send_calls, sockets.send_bytes), (400, 120_000));
    assert_eq!((sockets.recv_calls, sockets.recv_bytes), (400, 120_000));
    assert_eq!((sockets.accepted, sockets.connected), (1, 2));
    for group in &recording.observer.probe_groups {
        let is_none = group.source == "none";
        assert_eq!(group.programs.is_empty(), is_none, "{group:?}");
    }
}

#[test]
fn counts_the_same_by_raw_tracepoints() {
    let recording = record_with(&["talk", "500", "100"], &["--raw-tracepoints"], |_| ());
    assert_sound(&recording);
    assert_eq!(
        (recording.sockets.send_calls, recording.sockets.send_bytes),
        (1000, 100_000)
    );
    let mut groups = recording.observer.probe_groups.iter();
    let scheduler = groups.find(|group| group.group == ProbeGroup::Scheduler);
    assert_eq!(scheduler.expect("listed").source, "raw_tp");
}

#[test]
fn counts_nagle_delayed_sends() {
    let delayed = |arguments: &[&str], options: &[&str]| {
        let recording = record_with(arguments, options, |_| ());
        assert_sound(&recording);
        assert_eq!(
            recording.sockets.send_calls, 36,
            "requests, and two sends for each"
        );
        recording.sockets.nagle_delayed_sends
    };
    assert_eq!(delayed(&["answer", "12", "0"], &[]), 12);
    assert_eq!(delayed(&["answer", "12", "0"], &["--raw-tracepoints"]), 12);
    assert_eq!(delayed(&["answer", "12", "1"], &[]), 0);
}

#[test]
fn counts_no_receive_for_a_peek() {
    let recording = record(&["peek", "50"]);
    let sockets = &recording.sockets;
    assert_eq!((sockets.recv_calls, sockets.recv_bytes), (50, 50));
}

#[test]
fn names_the_source_of_every_probe_group() {
    let recording = record(&["sleep", "5"]);
    for group in &recording.observer.probe_groups {
        assert!(!group.source.is_empty(), "{group:?}");
        let is_none = group.source == "none";
        assert_eq!(group.programs.is_empty(), is_none, "{group:?}");
    }
}
