//! Records processes of known behaviour.

use recording::Recording;
use recording::observer::Check;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

/// A child process that is killed when the test ends.
pub struct Guard {
    pub child: Child,
    pub stdin: Option<ChildStdin>,
    pub stdout: BufReader<ChildStdout>,
}

impl Guard {
    pub fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let stdout = BufReader::new(child.stdout.take().expect("piped"));
        Guard {
            stdin: child.stdin.take(),
            stdout,
            child,
        }
    }

    pub fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).expect("readable");
        line.trim_end().to_owned()
    }

    pub fn say(&mut self, line: &str) {
        writeln!(self.stdin.as_mut().expect("open"), "{line}").expect("it listens");
    }

    /// Closes its input and waits for its end.
    pub fn end(&mut self) -> std::process::ExitStatus {
        drop(self.stdin.take());
        self.child.wait().expect("it ends")
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // Most have ended by then, so that killing them fails.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Builds a Go program with the toolchain of `targets/go`, which is set up where these tests run.
pub fn build_go(dir: &Path, name: &str, source: &str, flags: &[&str]) -> PathBuf {
    let (file, program) = (dir.join("main.go"), dir.join(name));
    std::fs::write(&file, source).expect("written");
    let mut go = Command::new("go");
    go.env("GOTOOLCHAIN", "go1.26.4").arg("build").args(flags);
    go.arg("-o").arg(&program).arg(&file);
    let built = go.status().expect("go is there: `cargo xtask setup`");
    assert!(built.success());
    program
}

/// Returns the folder of the CPU controller's cgroups, and whether they have version 2.
pub fn cgroups() -> (PathBuf, bool) {
    let root = Path::new("/sys/fs/cgroup");
    match root.join("cgroup.controllers").exists() {
        true => (root.to_owned(), true),
        false => (root.join("cpu"), false),
    }
}

/// Returns the folder of the hierarchy of version 2, which may have no controller.
pub fn unified_cgroups() -> PathBuf {
    let mounts = std::fs::read_to_string("/proc/self/mounts").expect("readable");
    let mut mounts = mounts.lines().map(|line| line.split(' '));
    let mount = mounts.find_map(|mut fields| {
        let folder = fields.nth(1)?;
        (fields.next() == Some("cgroup2")).then(|| PathBuf::from(folder))
    });
    mount.expect("version 2 is mounted")
}

/// Says whether the tests run on another kernel, where there is no cargo and no other program.
pub fn is_virtual_machine() -> bool {
    std::env::var_os("KONTRAST_TEST_PREBUILT").is_some()
}

/// Builds the program under test, which belongs to another package and may be older than its
/// dependencies. The selection is that of a test of the workspace: another one would build most
/// crates again with other features, while tests run.
pub fn kontrast() -> Command {
    static BUILD: Once = Once::new();
    BUILD.call_once(|| {
        if is_virtual_machine() {
            return;
        }
        let profile = match cfg!(debug_assertions) {
            true => "dev",
            false => "release",
        };
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--profile", profile, "--workspace"]);
        cargo.args(["--exclude=profiler-ebpf", "--bin=kontrast", "--test=kernel"]);
        assert!(cargo.status().is_ok_and(|status| status.success()));
    });
    Command::new(Path::new(env!("CARGO_BIN_EXE_kontrast-known")).with_file_name("kontrast"))
}

/// Starts a process of known behaviour.
pub fn known(arguments: &[&str]) -> Guard {
    Guard::start(Command::new(env!("CARGO_BIN_EXE_kontrast-known")).args(arguments))
}

/// Locks recording: the programs of several recorders at once would delay each other's targets.
pub fn alone() -> MutexGuard<'static, ()> {
    static RECORDING: Mutex<()> = Mutex::new(());
    // A test that failed with the lock held leaves no state behind.
    RECORDING.lock().unwrap_or_else(PoisonError::into_inner)
}

pub fn require_privilege() {
    let missing = profiler::record::privilege::missing();
    assert!(
        missing.is_empty(),
        "this test loads eBPF programs: run it as root (missing {missing:?})"
    );
}

/// Starts a recorder, which is attached when this returns and records until its input is closed.
pub fn recorder(pid: &str, out: &Path, extra: &[&str]) -> Guard {
    let mut command = kontrast();
    command
        .args(["record", "--until-stdin-closes", "--pid", pid, "--out"])
        .arg(out)
        .args(extra);
    let mut recorder = Guard::start(&mut command);
    assert_eq!(recorder.line(), "recording");
    recorder
}

/// Records a known behaviour from its start to its end. Calls `during` meanwhile.
pub fn record_with(behaviour: &[&str], extra: &[&str], during: impl FnOnce(u32)) -> Recording {
    require_privilege();
    let _alone = alone();
    let dir = tempfile::tempdir().expect("a temporary directory");
    let mut known = known(behaviour);
    let pid = known.line();
    let out = dir.path().join("out");
    let mut recorder = recorder(&pid, &out, extra);
    known.say("go");
    during(pid.parse().expect("a process id"));
    assert_eq!(known.line(), "done");
    let status = recorder.end();
    assert!(matches!(status.code(), Some(0 | 3)), "{status}");
    recording::io::load_recording(&out).expect("a recording")
}

/// Records a known behaviour whose process ends before the recording is asked to.
pub fn record_to_the_end(behaviour: &[&str], extra: &[&str]) -> Recording {
    require_privilege();
    let _alone = alone();
    let dir = tempfile::tempdir().expect("a temporary directory");
    let out = dir.path().join("out");
    let mut target = known(behaviour);
    let pid = target.line();
    let mut recorder = recorder(&pid, &out, extra);
    target.say("go");
    assert_eq!(target.line(), "done");
    target.end();
    let status = recorder.child.wait().expect("it ends by itself");
    assert!(matches!(status.code(), Some(0 | 3)), "{status}");
    recording::io::load_recording(&out).expect("a recording")
}

pub fn record(behaviour: &[&str]) -> Recording {
    let recording = record_with(behaviour, &[], |_| ());
    assert_sound(&recording);
    recording
}

/// Asserts that every check holds and that no event was lost.
pub fn assert_sound(recording: &Recording) {
    let failed: Vec<&Check> = recording.checks.iter().filter(|check| !check.ok).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    assert_eq!(recording.observer.lost_events, 0);
}

/// Asserts as [`assert_sound`], but for times, which the kernel charges differently on a busy
/// machine where threads sleep every few microseconds.
pub fn assert_counts(recording: &Recording) {
    let times = ["runnable_vs_kernel", "on_cpu_vs_kernel"];
    let failed = recording.checks.iter().filter(|check| !check.ok);
    let failed: Vec<&Check> = failed
        .filter(|check| !times.contains(&&*check.name))
        .collect();
    assert!(failed.is_empty(), "{failed:#?}");
    assert_eq!(recording.observer.lost_events, 0);
}

pub fn calls(recording: &Recording, name: &str) -> u64 {
    recording
        .syscalls
        .iter()
        .find(|call| call.name == name)
        .map_or(0, |call| call.count)
}
