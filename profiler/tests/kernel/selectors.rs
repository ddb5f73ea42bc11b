//! Processes selected by cgroup, port or name.

use crate::support::{
    Guard, alone, assert_sound, calls, cgroups, known, kontrast, require_privilege,
};
use recording::Recording;
use recording::process::CpuPoint;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

/// A cgroup that is removed at the end, with a group inside it.
struct Group(PathBuf);

impl Group {
    fn new(name: &str) -> Self {
        let (root, _) = cgroups();
        let folder = root.join(format!("{name}.scope"));
        fs::create_dir_all(folder.join("inner")).expect("root may make a cgroup");
        Group(folder)
    }

    fn add(&self, inside: &str, pid: &str) {
        let file = self.0.join(inside).join("cgroup.procs");
        fs::write(file, pid).expect("it moves");
    }

    fn name(&self) -> String {
        let name = self.0.file_name().expect("it has a name");
        name.to_string_lossy().into_owned()
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // A process that is still in it keeps a group; then the test has failed already.
        let _ = fs::remove_dir(self.0.join("inner"));
        let _ = fs::remove_dir(&self.0);
    }
}

/// Records with these options until `during` is over.
fn record_selected(options: &[&str], during: impl FnOnce()) -> Recording {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let out = dir.path().join("out");
    let mut command = kontrast();
    command
        .args(["record", "--until-stdin-closes", "--out"])
        .arg(&out);
    let mut recorder = Guard::start(command.args(options));
    assert_eq!(recorder.line(), "recording");
    during();
    let status = recorder.end();
    assert!(matches!(status.code(), Some(0 | 3)), "{status}");
    recording::io::load_recording(&out).expect("a recording")
}

#[test]
fn records_processes_of_a_cgroup_and_those_that_join_later() {
    require_privilege();
    let _alone = alone();
    let id = format!("{:08x}{}", std::process::id(), "ab".repeat(28));
    let group = Group::new(&format!("docker-{id}"));
    let path = group.0.display().to_string();
    let unit = group.name();
    let selections = [
        ["--cgroup", &path],
        ["--systemd-unit", &unit],
        ["--container", &id[..12]],
    ];
    for options in selections {
        let (mut inside, mut later) = (known(&["sleep", "100"]), known(&["sleep", "2000"]));
        let (first, second) = (inside.line(), later.line());
        group.add("inner", &first);
        let recording = record_selected(&options, || {
            inside.say("go");
            assert_eq!(inside.line(), "done");
            group.add("", &second);
            later.say("go");
            assert_eq!(later.line(), "done");
        });
        assert_sound(&recording);
        assert_eq!(recording.processes.len(), 2, "{:#?}", recording.processes);
        assert_eq!(recording.target.pid.to_string(), first);
        // The second sleeps for two seconds at least, and is looked for ten times a second.
        let slept = calls(&recording, "clock_nanosleep");
        assert!((101..=2100).contains(&slept), "{slept}");
        let of_second = |pid: u32| pid.to_string() == second;
        let joined = recording
            .threads
            .iter()
            .find(|thread| of_second(thread.pid));
        assert!(joined.expect("it joined").started_ns.is_some());
        let joined = recording
            .processes
            .iter()
            .find(|process| of_second(process.pid));
        assert!(joined.expect("it joined").started_ns.is_some());
        inside.end();
        later.end();
    }
}

/// CPU time, ns, that a process uses before it joins.
const BURNT_NS: u64 = 800_000_000;

#[test]
fn leaves_out_the_cpu_time_before_a_process_joined() {
    require_privilege();
    let _alone = alone();
    let group = Group::new(&format!("kontrast-joined-{}", std::process::id()));
    let path = group.0.display().to_string();
    for mode in ["all", "counters", "none"] {
        let (mut inside, mut later) = (known(&["sleep", "2500"]), known(&["burn", "800"]));
        let (first, second) = (inside.line(), later.line());
        group.add("", &first);
        later.say("go");
        assert_eq!(later.line(), "done");
        let recording = record_selected(&["--probes", mode, "--cgroup", &path], || {
            group.add("inner", &second);
            // Modes other than `all` look for it once a second.
            inside.say("go");
            assert_eq!(inside.line(), "done");
        });
        let others: Vec<String> = recording
            .target
            .other_pids
            .iter()
            .map(u32::to_string)
            .collect();
        assert_eq!(others, [&*second], "{mode}");
        let used = recording.process.on_cpu_ns;
        assert!(used < BURNT_NS / 2, "{mode}: {used}");
        let at_most = |points: &[CpuPoint]| points.iter().map(|point| point.on_cpu_ns).max();
        assert!(
            at_most(&recording.cpu.series) < Some(BURNT_NS / 2),
            "{mode}"
        );
        // It slept since it joined, not since the window began.
        let joined = recording
            .threads
            .iter()
            .find(|thread| thread.pid.to_string() == second);
        let joined = joined.map(|thread| thread.off_cpu_ns < recording.window.duration_ns);
        assert_eq!(joined, (mode != "none").then_some(true), "{mode}");
        inside.end();
        later.end();
    }
}

#[test]
fn records_the_processes_that_have_a_name() {
    require_privilege();
    let _alone = alone();
    let dir = tempfile::tempdir().expect("a temporary directory");
    let program = dir.path().join("known-by-name");
    fs::copy(env!("CARGO_BIN_EXE_kontrast-known"), &program).expect("copied");
    let start = || Guard::start(Command::new(&program).args(["sleep", "50"]));
    let mut processes = [start(), start()];
    let pids = processes.each_mut().map(Guard::line);
    let recording = record_selected(&["--name", "known-by-*"], || {
        for process in &mut processes {
            process.say("go");
            assert_eq!(process.line(), "done");
        }
    });
    assert_sound(&recording);
    assert_eq!(calls(&recording, "clock_nanosleep"), 100);
    let mut found: Vec<String> = recording
        .processes
        .iter()
        .map(|it| it.pid.to_string())
        .collect();
    found.sort_unstable();
    let mut expected = pids.to_vec();
    expected.sort_unstable();
    assert_eq!(found, expected);
}

#[test]
fn records_the_process_that_listens_on_a_port() {
    require_privilege();
    let _alone = alone();
    let mut known = known(&["listen", "50"]);
    let (pid, port) = (known.line(), known.line());
    let recording = record_selected(&["--port", &port], || {
        known.say("go");
        assert_eq!(known.line(), "done");
    });
    assert_sound(&recording);
    assert_eq!(recording.target.pid.to_string(), pid);
    assert_eq!(calls(&recording, "clock_nanosleep"), 50);
}

#[test]
fn rejects_selections_without_a_process() {
    let refusal = |options: &[&str]| {
        let Output { status, stderr, .. } = kontrast()
            .arg("record")
            .args(options)
            .output()
            .expect("it runs");
        (status.code(), String::from_utf8(stderr).expect("text"))
    };
    for (options, part) in [
        (["--cgroup", "/no/such/group"], "no cgroup /no/such/group"),
        (["--systemd-unit", "no-such-4711"], "no-such-4711.service"),
        (["--container", "my-server"], "not a container id"),
        (["--container", "deadbeefdead"], "not running"),
        (["--port", "1"], "no process found that listens"),
        (["--name", "no-such-name-*"], "no process has a name"),
    ] {
        let (code, message) = refusal(&options);
        assert_eq!(code, Some(1), "{options:?}: {message}");
        assert!(message.contains(part), "{options:?}: {message}");
    }
    assert_eq!(refusal(&["--port", "0"]).0, Some(2));
    assert_eq!(refusal(&["--name", "x", "--", "true"]).0, Some(2));
}
