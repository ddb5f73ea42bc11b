//! A command that is suspended before its exec, to be recorded from its first instruction on.

use anyhow::{Context, Result, bail};
use profiler::record::target::Process;
use runner::suspended::{GATE, SuspendedChild};
use runner::target::SudoUser;
use std::process::{Child, Command};
use std::time::Duration;

/// A command that waits for [`Self::resume`] before its exec. Dropping it kills it.
pub struct SuspendedCommand {
    child: Child,
    suspended: Option<SuspendedChild>,
}

impl SuspendedCommand {
    /// Starts a command up to its exec. It runs as the user behind sudo, if there is one.
    ///
    /// # Errors
    /// Fails if the shell cannot be started, or does not stop.
    pub fn start(command: &[String]) -> Result<Self> {
        const PATIENCE: Duration = Duration::from_secs(5);
        let mut shell = Command::new("sh");
        let script = format!("{GATE}exec \"$@\"");
        shell.args(["-c", &script, "sh"]).args(command);
        if let Some(user) = SudoUser::detect()? {
            user.run_as(&mut shell);
        }
        let child = shell.spawn();
        let child =
            child.with_context(|| format!("cannot start {}: is there a shell?", command[0]))?;
        let mut this = SuspendedCommand {
            child,
            suspended: None,
        };
        let id = this.child.id();
        let ended = || match this.child.try_wait()? {
            Some(status) => bail!("the shell ended before it started {}: {status}", command[0]),
            None => Ok(()),
        };
        match SuspendedChild::wait(id, PATIENCE, ended)? {
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
        Process::find(self.child.id())
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
        // It has usually ended by then, so that both fail.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_nothing_of_the_command_before_it_is_resumed() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("begun");
        let command = ["touch".to_owned(), file.display().to_string()];
        let mut suspended = SuspendedCommand::start(&command).unwrap();
        let pid = suspended.process().unwrap().pid;
        assert!(!file.exists());
        suspended.resume().unwrap();
        assert!(suspended.child.wait().unwrap().success());
        assert!(file.exists() && pid == suspended.child.id());
    }
}
