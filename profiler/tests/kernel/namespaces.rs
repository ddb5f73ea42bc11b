//! PID namespaces, as containers have them: from the inside and from the host.

use crate::support::{Guard, alone, assert_sound, calls, kontrast, recorder, require_privilege};
use recording::Recording;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

const NAMESPACE: [&str; 3] = ["--pid", "--fork", "--mount-proc"];

/// Records a behaviour with a recorder inside a PID namespace, where both have other ids than on
/// the host.
fn record_inside(behaviour: &[&str], extra: &[&str]) -> Recording {
    require_privilege();
    let _alone = alone();
    let dir = tempfile::tempdir().expect("a temporary directory");
    let out = dir.path().join("out");
    let mut command = Command::new("unshare");
    command.args(NAMESPACE).arg(kontrast().get_program());
    command.args(["record", "--out"]).arg(&out).args(extra);
    command.arg("--").arg(env!("CARGO_BIN_EXE_kontrast-known"));
    let mut recorder = Guard::start(command.args(behaviour));
    let id: u32 = recorder.line().parse().expect("the id of the process");
    assert!(id < 100, "{id}: not the id on the host");
    recorder.say("go");
    assert_eq!(recorder.line(), "done");
    let status = recorder.end();
    assert!(matches!(status.code(), Some(0 | 3)), "{status}");
    recording::io::load_recording(&out).expect("a recording")
}

#[test]
fn records_inside_a_pid_namespace() {
    for hooks in [&[][..], &["--raw-tracepoints"]] {
        let recording = record_inside(&["sleep", "100"], hooks);
        assert_sound(&recording);
        assert_eq!(calls(&recording, "clock_nanosleep"), 100);
        assert_eq!(recording.threads.len(), 1, "{:#?}", recording.threads);
        assert!(recording.target.pid < 100);
        let on_cpu = recording.process.on_cpu_ns;
        assert!(on_cpu > 0 && on_cpu < recording.window.duration_ns);
    }
}

#[test]
fn keeps_ended_threads_and_processes_inside_a_pid_namespace() {
    let recording = record_inside(&["threads", "50"], &[]);
    assert_sound(&recording);
    let ended = recording.threads.iter().filter(|thread| {
        thread.started_ns.is_some() && thread.exited_ns.is_some() && thread.on_cpu_ns > 0
    });
    assert_eq!(ended.count(), 50);
    let recording = record_inside(&["forks", "50"], &[]);
    assert_sound(&recording);
    assert_eq!(recording.processes.len(), 51);
    assert_eq!(calls(&recording, "wait4"), 50);
}

/// Returns the child of a process.
fn child_of(parent: u32) -> Option<u32> {
    let path = format!("/proc/{parent}/task/{parent}/children");
    let children = std::fs::read_to_string(path).expect("the parent lives");
    children.split_whitespace().next()?.parse().ok()
}

#[test]
fn records_a_process_of_a_pid_namespace_from_the_host() {
    require_privilege();
    let _alone = alone();
    let dir = tempfile::tempdir().expect("a temporary directory");
    let mut command = Command::new("unshare");
    command
        .args(NAMESPACE)
        .arg(env!("CARGO_BIN_EXE_kontrast-known"));
    let mut known = Guard::start(command.args(["sleep", "100"]));
    assert_eq!(known.line(), "1", "its id in the namespace");
    let deadline = Instant::now() + Duration::from_secs(10);
    let pid = loop {
        if let Some(pid) = child_of(known.child.id()) {
            break pid;
        }
        assert!(Instant::now() < deadline, "no child");
    };
    let out = dir.path().join("out");
    let mut recorder = recorder(&pid.to_string(), &out, &[]);
    known.say("go");
    assert_eq!(known.line(), "done");
    recorder.end();
    let recording = recording::io::load_recording(&out).expect("a recording");
    assert_sound(&recording);
    assert_eq!(calls(&recording, "clock_nanosleep"), 100);
    assert_eq!(recording.target.pid, pid);
    let name = Path::new(&recording.target.arm);
    assert_eq!(name, Path::new("kontrast-known"));
}
