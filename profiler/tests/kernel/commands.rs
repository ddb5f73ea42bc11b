//! Commands that a recorder starts: everything that they start ends with the recording, and they
//! run as the user behind sudo.

use crate::support::{Guard, alone, kontrast, require_privilege};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, Uid, User};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Starts a child, an orphan, and a daemon in its own session that ignores SIGTERM. Writes the
/// id of each into a file, and waits.
const FAMILY: &str = r#"
    sleep 4321 & echo $! > child
    (sleep 4321 & echo $! > orphan)
    (setsid sh -c 'trap "" TERM; echo $$ > daemon; while :; do sleep 1; done' &)
    while ! [ -s daemon ]; do sleep 0.01; done
    touch begun
    wait
"#;

/// Processes that a command has started.
struct Family(Vec<u32>);

impl Family {
    /// Waits until the command has started all of them.
    fn in_folder(dir: &Path) -> Self {
        let deadline = Instant::now() + Duration::from_secs(30);
        while !dir.join("begun").exists() {
            assert!(Instant::now() < deadline, "the command did not begin");
            std::thread::sleep(Duration::from_millis(5));
        }
        let id = |name| fs::read_to_string(dir.join(name)).expect("written");
        let ids = ["child", "orphan", "daemon"].map(id);
        Family(ids.map(|id| id.trim().parse().expect("a number")).into())
    }

    fn has_ended(&self) -> bool {
        let gone = |pid: &u32| !Path::new(&format!("/proc/{pid}")).exists();
        self.0.iter().all(gone)
    }
}

impl Drop for Family {
    fn drop(&mut self) {
        // All have ended, unless the test has failed.
        for pid in self.0.iter().filter(|_| !self.has_ended()) {
            let _ = kill(Pid::from_raw(pid.cast_signed()), Signal::SIGKILL);
        }
    }
}

fn record_family(dir: &Path, extra: &[&str]) -> (Guard, Family) {
    let mut recorder = kontrast();
    recorder.current_dir(dir).args(["record", "--out", "out"]);
    recorder.args(extra).args(["--", "sh", "-c", FAMILY]);
    let recorder = Guard::start(&mut recorder);
    let family = Family::in_folder(dir);
    assert!(!family.has_ended());
    (recorder, family)
}

#[test]
fn ends_everything_that_the_command_started() {
    require_privilege();
    let _alone = alone();
    for extra in [&["--probes", "none"][..], &[]] {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let (mut recorder, family) = record_family(dir.path(), extra);
        let pid = Pid::from_raw(recorder.child.id().cast_signed());
        kill(pid, Signal::SIGINT).expect("it is there");
        let status = recorder.child.wait().expect("it ends");
        assert!(matches!(status.code(), Some(0 | 3)), "{status}");
        assert!(family.has_ended(), "{:?}", family.0);
        assert!(dir.path().join("out/recording.json").exists());
    }
}

#[test]
fn ends_everything_after_the_recorder_is_killed() {
    require_privilege();
    let _alone = alone();
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (mut recorder, family) = record_family(dir.path(), &["--probes", "none"]);
    recorder.child.kill().expect("it is there");
    recorder.child.wait().expect("it ends");
    let deadline = Instant::now() + Duration::from_secs(30);
    while !family.has_ended() {
        assert!(Instant::now() < deadline, "{:?} live on", family.0);
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn gives_the_command_the_terminal_side_of_the_recorder() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let mut recorder = kontrast();
    recorder.args(["record", "--probes", "none", "--out"]);
    recorder.arg(dir.path().join("out"));
    recorder.args(["--", "sh", "-c", "read line; echo \"got $line\""]);
    let mut recorder = Guard::start(&mut recorder);
    recorder.say("a line");
    assert_eq!(recorder.line(), "got a line");
    assert!(recorder.end().success());
}

/// Runs a recorder as sudo starts it, in a mount namespace whose `/etc/group` puts user 65534 into
/// another group.
#[test]
fn runs_the_command_as_the_user_behind_sudo() {
    require_privilege();
    let dir = tempfile::tempdir().expect("a temporary directory");
    let user = User::from_uid(Uid::from_raw(65534)).expect("readable");
    let user = user.expect("every system has it").name;
    let groups = format!("root:x:0:\nnogroup:x:65534:\ntracing:x:4711:{user}\n");
    fs::write(dir.path().join("group"), groups).expect("written");
    let script = r#"mount --bind "$0/group" /etc/group && exec "$@""#;
    let mut recorder = Command::new("unshare");
    recorder
        .args(["--mount", "sh", "-c", script])
        .arg(dir.path());
    recorder.arg(kontrast().get_program());
    recorder.args(["record", "--probes", "none", "--out"]);
    recorder.arg(dir.path().join("out"));
    recorder.args(["--", "sh", "-c", "id -u; id -G; echo $USER $LOGNAME $HOME"]);
    recorder.env("SUDO_UID", "65534").env("SUDO_GID", "65534");
    let output = recorder.stdin(Stdio::null()).output().expect("it runs");
    let text = String::from_utf8_lossy(&output.stdout);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[..2], ["65534", "65534 4711"], "{output:?}");
    assert!(
        lines[2].starts_with(&format!("{user} {user} /")),
        "{output:?}"
    );
}
