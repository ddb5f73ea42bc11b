//! Child processes that do not outlive the run, and what their logs say when they fail.

use crate::{cpus::Cpus, guardian, target::LogTail};
use anyhow::{Context, anyhow};
use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// How long a child may take to end after it was asked to.
pub const GRACE: Duration = Duration::from_secs(3);

/// A child process with a process group and a log of its own, killed when dropped.
///
/// With its own group, Ctrl-C in the terminal reaches only us, and whatever the child starts ends with it.
#[derive(Debug)]
pub struct Guarded {
    name: &'static str,
    child: Child,
    group: Pid,
    log: PathBuf,
}

/// What of a child's standard streams is connected to us; the rest goes to its log, or to nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pipes {
    /// We write to it.
    pub stdin: bool,
    /// We read from it.
    pub stdout: bool,
}

impl Guarded {
    /// Starts `command` on `cpus`.
    ///
    /// # Errors
    /// When the log cannot be written or the program cannot be started.
    pub fn spawn(
        name: &'static str,
        command: &mut Command,
        pipes: Pipes,
        cpus: Option<&Cpus>,
        log: &Path,
    ) -> anyhow::Result<Self> {
        let file = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        let stdout = match pipes.stdout {
            true => Stdio::piped(),
            false => file.try_clone().context("cannot use the log twice")?.into(),
        };
        let stdin = if pipes.stdin {
            Stdio::piped()
        } else {
            Stdio::null()
        };
        command.stdin(stdin).stdout(stdout).stderr(file);
        command.kill_on_drop(true);
        let program = command.as_std().get_program().to_os_string();
        let child = guardian::spawn(command, cpus)
            .with_context(|| format!("cannot start the {name}, {}", program.display()))?;
        let pid = child
            .id()
            .context("a child that was just started has a process id")?;
        let group = Pid::from_raw(pid.try_into().context("process ids fit in pid_t")?);
        Ok(Guarded {
            name,
            child,
            group,
            log: log.into(),
        })
    }

    /// CPU time of its first thread, nanoseconds.
    ///
    /// # Errors
    /// When it ended, or the kernel keeps no such account.
    pub fn cpu_ns(&self) -> anyhow::Result<u64> {
        let process = procfs::process::Process::new(self.group.as_raw())?;
        let schedstat = process.schedstat();
        let schedstat = schedstat.with_context(|| format!("the CPU time of the {}", self.name))?;
        Ok(schedstat.sum_exec_runtime)
    }

    /// The child's standard input, once, if it is connected to us.
    pub fn take_stdin(&mut self) -> Option<ChildStdin> {
        self.child.stdin.take()
    }

    /// The child's standard output, once, if it is connected to us.
    pub fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// Waits for the child's end; may be dropped and called again.
    ///
    /// # Errors
    /// As the system's.
    pub async fn wait(&mut self) -> anyhow::Result<ExitStatus> {
        self.child
            .wait()
            .await
            .with_context(|| format!("cannot wait for the {}", self.name))
    }

    /// Asks the child to end by `signal`; kills it and all it started if it does not within `grace`.
    pub async fn end(&mut self, signal: Signal, grace: Duration) -> anyhow::Result<ExitStatus> {
        self.signal(signal);
        if let Ok(ended) = tokio::time::timeout(grace, self.wait()).await {
            return ended;
        }
        self.signal(Signal::SIGKILL);
        self.wait().await
    }

    /// Signals the child's group. A group that is gone needs no signal, and one of another user (sudo) gets none.
    fn signal(&self, signal: Signal) {
        // Once the child was waited for, its id may belong to somebody else.
        if self.child.id().is_some() {
            let _ = killpg(self.group, signal);
        }
    }

    /// An error about this child: what went wrong, its log, and how that ends.
    pub fn trouble(&self, what: &str) -> anyhow::Error {
        anyhow!("the {} {what}. {}", self.name, LogTail::read(&self.log))
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        self.signal(Signal::SIGKILL);
        guardian::forget(self.group.as_raw().unsigned_abs());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str, log: &Path) -> Guarded {
        Guarded::spawn(
            "script",
            Command::new("sh").args(["-c", script]),
            Pipes::default(),
            None,
            log,
        )
        .unwrap()
    }

    #[tokio::test]
    async fn output_goes_to_the_log_and_errors_show_its_end() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("log");
        let mut child = sh("echo one; echo two >&2; exit 4", &log);
        assert_eq!(child.wait().await.unwrap().code(), Some(4));
        let error = child.trouble("failed").to_string();
        assert!(
            error.starts_with("the script failed. The end of its log, "),
            "{error}"
        );
        assert!(error.ends_with("\n  one\n  two"), "{error}");
    }

    #[tokio::test]
    async fn a_child_that_ignores_the_signal_is_killed() {
        let dir = tempfile::tempdir().unwrap();
        let mut child = sh(
            "trap '' TERM; while :; do sleep 0.01; done",
            &dir.path().join("log"),
        );
        let ended = child
            .end(Signal::SIGTERM, Duration::from_millis(50))
            .await
            .unwrap();
        assert!(!ended.success());
    }

    #[tokio::test]
    async fn dropping_kills_what_the_child_started_too() {
        let dir = tempfile::tempdir().unwrap();
        let (log, fifo) = (dir.path().join("log"), dir.path().join("fifo"));
        nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
        // The grandchild holds the write end; reading to the end returns only once it is gone.
        let script = format!("sleep 1000 > '{}' & wait", fifo.display());
        let child = sh(&script, &log);
        let reader = tokio::task::spawn_blocking(|| File::open(fifo))
            .await
            .unwrap();
        drop(child);
        let rest = tokio::task::spawn_blocking(|| std::io::read_to_string(reader.unwrap())).await;
        assert_eq!(rest.unwrap().unwrap(), "");
    }

    #[tokio::test]
    async fn a_program_that_is_not_there_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let mut command = Command::new("/nowhere/stub");
        let error = Guarded::spawn(
            "stub",
            &mut command,
            Pipes::default(),
            None,
            &dir.path().join("log"),
        );
        assert_eq!(
            error.unwrap_err().to_string(),
            "cannot start the stub, /nowhere/stub"
        );
    }
}
