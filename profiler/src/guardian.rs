//! Should we be killed before we can end what we started, somebody else has to: a process that does nothing but wait
//! for our end.
//!
//! It is told of every process group we start and of every one that has ended, over a pipe. The kernel closes the pipe
//! however we end, and the guardian then ends the groups that are left. What runs as another user (the recorder,
//! under sudo) ends by itself, since it records until its own input is closed.

use anyhow::{Context, Result};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use std::collections::BTreeSet;
use std::io::{BufRead, Write};
use std::os::unix::process::CommandExt;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use std::{env, thread};

/// The verb that makes a guardian of this program; nobody types it.
pub const VERB: &str = "guard";
/// How long a group may take to end by itself.
const GRACE: Duration = Duration::from_secs(1);

/// The way to the guardian, once there is one.
static GUARDIAN: Mutex<Option<ChildStdin>> = Mutex::new(None);

/// Starts the guardian of this process.
///
/// # Errors
/// If this program cannot be started once more.
pub fn start() -> Result<()> {
    let program = env::current_exe().context("cannot tell where this program is")?;
    let mut guardian = Command::new(program)
        .arg(VERB)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // Ctrl-C in the terminal is not for it.
        .process_group(0)
        .spawn()
        .context("cannot start the guardian of this run's processes")?;
    *lock() = guardian.stdin.take();
    Ok(())
}

/// From now on, a process group ends when we do.
pub fn watch(group: u32) {
    tell('+', group);
}

/// A process group has ended, and its id may be given to others.
pub fn forget(group: u32) {
    tell('-', group);
}

fn tell(sign: char, group: u32) {
    if let Some(guardian) = lock().as_mut() {
        // If it is gone, somebody ended it on purpose; we do without.
        let _ = writeln!(guardian, "{sign}{group}");
    }
}

fn lock() -> std::sync::MutexGuard<'static, Option<ChildStdin>> {
    // What is in it is whole whatever a thread that held it did.
    GUARDIAN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The guardian's life: listens until the other side is gone, then ends what is left.
pub fn guard(told: impl BufRead) {
    let left = left_after(told);
    signal(&left, Signal::SIGTERM);
    let deadline = Instant::now() + GRACE;
    while Instant::now() < deadline && left.iter().any(|group| killpg(*group, None).is_ok()) {
        thread::sleep(Duration::from_millis(10));
    }
    signal(&left, Signal::SIGKILL);
}

fn left_after(told: impl BufRead) -> BTreeSet<Pid> {
    let mut groups = BTreeSet::new();
    for line in told.lines().map_while(Result::ok) {
        let Some(group) = line.get(1..).and_then(|id| id.parse().ok()) else {
            continue;
        };
        // Groups 0 and 1 would be our own and everybody.
        if group > 1 && line.starts_with('+') {
            groups.insert(Pid::from_raw(group));
        } else {
            groups.remove(&Pid::from_raw(group));
        }
    }
    groups
}

fn signal(groups: &BTreeSet<Pid>, signal: Signal) {
    for group in groups {
        // One that has ended needs none.
        let _ = killpg(*group, signal);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;

    #[test]
    fn what_ended_is_left_alone_and_nonsense_is_ignored() {
        let left = left_after(&b"+12\n+0\n+1\n+-5\n\n+x\n+13\n-12\n"[..]);
        assert_eq!(left, BTreeSet::from([Pid::from_raw(13)]));
    }

    #[test]
    fn what_is_left_is_ended_even_if_it_does_not_want_to() {
        for (script, signal) in [
            ("exec sleep 1000", 15),
            ("trap '' TERM; echo; sleep 1000", 9),
        ] {
            let mut child = Command::new("sh")
                .args(["-c", script])
                .stdout(Stdio::piped())
                .process_group(0)
                .spawn()
                .unwrap();
            if signal == 9 {
                let mut byte = [0];
                std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut byte).unwrap();
            }
            guard(format!("+{}\n", child.id()).as_bytes());
            assert_eq!(child.wait().unwrap().signal(), Some(signal));
        }
    }
}
