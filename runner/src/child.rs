//! Child processes that do not outlive the run, and their logs.

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

/// Time that a child has to end after it was asked to.
pub const GRACE: Duration = Duration::from_secs(3);

/// A child process with its own process group and log, killed when dropped.
///
/// The group keeps Ctrl-C in the terminal from the child, and takes the children of the child
/// along.
#[derive(Debug)]
pub struct Guarded {
    name: &'static str,
    child: Child,
    group: Pid,
    log: PathBuf,
}

/// The child's standard streams that are pipes to this process. The other output goes to the log.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pipes {
    /// This process writes to it.
    pub stdin: bool,
    /// This process reads from it.
    pub stdout: bool,
}

impl Guarded {
    /// Starts `command` on `cpus`.
    ///
    /// # Errors
    /// Fails if the log cannot be written or the program cannot be started.
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
            false => file
                .try_clone()
                .context("cannot duplicate the log's descriptor")?
                .into(),
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

    /// Returns the CPU time of its first thread, in nanoseconds.
    ///
    /// # Errors
    /// Fails if it has ended, or the kernel was built without schedstat.
    pub fn cpu_ns(&self) -> anyhow::Result<u64> {
        let process = procfs::process::Process::new(self.group.as_raw())?;
        let schedstat = process.schedstat();
        let schedstat = schedstat.with_context(|| format!("the CPU time of the {}", self.name))?;
        Ok(schedstat.sum_exec_runtime)
    }

    /// Takes the child's standard input, if it is a pipe.
    pub fn take_stdin(&mut self) -> Option<ChildStdin> {
        self.child.stdin.take()
    }

    /// Takes the child's standard output, if it is a pipe.
    pub fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// Waits for the child's end. It may be dropped and called again.
    ///
    /// # Errors
    /// Fails if the system does.
    pub async fn wait(&mut self) -> anyhow::Result<ExitStatus> {
        self.child
            .wait()
            .await
            .with_context(|| format!("cannot wait for the {}", self.name))
    }

    /// Sends `signal` to the child's group, and kills the group if the child has not ended within
    /// `grace`.
    ///
    /// # Errors
    /// Fails if the system does.
    pub async fn end(&mut self, signal: Signal, grace: Duration) -> anyhow::Result<ExitStatus> {
        self.signal(signal);
        if let Ok(ended) = tokio::time::timeout(grace, self.wait()).await {
            return ended;
        }
        self.signal(Signal::SIGKILL);
        self.wait().await
    }

    /// Signals the child's group. A group that has ended needs no signal, and one of another user
    /// (sudo) cannot get any.
    fn signal(&self, signal: Signal) {
        // Once the child was waited for, its id may belong to another process.
        if self.child.id().is_some() {
            let _ = killpg(self.group, signal);
        }
    }

    /// Returns an error about this child with the end of its log.
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
    async fn writes_output_to_the_log_and_quotes_its_end() {
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
    async fn kills_a_child_that_ignores_the_signal() {
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
    async fn kills_grandchildren_when_dropped() {
        let dir = tempfile::tempdir().unwrap();
        let (log, fifo) = (dir.path().join("log"), dir.path().join("fifo"));
        nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
        // The grandchild holds the write end, so reading to the end returns only once it has ended.
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
    async fn reports_a_missing_program() {
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
