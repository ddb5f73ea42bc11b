//! `--load-command`: a load that runs while the target is recorded.

use anyhow::{Context, Result};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use runner::load_output::{self, LoadCount};
use runner::output::give_back_one;
use runner::target::SudoUser;
use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// Output of the load, beside the recording.
const LOG: &str = "load.log";
/// Time that the load has to print its summary after it was interrupted.
const GRACE: Duration = Duration::from_secs(3);
/// Most bytes of the output that are read.
const MOST: u64 = 16 << 20;

/// A load command, with its own process group. Dropping it kills the group.
pub struct Load {
    log: PathBuf,
    child: Result<Child>,
    ended: Option<ExitStatus>,
    interrupted: bool,
}

impl Load {
    /// Starts the command, as the user behind sudo if there is one. A failure is reported by
    /// [`Self::finish`].
    pub fn start(line: &str, out: &Path) -> Self {
        let log = out.join(LOG);
        let child = spawn(line, &log);
        give_back_one(&log);
        Load {
            log,
            child,
            ended: None,
            interrupted: false,
        }
    }

    /// Returns whether the command has ended.
    pub fn has_ended(&mut self) -> bool {
        if let (None, Ok(child)) = (self.ended, &mut self.child) {
            self.ended = child.try_wait().ok().flatten();
        }
        self.ended.is_some() || self.child.is_err()
    }

    /// Interrupts a command that still runs, as Ctrl-C does: most loads then print their summary.
    pub fn stop(&mut self) {
        if self.has_ended() {
            return;
        }
        self.interrupted = true;
        self.signal(Signal::SIGINT);
        let until = Instant::now() + GRACE;
        while !self.has_ended() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(5));
        }
        self.signal(Signal::SIGKILL);
    }

    /// Returns the count of the load's output; `None` where no known program wrote it.
    ///
    /// # Errors
    /// Fails if the load could not be started, or failed by itself.
    pub fn finish(mut self) -> Result<Option<LoadCount>, String> {
        self.stop();
        if let Err(error) = &self.child {
            return Err(format!("the load command could not be started: {error:#}"));
        }
        let log = self.log.display();
        match self.ended {
            Some(status) if !status.success() && !self.interrupted => Err(format!(
                "the load command failed ({status}); its output is in {log}"
            )),
            _ => {
                let output = read(&self.log).map_err(|error| format!("{error:#}"))?;
                Ok(load_output::count(&output))
            }
        }
    }

    fn signal(&self, signal: Signal) {
        if let Ok(child) = &self.child {
            // The group may have ended.
            let _ = killpg(Pid::from_raw(child.id().cast_signed()), signal);
        }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.signal(Signal::SIGKILL);
        if let Ok(child) = &mut self.child {
            // It has usually been waited for.
            let _ = child.wait();
        }
    }
}

fn spawn(line: &str, log: &Path) -> Result<Child> {
    let file = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
    let errors = file.try_clone()?;
    let mut command = Command::new("sh");
    command.args(["-c", line]).process_group(0);
    command.stdin(Stdio::null()).stdout(file).stderr(errors);
    if let Some(user) = SudoUser::detect()? {
        user.run_as(&mut command);
    }
    command.spawn().context("cannot start a shell")
}

fn read(log: &Path) -> Result<String> {
    use std::io::Read;
    let file = File::open(log).with_context(|| format!("cannot read {}", log.display()))?;
    let mut bytes = Vec::new();
    file.take(MOST).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(line: &str) -> Result<Option<LoadCount>, String> {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let mut load = Load::start(line, dir.path());
        while !load.has_ended() {
            std::thread::sleep(Duration::from_millis(1));
        }
        load.finish()
    }

    #[test]
    fn counts_what_the_load_completed() {
        let found = end("echo '  7 requests in 1.00s, 1.00MB read'").expect("it ended well");
        assert_eq!(
            found.map(|found| (found.tool, found.count)),
            Some(("wrk", 7))
        );
        assert_eq!(end("echo hello").expect("it ended well"), None);
    }

    #[test]
    fn reports_a_load_that_failed() {
        let error = end("echo 'Complete requests: 5'; exit 7").expect_err("failed");
        assert!(
            error.contains("exit status: 7") && error.contains("load.log"),
            "{error}"
        );
    }

    #[test]
    fn lets_an_interrupted_load_print_its_summary() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        // Where these tests run in the background, an interruption is ignored, which a shell
        // cannot undo. In `kontrast` it never is: that listens for it.
        let line = "exec env --default-signal=INT sh -c \
            'trap \"echo Complete requests: 5; exit 130\" INT; echo on; while :; do sleep 0.01; done'";
        let mut load = Load::start(line, dir.path());
        while read(&dir.path().join(LOG)).expect("a log").is_empty() {
            std::thread::sleep(Duration::from_millis(1));
        }
        load.stop();
        let found = load.finish().expect("an interruption is no failure");
        assert_eq!(found.map(|found| found.count), Some(5));
    }
}
