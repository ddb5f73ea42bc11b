//! Children that are stopped before their exec, to be recorded from their first instruction on.

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use procfs::process::Process;
use std::{
    io, thread,
    time::{Duration, Instant},
};

/// Shell text before an `exec`: the shell stops itself, and becomes the program once it is resumed.
/// The process stays the same, and no instruction of the program runs before.
pub const GATE: &str = "kill -STOP $$; ";
/// Between two checks of the state.
const PAUSE: Duration = Duration::from_micros(200);

/// A child that has stopped itself at the [`GATE`]. Its owner is another value, which ends it.
#[derive(Debug)]
pub struct SuspendedChild(Pid);

impl SuspendedChild {
    /// Waits until process `id` has stopped; `Ok(None)` if it has not within `patience`.
    ///
    /// # Errors
    /// Fails as `check` does, which is called between two looks to notice a child that has ended.
    pub fn wait<E>(
        id: u32,
        patience: Duration,
        mut check: impl FnMut() -> Result<(), E>,
    ) -> Result<Option<Self>, E> {
        let pid = id.cast_signed();
        let stat = || Process::new(pid)?.stat();
        let deadline = Instant::now() + patience;
        while !stat().is_ok_and(|stat| stat.state == 'T') {
            check()?;
            if Instant::now() > deadline {
                return Ok(None);
            }
            thread::sleep(PAUSE);
        }
        Ok(Some(Self(Pid::from_raw(pid))))
    }

    /// Lets the shell become its program.
    ///
    /// # Errors
    /// Fails if the process is gone.
    pub fn resume(&self) -> io::Result<()> {
        Ok(kill(self.0, Signal::SIGCONT)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{convert::Infallible, process::Command};

    #[test]
    fn runs_nothing_of_the_program_before_it_is_resumed() {
        let dir = tempfile::tempdir().unwrap();
        let script = format!("{GATE}exec touch begun");
        let mut shell = Command::new("sh");
        shell.args(["-c", &script]).current_dir(dir.path());
        let mut child = shell.spawn().unwrap();
        let patience = Duration::from_secs(60);
        let suspended = SuspendedChild::wait(child.id(), patience, || Ok::<_, Infallible>(()));
        assert!(!dir.path().join("begun").exists());
        suspended.unwrap().unwrap().resume().unwrap();
        assert!(child.wait().unwrap().success());
        assert!(dir.path().join("begun").exists());
    }

    #[test]
    fn notices_a_child_that_ends_instead() {
        let mut child = Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        let waited = SuspendedChild::wait(child.id(), Duration::from_secs(60), || Err("ended"));
        assert_eq!(waited.err(), Some("ended"));
    }
}
