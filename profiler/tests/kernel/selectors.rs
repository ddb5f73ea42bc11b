//! Processes selected by cgroup, port or name.

use crate::support::{
    Guard, alone, assert_sound, calls, cgroups, known, kontrast, require_privilege, unified_cgroups,
};
use recording::Recording;
use recording::process::CpuPoint;
use recording::vocabulary::ProbeGroup;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A cgroup that is removed at the end, with a group inside it.
struct Group(PathBuf);

impl Group {
    fn new(name: &str) -> Self {
        Self::below(&cgroups().0, name)
    }

    fn below(root: &Path, name: &str) -> Self {
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
        assert_eq!(calls(&recording, "clock_nanosleep"), 2100);
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

/// Returns the on-CPU time of a process.
fn on_cpu_of(recording: &Recording, pid: &str) -> u64 {
    let mut processes = recording.processes.iter();
    let found = processes.find(|process| process.pid.to_string() == pid);
    found.map_or(0, |process| process.on_cpu_ns)
}

#[test]
fn records_processes_from_the_moment_that_they_join() {
    const LENGTH: u64 = 50_000_000;
    require_privilege();
    let _alone = alone();
    let name = format!("kontrast-at-once-{}", std::process::id());
    for (root, hooks) in [
        (cgroups().0, &[][..]),
        (unified_cgroups(), &["--raw-tracepoints"]),
    ] {
        let group = Group::below(&root, &name);
        let path = group.0.display().to_string();
        let mut inside = known(&["sleep", "1"]);
        group.add("", &inside.line());
        // The last joins a group that is made while the recording runs.
        let (groups, later) = (["", "inner", "later"], group.0.join("later"));
        let mut pids = Vec::new();
        let options = [&["--cgroup", &path, "--no-tree"], hooks].concat();
        let recording = record_selected(&options, || {
            fs::create_dir(&later).expect("root may make a cgroup");
            for to in groups {
                let mut joiner = known(&["burn", "50"]);
                let pid = joiner.line();
                group.add(to, &pid);
                joiner.say("go");
                assert_eq!(joiner.line(), "done");
                joiner.end();
                pids.push(pid);
            }
        });
        inside.end();
        fs::remove_dir(&later).expect("nothing is in it");
        assert_sound(&recording);
        for pid in &pids {
            let on_cpu = on_cpu_of(&recording, pid);
            assert!(on_cpu > LENGTH / 2, "{root:?} {on_cpu}: {recording:#?}");
        }
        let mut groups = recording.observer.probe_groups.iter();
        let joins = groups.find(|group| group.group == ProbeGroup::CgroupJoins);
        let expected = if hooks.is_empty() { "tp_btf" } else { "raw_tp" };
        assert_eq!(joins.map(|group| &*group.source), Some(expected));
    }
}

#[test]
fn records_processes_that_are_forked_into_a_cgroup() {
    require_privilege();
    let _alone = alone();
    let name = format!("kontrast-forked-into-{}", std::process::id());
    let group = Group::below(&unified_cgroups(), &name);
    let path = group.0.display().to_string();
    let inner = group.0.join("inner").display().to_string();
    let (mut inside, mut outside) = (known(&["sleep", "1"]), known(&["fork-into", &inner, "50"]));
    group.add("", &inside.line());
    let outside_pid = outside.line();
    let recording = record_selected(&["--cgroup", &path, "--no-tree"], || {
        outside.say("go");
        assert_eq!(outside.line(), "done");
    });
    inside.end();
    outside.end();
    assert_sound(&recording);
    assert_eq!(recording.processes.len(), 2, "{:#?}", recording.processes);
    let child = &recording.processes[1];
    assert_eq!(child.ppid.map(|pid| pid.to_string()), Some(outside_pid));
    assert!(child.on_cpu_ns > 25_000_000, "{child:?}");
}

#[test]
fn leaves_out_processes_of_its_own_that_join() {
    require_privilege();
    let _alone = alone();
    let group = Group::new(&format!("kontrast-own-{}", std::process::id()));
    let path = group.0.display().to_string();
    let mut inside = known(&["sleep", "1"]);
    group.add("", &inside.line());
    let load =
        format!("echo $$ > {path}/cgroup.procs; for i in 1 2 3 4 5; do true; sleep 0.05; done");
    let dir = tempfile::tempdir().expect("a temporary directory");
    let out = dir.path().join("out");
    let mut command = kontrast();
    command.args([
        "record",
        "--cgroup",
        &path,
        "--load-command",
        &load,
        "--out",
    ]);
    let status = command.arg(&out).status().expect("it runs");
    assert!(matches!(status.code(), Some(0 | 3)), "{status}");
    let recording = recording::io::load_recording(&out).expect("a recording");
    inside.end();
    assert_eq!(recording.processes.len(), 1, "{:#?}", recording.processes);
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
