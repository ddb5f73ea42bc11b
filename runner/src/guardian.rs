//! The guardian: a process that ends this run's processes if the run itself is killed.
//!
//! Each process of a run leads a process group. It writes its id into a pipe to the guardian before
//! it becomes its program, so that no moment is left in which only this process knows it. The
//! kernel closes the pipe however this process ends, and the guardian then ends the remaining
//! groups.
//!
//! `PR_SET_PDEATHSIG` would not do: it ends a child but not the children of that child, and it ends
//! a child when the thread that started it does. The test of a run that is killed while it records
//! a forking target shows the former. The recorder under sudo ends by itself when its input is
//! closed.

use crate::{affinity, cpus::Cpus};
use anyhow::{Context, Result};
use nix::errno::Errno;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use std::collections::BTreeSet;
use std::io::{self, BufRead, Write};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{self, Child, ChildStdin, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{env, thread};

/// The hidden verb that makes this program a guardian.
pub const VERB: &str = "guard";
/// Time that a group has to end after SIGTERM.
const GRACE: Duration = Duration::from_secs(1);

/// The pipe to the guardian, once it runs.
static GUARDIAN: Mutex<Option<ChildStdin>> = Mutex::new(None);

/// Starts the guardian of this process.
///
/// # Errors
/// Fails if this program cannot be started once more.
pub fn start() -> Result<()> {
    let program = env::current_exe().context("cannot find the file of this program")?;
    let mut guardian = Command::new(program)
        .arg(VERB)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // Ctrl-C in the terminal must not reach it.
        .process_group(0)
        .spawn()
        .context("cannot start the guardian of this run's processes")?;
    *lock() = guardian.stdin.take();
    Ok(())
}

/// A command that can be spawned: the standard library's or tokio's.
pub trait Spawn {
    /// The running child.
    type Child;
    /// Returns the command of the standard library.
    fn command(&mut self) -> &mut Command;
    /// Starts the child.
    ///
    /// # Errors
    /// Fails if the program cannot be started.
    fn spawn_child(&mut self) -> io::Result<Self::Child>;
}

impl Spawn for Command {
    type Child = Child;

    fn command(&mut self) -> &mut Command {
        self
    }

    fn spawn_child(&mut self) -> io::Result<Child> {
        self.spawn()
    }
}

impl Spawn for tokio::process::Command {
    type Child = tokio::process::Child;

    fn command(&mut self) -> &mut Command {
        self.as_std_mut()
    }

    fn spawn_child(&mut self) -> io::Result<Self::Child> {
        self.spawn()
    }
}

/// Starts a child on `cpus`, as the leader of a group that does not outlive this process. The
/// caller calls [`forget`] once it has ended the group.
///
/// # Errors
/// Fails if the program cannot be started, or this process may not use `cpus`.
pub fn spawn<S: Spawn>(command: &mut S, cpus: Option<&Cpus>) -> io::Result<S::Child> {
    announce(command.command())?;
    let child = affinity::on(cpus, || command.spawn_child()).and_then(|child| child);
    // The id of a child that was announced but has no program may be given to another process.
    child.inspect_err(|_| send(b"?\n"))
}

/// Makes the child that `command` starts lead a group and write its id to the guardian.
fn announce(command: &mut Command) -> io::Result<()> {
    command.process_group(0);
    let mut guardian = lock();
    // If the guardian is gone, it was ended on purpose. A child writing to it would get SIGPIPE.
    if let Some(pipe) = guardian.as_mut()
        && pipe.write_all(b"\n").is_err()
    {
        *guardian = None;
    }
    let Some(pipe) = guardian.as_ref() else {
        return Ok(());
    };
    let pipe = pipe.as_fd().try_clone_to_owned()?;
    let write_own_id = move || {
        let mut line = [0; LINE];
        let line = format_line(&mut line, '+', process::id())?;
        nix::unistd::write(&pipe, line)?;
        Ok(())
    };
    #[expect(
        unsafe_code,
        reason = "between fork and exec only some calls are allowed"
    )]
    // SAFETY: `write_own_id` allocates nothing and takes no lock: it formats a number into its own
    // stack, and calls getpid and write.
    unsafe {
        command.pre_exec(write_own_id);
    }
    Ok(())
}

/// Removes a group that has ended: its id may be given to others.
pub fn forget(group: u32) {
    let mut line = [0; LINE];
    if let Ok(line) = format_line(&mut line, '-', group) {
        send(line);
    }
}

/// Room for a sign, a number and the end of the line.
const LINE: usize = 16;

/// Formats a line for the guardian.
fn format_line(line: &mut [u8; LINE], sign: char, group: u32) -> io::Result<&[u8]> {
    let mut rest = &mut line[..];
    writeln!(rest, "{sign}{group}")?;
    let length = LINE - rest.len();
    Ok(&line[..length])
}

/// Writes a line at once, so that no other line gets into it.
fn send(line: &[u8]) {
    if let Some(guardian) = lock().as_mut() {
        // If the guardian is gone, it was ended on purpose.
        let _ = guardian.write_all(line);
    }
}

fn lock() -> MutexGuard<'static, Option<ChildStdin>> {
    // A thread that panicked with the lock left a pipe or none, and both are complete.
    GUARDIAN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs as the guardian: reads until the other side is gone, then ends the remaining groups.
pub fn guard(lines: impl BufRead) {
    let groups = remaining_groups(lines);
    signal(&groups, Signal::SIGTERM);
    let deadline = Instant::now() + GRACE;
    while Instant::now() < deadline && groups.iter().any(|group| killpg(*group, None).is_ok()) {
        thread::sleep(Duration::from_millis(10));
    }
    signal(&groups, Signal::SIGKILL);
}

fn remaining_groups(lines: impl BufRead) -> BTreeSet<Pid> {
    let mut groups = BTreeSet::new();
    for line in lines.lines().map_while(Result::ok) {
        if line == "?" {
            groups.retain(|group| killpg(*group, None) != Err(Errno::ESRCH));
        }
        let Some(group) = line.get(1..).and_then(|id| id.parse().ok()) else {
            continue;
        };
        // kill(2) takes groups 0 and 1 for this process's group and for all processes.
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
        // One that has ended needs no signal.
        let _ = killpg(*group, signal);
    }
}

#[cfg(test)]
mod tests;
