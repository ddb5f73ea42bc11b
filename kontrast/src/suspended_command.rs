//! A command that is suspended before its exec, to be recorded from its first instruction on.

use anyhow::{Result, bail};
use profiler::record::target::Process;
use runner::supervisor;
use runner::suspended::SuspendedChild;
use std::process::Child;
use std::time::{Duration, Instant};

/// A command that waits for [`Self::resume`] before its exec. Dropping it ends everything that the
/// command started.
pub struct SuspendedCommand {
    supervisor: Child,
    pid: u32,
    suspended: Option<SuspendedChild>,
}

impl SuspendedCommand {
    /// Starts a command up to its exec. It runs as the user behind sudo, if there is one. The
    /// calling thread must live as long as the command: its end ends the command.
    ///
    /// # Errors
    /// Fails if the shell cannot be started, or does not stop.
    pub fn start(command: &[String]) -> Result<Self> {
        const PATIENCE: Duration = Duration::from_secs(5);
        let mut this = SuspendedCommand {
            supervisor: supervisor::start(command)?,
            pid: 0,
            suspended: None,
        };
        let begun = Instant::now();
        let ended = |supervisor: &mut Child| match supervisor.try_wait()? {
            Some(status) => bail!("the shell ended before it started {}: {status}", command[0]),
            None => Ok(()),
        };
        while this.pid == 0 && begun.elapsed() < PATIENCE {
            ended(&mut this.supervisor)?;
            this.pid = supervisor::shell_of(&this.supervisor).unwrap_or_default();
        }
        match SuspendedChild::wait(this.pid, PATIENCE, || ended(&mut this.supervisor))? {
            Some(suspended) => this.suspended = Some(suspended),
            None => bail!(
                "{} did not stop before its exec within {PATIENCE:?}",
                command[0]
            ),
        }
        Ok(this)
    }

    /// Returns the process.
    ///
    /// # Errors
    /// Fails if it has ended.
    pub fn process(&self) -> Result<Process> {
        Process::find(self.pid)
    }

    /// Lets the command begin.
    ///
    /// # Errors
    /// Fails if it has ended.
    pub fn resume(&self) -> Result<()> {
        match &self.suspended {
            Some(suspended) => Ok(suspended.resume()?),
            None => Ok(()),
        }
    }
}

impl Drop for SuspendedCommand {
    fn drop(&mut self) {
        supervisor::stop(&mut self.supervisor);
    }
}
