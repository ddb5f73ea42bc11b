//! Machines that refuse: no privilege, another user's process, no BTF, a full disk.
//!
//! `setpriv` and `unshare` of util-linux make such a machine for one command.

use crate::support::{alone, calls, known, kontrast, require_privilege};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// Runs `kontrast record` behind a command that limits its privileges or its view.
fn record_behind(narrow: &[&str], program: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let (first, more) = narrow.split_first().expect("a command");
    let Output { status, stderr, .. } = Command::new(first)
        .args(more)
        .arg(program)
        .arg("record")
        .args(arguments)
        .output()
        .expect("util-linux is installed");
    (status.code(), String::from_utf8(stderr).expect("text"))
}

/// A directory of a user without privileges.
struct Unprivileged(TempDir);

impl Unprivileged {
    /// Copies the program there: only root may be able to read the build directory.
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        fs::set_permissions(dir.path(), Permissions::from_mode(0o777)).expect("ours");
        fs::copy(kontrast().get_program(), dir.path().join("kontrast")).expect("copied");
        Unprivileged(dir)
    }

    /// Records with only these capabilities, `,+bpf` for instance.
    fn record(&self, capabilities: &str, arguments: &[&str]) -> (Option<i32>, String) {
        let narrow = [
            "setpriv",
            "--reuid=65534",
            "--regid=65534",
            "--clear-groups",
            &format!("--inh-caps=-all{capabilities}"),
            &format!("--ambient-caps=-all{capabilities}"),
        ];
        record_behind(&narrow, &self.0.path().join("kontrast"), arguments)
    }
}

fn program() -> PathBuf {
    kontrast().get_program().into()
}

#[test]
fn names_missing_capabilities() {
    require_privilege();
    let user = Unprivileged::new();
    for (has, lacks) in [("", "CAP_BPF and CAP_PERFMON"), (",+bpf", "CAP_PERFMON")] {
        let (code, message) = user.record(has, &["--duration=1s", "--", "sleep", "1"]);
        assert_eq!(code, Some(1), "{message}");
        assert!(message.contains(&format!("lacks {lacks}:")), "{message}");
        assert!(message.contains("setcap"), "the remedy: {message}");
    }
}

#[test]
fn records_another_users_process_with_three_capabilities() {
    require_privilege();
    let _alone = alone();
    let user = Unprivileged::new();
    let out = user.0.path().join("out");
    // Sleeps far longer than the test takes, which kills it at the end.
    let mut target = known(&["sleep", "1000000"]);
    let pid = target.line();
    target.say("go");
    let out = out.to_str().expect("text");
    let arguments = ["--pid", &pid, "--duration=300ms", "--out", out];
    let refusals = [
        ("", "lacks CAP_BPF"),
        (",+bpf,+perfmon", "may not trace it"),
    ];
    for (has, refusal) in refusals {
        let (code, message) = user.record(has, &arguments);
        assert_eq!(code, Some(1), "{message}");
        assert!(message.contains(refusal), "{message}");
    }
    let (code, message) = user.record(",+bpf,+perfmon,+sys_ptrace", &arguments);
    assert!(matches!(code, Some(0 | 3)), "{message}");
    let recording = recording::io::load_recording(out.as_ref()).expect("a recording");
    assert!(recording.process.voluntary_switches > 0);
}

#[test]
fn records_own_processes_with_two_capabilities() {
    require_privilege();
    let _alone = alone();
    let user = Unprivileged::new();
    let out = user.0.path().join("out");
    let arguments = ["--out", out.to_str().expect("text"), "--", "sleep", "0.1"];
    let (code, message) = user.record(",+bpf,+perfmon", &arguments);
    assert!(matches!(code, Some(0 | 3)), "{message}");
    let recording = recording::io::load_recording(&out).expect("a recording");
    assert_eq!(calls(&recording, "clock_nanosleep"), 1);
    assert!(!recording.observer.probe_groups.is_empty());
}

#[test]
fn names_the_kernel_option_without_btf() {
    require_privilege();
    let hidden = "mount -t tmpfs none /sys/kernel/btf && exec \"$@\"";
    let narrow = ["unshare", "--mount", "sh", "-c", hidden, "sh"];
    let (code, message) = record_behind(&narrow, &program(), &["--", "true"]);
    assert_eq!(code, Some(1), "{message}");
    assert!(message.contains("CONFIG_DEBUG_INFO_BTF"), "{message}");
}

#[test]
fn rejects_process_ids_of_another_namespace() {
    require_privilege();
    let narrow = ["unshare", "--pid", "--fork"];
    let (code, message) = record_behind(&narrow, &program(), &["--", "true"]);
    assert_eq!(code, Some(1), "{message}");
    assert!(message.contains("another PID namespace"), "{message}");
    assert!(message.contains("mount -t proc"), "the remedy: {message}");
}

#[test]
fn rejects_modes_that_need_the_ids_of_the_host() {
    require_privilege();
    let narrow = ["unshare", "--pid", "--fork", "--mount-proc"];
    for mode in ["counters", "overhead"] {
        let arguments = ["--probes", mode, "--", "true"];
        let (code, message) = record_behind(&narrow, &program(), &arguments);
        assert_eq!(code, Some(1), "{message}");
        assert!(message.contains("use `--probes all`"), "{message}");
    }
}

#[test]
fn saves_elsewhere_on_a_full_disk() {
    require_privilege();
    let _alone = alone();
    let place = tempfile::tempdir().expect("a temporary directory");
    let refuge = tempfile::tempdir().expect("a temporary directory");
    let full = place.path().to_str().expect("text");
    let mount = format!("mount -t tmpfs -o size=4k none {full} && exec \"$@\"");
    let there = format!("TMPDIR={}", refuge.path().display());
    let narrow = [
        "unshare", "--mount", "sh", "-c", &mount, "sh", "env", &there,
    ];
    let out = format!("{full}/out");
    let (code, message) = record_behind(&narrow, &program(), &["--out", &out, "--", "true"]);
    assert_eq!(code, Some(1), "{message}");
    assert!(message.contains("No space left"), "{message}");
    let mut saved = fs::read_dir(refuge.path()).expect("readable");
    let saved = saved.next().expect("a recording").expect("readable").path();
    assert!(message.contains(&saved.display().to_string()), "{message}");
    recording::io::load_recording(&saved).expect("a whole recording");
}
