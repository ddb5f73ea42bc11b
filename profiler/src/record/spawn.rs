//! Starts a command that is recorded from its first instruction.

use super::target::Process;
use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::env;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

/// A command that waits for [`SuspendedChild::resume`] before its exec. Dropping it kills it.
pub struct SuspendedChild(Child);

impl SuspendedChild {
    /// Starts a command and suspends it before its exec. It runs as the user who called sudo, if any.
    ///
    /// # Errors
    /// The shell cannot be started, or does not stop.
    pub fn start(command: &[String]) -> Result<Self> {
        // The shell stops itself, then becomes the command: it is the same process, and nothing of
        // the command runs before it is recorded.
        let mut shell = Command::new("sh");
        shell
            .args(["-c", "kill -STOP $$; exec \"$@\"", "sh"])
            .args(command);
        let id = |name: &str| env::var(name).ok()?.parse().ok();
        if let (Some(uid), Some(gid)) = (id("SUDO_UID"), id("SUDO_GID")) {
            shell.uid(uid).gid(gid);
        }
        let child = SuspendedChild(
            shell
                .spawn()
                .with_context(|| format!("cannot start {}", command[0]))?,
        );
        child.wait_until_stopped()?;
        Ok(child)
    }

    /// Returns the process.
    ///
    /// # Errors
    /// It has ended.
    pub fn process(&self) -> Result<Process> {
        Process::find(self.0.id())
    }

    /// Lets the command begin.
    ///
    /// # Errors
    /// It has ended.
    pub fn resume(&self) -> Result<()> {
        Ok(kill(self.pid(), Signal::SIGCONT)?)
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.0.id().cast_signed())
    }

    fn wait_until_stopped(&self) -> Result<()> {
        const PATIENCE: Duration = Duration::from_secs(5);
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            let stat =
                std::fs::read_to_string(format!("/proc/{}/stat", self.0.id())).unwrap_or_default();
            if stat.rfind(") T").is_some() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        bail!("the command did not stop before its exec within {PATIENCE:?}: is `sh` a shell?")
    }
}

impl Drop for SuspendedChild {
    fn drop(&mut self) {
        // It has usually ended by then, so that both fail.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
