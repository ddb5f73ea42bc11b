//! Failures of recordings: each has a clear error and loses no data.

use crate::support::{alone, known, kontrast, record_to_the_end, recorder, require_privilege};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use recording::Ended;
use std::fs;
use std::process::Stdio;

fn refusal(arguments: &[&str]) -> (Option<i32>, String) {
    let output = kontrast()
        .arg("record")
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .expect("it runs");
    (
        output.status.code(),
        String::from_utf8(output.stderr).expect("text"),
    )
}

#[test]
fn rejects_a_process_that_does_not_exist() {
    let (code, message) = refusal(&["--pid", "2147483647"]);
    assert_eq!(code, Some(1));
    assert!(
        message.contains("there is no process 2147483647"),
        "{message}"
    );
}

#[test]
fn rejects_wrong_usage() {
    assert_eq!(refusal(&[]).0, Some(2));
    assert_eq!(refusal(&["--pid", "one"]).0, Some(2));
    assert_eq!(refusal(&["--pid", "1", "--duration", "soon"]).0, Some(2));
}

#[test]
fn rejects_a_directory_that_is_not_empty() {
    require_privilege();
    let _alone = alone();
    let dir = tempfile::tempdir().expect("a temporary directory");
    fs::write(dir.path().join("precious"), "data").expect("written");
    let out = dir.path().to_str().expect("text");
    let (code, message) = refusal(&["--out", out, "--", "true"]);
    assert_eq!(code, Some(1));
    assert!(message.contains("is not empty"), "{message}");
    assert_eq!(
        fs::read_to_string(dir.path().join("precious")).expect("still there"),
        "data"
    );
}

#[test]
fn reports_a_command_that_does_not_exist() {
    require_privilege();
    let _alone = alone();
    let dir = tempfile::tempdir().expect("a temporary directory");
    let out = dir.path().join("out");
    let (_, message) = refusal(&[
        "--out",
        out.to_str().expect("text"),
        "--",
        "/no/such/command",
    ]);
    assert!(message.contains("/no/such/command"), "{message}");
}

#[test]
fn records_the_whole_of_a_short_command() {
    require_privilege();
    let _alone = alone();
    let dir = tempfile::tempdir().expect("a temporary directory");
    let out = dir.path().join("out");
    let (code, message) = refusal(&["--out", out.to_str().expect("text"), "--", "true"]);
    assert!(matches!(code, Some(0 | 3)), "{message}");
    let recording = recording::io::load_recording(&out).expect("a recording");
    assert_eq!(recording.window.ended, Ended::TargetExited);
    assert!(
        recording.syscalls.iter().any(|call| call.name == "execve"),
        "{:?}",
        recording.syscalls
    );
}

#[test]
fn marks_a_recording_whose_target_ended() {
    let recording = record_to_the_end(&["sleep", "20"], &[]);
    assert!(recording.is_partial());
    assert_eq!(crate::support::calls(&recording, "clock_nanosleep"), 20);
}

#[test]
fn marks_a_recording_that_was_interrupted() {
    require_privilege();
    let _alone = alone();
    let dir = tempfile::tempdir().expect("a temporary directory");
    let out = dir.path().join("out");
    let mut target = known(&["sleep", "1"]);
    let pid = target.line();
    let mut recorder = recorder(&pid, &out, &[]);
    kill(
        Pid::from_raw(recorder.child.id().cast_signed()),
        Signal::SIGINT,
    )
    .expect("it is there");
    let status = recorder.child.wait().expect("it ends");
    assert!(matches!(status.code(), Some(0 | 3)), "{status}");
    let recording = recording::io::load_recording(&out).expect("a recording");
    assert_eq!(recording.window.ended, Ended::Interrupted);
    assert!(!out.join("recording.partial").exists());
}
