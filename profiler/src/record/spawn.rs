//! Starting a command so that it can be recorded from its first instruction.

use super::target::Process;
use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::env;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

/// A command that waits for [`Held::release`] before it begins; it is killed if dropped.
pub struct Held(Child);

impl Held {
    /// Starts the command, held back. It runs as the user behind sudo, if there is one.
    pub fn start(command: &[String]) -> Result<Self> {
        // The shell stops itself, then becomes the command: same process, nothing of it runs before it is followed.
        let mut shell = Command::new("sh");
        shell
            .args(["-c", "kill -STOP $$; exec \"$@\"", "sh"])
            .args(command);
        let id = |name: &str| env::var(name).ok()?.parse().ok();
        if let (Some(uid), Some(gid)) = (id("SUDO_UID"), id("SUDO_GID")) {
            shell.uid(uid).gid(gid);
        }
        let held = Held(
            shell
                .spawn()
                .with_context(|| format!("cannot start {}", command[0]))?,
        );
        held.wait_until_stopped()?;
        Ok(held)
    }

    /// The process.
    pub fn process(&self) -> Result<Process> {
        Process::find(self.0.id())
    }

    /// Lets the command begin.
    pub fn release(&self) -> Result<()> {
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
        bail!("the command could not be held back within {PATIENCE:?}")
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // It may have ended long ago, which is what is wanted.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
