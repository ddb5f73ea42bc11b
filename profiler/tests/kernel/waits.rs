//! Off-CPU stacks: where threads sleep, for how long, and who ends that.

use crate::support::record_with;
use recording::Recording;
use recording::process::WakeSource;
use recording::vocabulary::WaitKind;
use recording::waits::Wait;

/// Times that the known programs wait.
const TIMES: u64 = 8;
/// Shortest length of their waits, ns.
const LENGTH_NS: u64 = 60_000_000;

/// Asserts that the kept waits stand for the time of all waits, and that no event was lost.
fn assert_sampled(recording: &Recording) {
    let mut checks = recording.checks.iter();
    let check = checks.find(|check| check.name == "off_cpu_samples");
    assert!(check.is_some_and(|check| check.ok), "{check:?}");
    assert_eq!(recording.observer.lost_events, 0);
}

fn has(recording: &Recording, node: Option<usize>, part: &str) -> bool {
    let mut frames = recording.waits.stacks.frames_of(node);
    frames.any(|frame| frame.function.contains(part))
}

/// Whether a thread of the target other than the sleeper ended the wait.
fn is_by_another(wait: &Wait) -> bool {
    matches!(wait.waker, WakeSource::Thread(waker) if waker != wait.thread)
}

/// Asserts that the waits that `fits` selects are all of the planted ones, with their length.
fn assert_planted(recording: &Recording, fits: impl Fn(&Wait) -> bool) {
    let waits = &recording.waits.rows;
    let found: Vec<&Wait> = waits.iter().filter(|wait| fits(wait)).collect();
    let (count, ns) = found.iter().fold((0, 0), |(count, ns), wait| {
        (count + wait.count, ns + wait.off_cpu_ns)
    });
    assert_eq!(count, TIMES, "{waits:#?}");
    assert!(ns >= TIMES * LENGTH_NS, "{ns} ns: {found:#?}");
}

#[test]
fn names_the_lock_that_a_thread_waits_for_and_its_holder() {
    let planted = ["locks", &TIMES.to_string(), "60"];
    let recording = record_with(&planted, &["--off-cpu-stacks", "on"], |_| ());
    assert_sampled(&recording);
    assert_planted(&recording, |wait| {
        wait.kind == WaitKind::Lock
            && has(&recording, wait.node, "lock_contended")
            && has(&recording, wait.node, "futex_wait")
            && has(&recording, wait.waker_node, "unlock")
            && is_by_another(wait)
            && wait.futex.is_some()
            // The channel between them has a lock too, which is held for microseconds.
            && wait.off_cpu_ns >= wait.count * LENGTH_NS
    });
}

#[test]
fn names_the_holder_of_a_lock_that_is_waited_for_in_turns() {
    // Two turns that a limit ends, and one that the holder ends.
    let planted = ["limited-locks", &TIMES.to_string(), "60"];
    let recording = record_with(&planted, &["--off-cpu-stacks", "on"], |_| ());
    assert_sampled(&recording);
    let waits = &recording.waits;
    let in_turns = |wait: &&Wait| {
        let is_planted = has(&recording, wait.node, "Lock::lock_contended");
        wait.kind == WaitKind::Lock && is_planted && wait.kept > 0
    };
    let turns = waits.rows.iter().filter(in_turns);
    let (limited, last): (Vec<&Wait>, Vec<&Wait>) =
        turns.partition(|wait| wait.waker == WakeSource::Timer);
    let ended: u64 = last.iter().map(|wait| wait.count).sum();
    assert!(!limited.is_empty(), "{:#?}", waits.rows);
    assert_eq!(ended, TIMES, "{last:#?}");
    for wait in limited {
        let next = waits.last(wait);
        assert!(
            wait.resumed.is_some() && is_by_another(next) && next.thread == wait.thread,
            "{wait:#?}"
        );
    }
    let mut edges = waits.edges.iter();
    let edge = edges.find(|edge| edge.kind == WaitKind::Lock).expect("one");
    let WakeSource::Thread(holder) = last[0].waker else {
        panic!("no thread: {:?}", last[0])
    };
    let roles = [last[0].thread, holder].map(|thread| recording.role_of(thread));
    assert_eq!([edge.sleeper.clone(), edge.waker.clone()], roles);
    assert!(edge.off_cpu_ns >= TIMES * LENGTH_NS, "{edge:?}");
}

#[test]
fn names_the_pipe_that_a_thread_waits_for_and_its_writer() {
    let planted = ["passes", &TIMES.to_string(), "60"];
    let recording = record_with(&planted, &["--off-cpu-stacks", "on"], |_| ());
    assert_sampled(&recording);
    assert_planted(&recording, |wait| {
        wait.kind == WaitKind::HandOff
            && wait.syscall == "read"
            && wait.waker_syscall == "write"
            && has(&recording, wait.node, "pipe_read")
            && is_by_another(wait)
    });
}

#[test]
fn names_the_file_whose_lock_a_thread_waits_for() {
    // A hostile name, which stays as it is.
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("data\u{1b}[31m\n.log");
    std::fs::write(&path, "").expect("a file");
    let path = path.to_str().expect("UTF-8");
    let planted = ["file-locks", &TIMES.to_string(), "60", path];
    let recording = record_with(&planted, &["--off-cpu-stacks", "on"], |_| ());
    assert_sampled(&recording);
    assert_planted(&recording, |wait| {
        wait.kind == WaitKind::File
            && wait.syscall == "flock"
            && wait.file.as_deref() == Some(path)
            && is_by_another(wait)
    });
}

#[test]
fn names_the_peer_whose_answer_a_thread_waits_for() {
    let planted = ["answers", &TIMES.to_string(), "60"];
    let recording = record_with(&planted, &["--off-cpu-stacks", "on"], |_| ());
    assert_sampled(&recording);
    let mut peers = recording.peers.iter();
    let peer = peers.find_map(|peer| {
        peer.address
            .clone()
            .filter(|at| at.starts_with("127.0.0.77:"))
    });
    assert!(peer.is_some(), "{:#?}", recording.peers);
    assert_planted(&recording, |wait| {
        wait.syscall == "read" && wait.peer == peer && wait.file.is_none() && is_by_another(wait)
    });
}

#[test]
fn keeps_no_wait_if_none_is_asked_for() {
    let recording = record_with(&["sleep", "20"], &[], |_| ());
    assert!(recording.waits.is_empty());
    let without = ["--off-cpu-stacks", "on", "--stacks", "none"];
    let recording = record_with(&["sleep", "20"], &without, |_| ());
    assert!(recording.waits.is_empty());
}

#[test]
fn books_sleeps_on_the_time_limit() {
    let recording = record_with(&["sleep", "200"], &["--off-cpu-stacks", "on"], |_| ());
    assert_sampled(&recording);
    let waits = &recording.waits;
    let sleeps = waits.rows.iter().filter(|wait| wait.kept > 0);
    let sleeps: Vec<&Wait> = sleeps
        .filter(|wait| wait.syscall.ends_with("nanosleep"))
        .collect();
    let limit = |wait: &&Wait| wait.waker == WakeSource::Timer;
    assert!(
        !sleeps.is_empty() && sleeps.iter().all(limit),
        "{sleeps:#?}"
    );
}
