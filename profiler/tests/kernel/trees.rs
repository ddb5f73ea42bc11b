//! Processes of the target that end, or begin, while others go on.

use crate::support::{
    Guard, alone, assert_sound, calls, known, record_with, recorder, require_privilege,
};
use recording::Recording;

/// Records two processes by their ids, the first of which ends while the second sleeps on.
fn record_two(mode: &str) -> Recording {
    require_privilege();
    let _alone = alone();
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (mut first, mut second) = (known(&["touch", "500"]), known(&["sleep", "150"]));
    let (first_pid, second_pid) = (first.line(), second.line());
    let out = dir.path().join("out");
    let more = ["--pid", &second_pid, "--probes", mode];
    let mut recorder = recorder(&first_pid, &out, &more);
    first.say("go");
    assert_eq!(first.line(), "done");
    first.end();
    second.say("go");
    assert_eq!(second.line(), "done");
    assert!(
        recorder
            .child
            .try_wait()
            .expect("it can be asked")
            .is_none()
    );
    second.end();
    let status = recorder.child.wait().expect("it ends by itself");
    assert!(matches!(status.code(), Some(0 | 3)), "{status}");
    recording::io::load_recording(&out).expect("a recording")
}

#[test]
fn records_on_until_the_last_process_has_ended() {
    let recording = record_two("all");
    assert_sound(&recording);
    assert_eq!(calls(&recording, "clock_nanosleep"), 150);
    // The accounting of the first is kept from its end.
    assert!(recording.faults.minor >= 500, "{:?}", recording.faults);
    let clock = recording.process.cpu_clock_ns.expect("kept from its end");
    let tracked = recording.process.on_cpu_ns;
    let apart = tracked.abs_diff(clock);
    assert!(apart <= clock / 10 + 8_000_000, "{tracked} {clock}");
    assert!(
        recording
            .processes
            .iter()
            .all(|process| process.exited_ns.is_some())
    );
}

#[test]
fn records_on_in_every_mode() {
    let counters = record_two("counters");
    assert_sound(&counters);
    assert_eq!(counters.threads.len(), 2);
    assert!(counters.process.cpu_clock_ns.is_some_and(|clock| clock > 0));
    assert!(counters.process.voluntary_switches >= 150);
    let none = record_two("none");
    assert!(none.window.duration_ns >= 150_000_000);
}

#[test]
fn follows_later_forks_in_mode_counters() {
    let recording = record_with(&["forks", "50"], &["--probes", "counters"], |_| ());
    assert_sound(&recording);
    assert_eq!(
        (recording.processes.len(), recording.threads.len()),
        (51, 51)
    );
    assert!(
        recording
            .process
            .cpu_clock_ns
            .is_some_and(|clock| clock > 0)
    );
    let child = &recording.processes[1];
    assert_eq!(child.ppid, Some(recording.target.pid));
    assert!(child.on_cpu_ns > 0, "{child:?}");
}

#[test]
fn follows_later_forks_without_programs() {
    let recording = record_with(&["fork-compute", "2500"], &["--probes", "none"], |_| ());
    // It is found within a second, and its clock has all of its time.
    let on_cpu = recording.process.on_cpu_ns;
    assert!(on_cpu > 500_000_000, "{on_cpu}");
    assert_eq!(recording.target.other_pids.len(), 1);
    let alone = record_with(
        &["fork-compute", "1500"],
        &["--probes", "none", "--no-tree"],
        |_| (),
    );
    assert!(alone.process.on_cpu_ns < 500_000_000, "{:?}", alone.process);
}

/// Starts a process with the id of one that has ended.
fn known_with_id(id: &str, behaviour: &[&str]) -> Guard {
    const LAST: &str = "/proc/sys/kernel/ns_last_pid";
    let before = id.parse::<u32>().expect("a number") - 1;
    // Another process of the host may take the id's place, so that it takes a few turns.
    for _ in 0..1_000 {
        std::fs::write(LAST, before.to_string()).expect("root may choose");
        let mut process = known(behaviour);
        if process.line() == id {
            return process;
        }
    }
    panic!("another process has the id {id}");
}

#[test]
fn leaves_out_a_process_that_takes_the_id_of_an_ended_one() {
    require_privilege();
    let _alone = alone();
    for tree in [&[][..], &["--no-tree"]] {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let (mut first, mut second) = (known(&["touch", "500"]), known(&["sleep", "100"]));
        let (first_pid, second_pid) = (first.line(), second.line());
        let out = dir.path().join("out");
        let more = [&["--pid", &second_pid], tree].concat();
        let mut recorder = recorder(&first_pid, &out, &more);
        first.say("go");
        assert_eq!(first.line(), "done");
        first.end();
        let mut other = known_with_id(&first_pid, &["burn", "500"]);
        other.say("go");
        assert_eq!(other.line(), "done");
        other.end();
        second.say("go");
        assert_eq!(second.line(), "done");
        recorder.end();
        let recording = recording::io::load_recording(&out).expect("a recording");
        assert_sound(&recording);
        assert_eq!(recording.threads.len(), 2, "{:#?}", recording.threads);
        let on_cpu = recording.process.on_cpu_ns;
        assert!(on_cpu < 250_000_000, "{on_cpu}");
    }
}
