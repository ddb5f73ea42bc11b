//! The supervisor: a process between the recorder and the command that it records, which ends
//! everything that the command started.
//!
//! Orphans of the command become its children (`PR_SET_CHILD_SUBREAPER`), so that a daemon that
//! leaves its session and its parent is found too. The kernel signals the supervisor when the
//! recorder ends in any way, SIGKILL included (`PR_SET_PDEATHSIG`).

use crate::descendants;
use crate::suspended::GATE;
use crate::target::SudoUser;
use anyhow::{Context, Result, bail};
use nix::errno::Errno;
use nix::sys::prctl::{set_child_subreaper, set_pdeathsig};
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, getppid};
use std::os::unix::process::parent_id;
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

/// The hidden verb that makes this program a supervisor.
pub const VERB: &str = "supervise";
/// Time that processes have to end after SIGTERM.
const GRACE: Duration = Duration::from_secs(1);
/// Time after which processes are given up that do not end by SIGKILL either: they are stuck in the
/// kernel, or another user's.
const PATIENCE: Duration = Duration::from_secs(5);
/// Between two looks at the processes.
const PAUSE: Duration = Duration::from_millis(5);

/// Starts a supervisor that starts `command` up to its exec. The calling thread must outlive it.
///
/// # Errors
/// Fails if this program cannot be started once more.
pub fn start(command: &[String]) -> Result<Child> {
    let program = std::env::current_exe().context("cannot find the file of this program")?;
    let mut supervisor = Command::new(program);
    supervisor.arg(VERB).arg("--").args(command);
    let supervisor = supervisor.spawn();
    supervisor.context("cannot start the supervisor of the command")
}

/// Makes a supervisor end everything, and waits for its end.
pub fn stop(supervisor: &mut Child) {
    // It has usually ended by then, so that both fail. It has an id until it is waited for.
    if matches!(supervisor.try_wait(), Ok(None)) {
        let _ = kill(
            Pid::from_raw(supervisor.id().cast_signed()),
            Signal::SIGTERM,
        );
    }
    let _ = supervisor.wait();
}

/// Returns the shell of a supervisor, once it has begun. It has no child before its exec.
pub fn shell_of(supervisor: &Child) -> Option<u32> {
    let found = descendants::of(supervisor.id().cast_signed());
    Some(found.first()?.as_raw().cast_unsigned())
}

/// Runs as the supervisor: starts `command` in a shell that stops itself before its exec, and waits
/// until everything has ended. Ends everything at SIGTERM, or at the end of the parent.
///
/// # Errors
/// Fails if the shell cannot be started, or if a process does not end.
pub fn supervise(command: &[String]) -> Result<()> {
    let recorder = parent_id();
    // Blocked signals wait for `next`. A spawned child begins with none blocked.
    let signals = signals();
    signals.thread_block()?;
    set_pdeathsig(Signal::SIGTERM)?;
    if getppid() != Pid::from_raw(recorder.cast_signed()) {
        bail!("the recorder ended before the command began");
    }
    set_child_subreaper(true)?;
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("{GATE}exec \"$@\""), "sh"]);
    shell.args(command);
    if let Some(user) = SudoUser::detect()? {
        user.run_as(&mut shell);
    }
    shell
        .spawn()
        .context("cannot start sh: is there a shell?")?;
    loop {
        match signals.wait()? {
            Signal::SIGTERM => return end_descendants(),
            // Those of the terminal end the recorder, which then ends this process.
            Signal::SIGCHLD if !reap() => return Ok(()),
            _ => (),
        }
    }
}

fn signals() -> SigSet {
    use Signal::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM};
    [SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM]
        .into_iter()
        .collect()
}

/// Reaps children that have ended; returns whether others are left.
fn reap() -> bool {
    loop {
        match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::StillAlive) | Err(Errno::EINTR) => return true,
            Ok(_) => (),
            Err(_) => return false,
        }
    }
}

/// Ends all descendants of this process: by SIGTERM, and by SIGKILL if they are still there after
/// the grace. A process may fork meanwhile, so they are looked up again each time.
fn end_descendants() -> Result<()> {
    let begun = Instant::now();
    descendants::signal(Signal::SIGTERM);
    // A stopped process receives the signal once it goes on.
    descendants::signal(Signal::SIGCONT);
    while reap() {
        let elapsed = begun.elapsed();
        if elapsed > GRACE + PATIENCE {
            let left = descendants::of(Pid::this().as_raw());
            bail!("processes that the command started do not end: {left:?}; end them by hand");
        }
        if elapsed > GRACE {
            descendants::signal(Signal::SIGKILL);
        }
        thread::sleep(PAUSE);
    }
    Ok(())
}
