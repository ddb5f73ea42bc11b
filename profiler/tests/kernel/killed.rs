//! The recorder is killed, or holds more privileges than it needs.

use crate::support::{Guard, alone, known, kontrast, recorder, require_privilege};
use aya::programs::loaded_programs;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

/// Returns the kernel's numbers of the eBPF programs that a process holds.
fn programs_of(pid: u32) -> BTreeSet<u32> {
    let files = fs::read_dir(format!("/proc/{pid}/fdinfo")).expect("readable");
    let files = files.map(|file| fs::read_to_string(file.expect("readable").path()));
    let programs = files.flatten().filter_map(|info| {
        let mut lines = info.lines();
        let id = lines.find_map(|line| line.strip_prefix("prog_id:"))?;
        id.trim().parse().ok()
    });
    programs.collect()
}

/// Waits until the kernel has unloaded these programs, as it does some time after their last user.
fn wait_until_unloaded(programs: &BTreeSet<u32>) {
    let is_loaded = || {
        let mut loaded = loaded_programs().filter_map(|program| Some(program.ok()?.id()));
        loaded.any(|id| programs.contains(&id))
    };
    while is_loaded() {
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn leaves_no_program_behind_when_killed() {
    require_privilege();
    let _alone = alone();
    let dir = tempfile::tempdir().expect("a temporary directory");
    let mut target = known(&["sleep", "200"]);
    let pid = target.line();
    let mut most = 0;
    for round in 0..20 {
        let mut command = kontrast();
        command.args(["record", "--until-stdin-closes", "--pid", &pid, "--out"]);
        let mut recorder = Guard::start(command.arg(dir.path().join(round.to_string())));
        match round {
            // While it loads, attaches and begins.
            0..15 => std::thread::sleep(Duration::from_millis(round * 30)),
            _ => assert_eq!(recorder.line(), "recording"),
        }
        let own = Pid::from_raw(recorder.child.id().cast_signed());
        // A stopped process loads no further program.
        kill(own, Signal::SIGSTOP).expect("it runs");
        let programs = programs_of(recorder.child.id());
        kill(own, Signal::SIGKILL).expect("it is there");
        recorder.child.wait().expect("it ends");
        wait_until_unloaded(&programs);
        most = most.max(programs.len());
    }
    assert!(most > 10, "a recorder that records holds programs: {most}");
    target.say("go");
    assert_eq!(target.line(), "done");
    assert!(target.end().success());
}

#[test]
fn gives_up_capabilities_after_attaching() {
    /// CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_SYS_PTRACE, CAP_PERFMON and CAP_BPF, by their numbers in
    /// capability.h.
    const KEPT: u64 = 1 | 1 << 1 | 1 << 19 | 1 << 38 | 1 << 39;
    require_privilege();
    let _alone = alone();
    let dir = tempfile::tempdir().expect("a temporary directory");
    let mut target = known(&["sleep", "1"]);
    let pid = target.line();
    let mut recorder = recorder(&pid, &dir.path().join("out"), &[]);
    let path = format!("/proc/{}/status", recorder.child.id());
    let status = fs::read_to_string(path).expect("readable");
    for set in ["CapPrm:", "CapEff:"] {
        let mut lines = status.lines();
        let mask = lines.find_map(|line| line.strip_prefix(set)).expect(set);
        let mask = u64::from_str_radix(mask.trim(), 16).expect("a number");
        assert_eq!(mask & !KEPT, 0, "{set} {mask:x}");
        assert_ne!(mask, 0, "{set}");
    }
    recorder.end();
}
