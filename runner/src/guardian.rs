//! Should we be killed before we can end what we started, somebody else has to: a process that does nothing but wait
//! for our end.
//!
//! It is told of every process group we start and of every one that has ended, over a pipe. A process that we start tells of itself,
//! before it becomes its program: were we to do it, we could be killed between the two. The kernel closes the pipe
//! however we end, and the guardian then ends the groups that are left. What runs as another user (the recorder,
//! under sudo) ends by itself, since it records until its own input is closed.

use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use std::collections::BTreeSet;
use std::io::{self, BufRead, Write};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{self, ChildStdin, Command, Stdio};
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

/// Has the process that `command` starts lead a group of its own, which ends when we do. If it cannot be started, call [`not_started`].
///
/// # Errors
/// If the way to the guardian cannot be shared.
pub fn announce(command: &mut Command) -> io::Result<()> {
    command.process_group(0);
    let mut guardian = lock();
    // If it is gone, somebody ended it on purpose; we do without. A process that told it of itself would be ended by SIGPIPE.
    if let Some(way) = guardian.as_mut()
        && way.write_all(b"\n").is_err()
    {
        *guardian = None;
    }
    let Some(way) = guardian.as_ref() else {
        return Ok(());
    };
    let way = way.as_fd().try_clone_to_owned()?;
    let tell = move || {
        let mut line = [0; LINE];
        let line = told(&mut line, '+', process::id())?;
        nix::unistd::write(&way, line)?;
        Ok(())
    };
    #[expect(
        unsafe_code,
        reason = "between fork and exec only some calls are allowed"
    )]
    // SAFETY: `tell` allocates nothing and takes no lock: it formats a number into its own stack, and calls getpid and write.
    unsafe {
        command.pre_exec(tell);
    }
    Ok(())
}

/// A process that was announced could not become its program: it is gone, and its id may be given to others.
pub fn not_started() {
    tell(b"?\n");
}

/// A process group has ended, and its id may be given to others.
pub fn forget(group: u32) {
    let mut line = [0; LINE];
    if let Ok(line) = told(&mut line, '-', group) {
        tell(line);
    }
}

/// Room for a sign, a number and the end of the line.
const LINE: usize = 16;

/// A line for the guardian.
fn told(line: &mut [u8; LINE], sign: char, group: u32) -> io::Result<&[u8]> {
    let mut rest = &mut line[..];
    writeln!(rest, "{sign}{group}")?;
    let length = LINE - rest.len();
    Ok(&line[..length])
}

/// Writes a line at once, so that those of others do not come between.
fn tell(line: &[u8]) {
    if let Some(guardian) = lock().as_mut() {
        // If it is gone, somebody ended it on purpose; we do without.
        let _ = guardian.write_all(line);
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
        if line == "?" {
            groups.retain(|group| killpg(*group, None) != Err(Errno::ESRCH));
        }
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
    fn what_never_became_its_program_is_left_alone() {
        let run = |script| {
            let mut command = Command::new("sh");
            command.args(["-c", script]).process_group(0);
            command.stdin(Stdio::piped()).spawn().unwrap()
        };
        let (mut gone, mut there) = (run("exit"), run("read line"));
        gone.wait().unwrap();
        let told = format!("+{}\n+{}\n?\n", gone.id(), there.id());
        let left = left_after(told.as_bytes());
        drop(there.stdin.take());
        let there_id = Pid::from_raw(there.id().cast_signed());
        there.wait().unwrap();
        assert_eq!(left, BTreeSet::from([there_id]));
    }

    #[test]
    fn without_a_guardian_processes_are_started_all_the_same() {
        let mut gone = Command::new("true").stdin(Stdio::piped()).spawn().unwrap();
        let way = gone.stdin.take();
        gone.wait().unwrap();
        *lock() = way;
        let mut command = Command::new("true");
        announce(&mut command).unwrap();
        assert!(command.status().unwrap().success());
    }

    #[test]
    fn a_line_is_a_sign_and_a_number() {
        let mut line = [0; LINE];
        assert_eq!(told(&mut line, '+', u32::MAX).unwrap(), b"+4294967295\n");
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
                io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut byte).unwrap();
            }
            guard(format!("+{}\n", child.id()).as_bytes());
            assert_eq!(child.wait().unwrap().signal(), Some(signal));
        }
    }
}
