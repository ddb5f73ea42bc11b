//! A process of the target ends, and the kernel gives its id to another process.

use crate::support::{Guard, alone, assert_counts, calls, known, recorder, require_privilege};
use std::fs;

/// The id that the kernel gave last. The next process gets the one above.
const LAST: &str = "/proc/sys/kernel/ns_last_pid";

/// Starts a process of known behaviour with an id that is free. Another process may take it first.
fn known_as(pid: u32, behaviour: &[&str]) -> Guard {
    for _ in 0..10_000 {
        fs::write(LAST, (pid - 1).to_string()).expect("writable by root");
        let started = known(behaviour);
        if started.child.id() == pid {
            return started;
        }
    }
    panic!("process {pid} could not be started");
}

#[test]
fn counts_nothing_of_a_process_with_a_reused_id() {
    const OF_FIRST: u64 = 30;
    const OF_SECOND: u64 = 7;
    require_privilege();
    let _alone = alone();
    let dir = tempfile::tempdir().expect("a temporary directory");
    let out = dir.path().join("out");
    let mut first = known(&["sleep", &OF_FIRST.to_string()]);
    let mut second = known(&["sleep", &OF_SECOND.to_string()]);
    let (pid, reused) = (first.line(), second.line());
    let mut recorder = recorder(&pid, &out, &["--pid", &reused]);
    second.say("go");
    assert_eq!(second.line(), "done");
    second.end();
    // Longer than a second, so that each of the recorder's readings of /proc comes by.
    let reused = reused.parse().expect("a number");
    let mut other = known_as(reused, &["sleep", "1500"]);
    assert_eq!(other.line(), reused.to_string());
    other.say("go");
    assert_eq!(other.line(), "done");
    first.say("go");
    assert_eq!(first.line(), "done");
    assert!(matches!(recorder.end().code(), Some(0 | 3)));
    let recording = recording::io::load_recording(&out).expect("a recording");
    assert_counts(&recording);
    assert_eq!(calls(&recording, "clock_nanosleep"), OF_FIRST + OF_SECOND);
    let mut ids: Vec<u32> = recording
        .processes
        .iter()
        .map(|process| process.pid)
        .collect();
    ids.sort_unstable();
    let mut expected = vec![pid.parse().expect("a number"), reused];
    expected.sort_unstable();
    assert_eq!(ids, expected);
    let ended = recording
        .processes
        .iter()
        .find(|process| process.pid == reused);
    assert!(ended.expect("listed").exited_ns.is_some(), "{ended:?}");
    assert_eq!(recording.threads.len(), 2);
}
