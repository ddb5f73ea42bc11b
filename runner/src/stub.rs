//! The model's stand-in: one for the whole run.

use super::{
    child::{GRACE, Guarded, Pipes},
    cpus::Cpus,
    http,
};
use anyhow::Context;
use nix::sys::signal::Signal;
use serde::Deserialize;
use std::{path::Path, time::Duration};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{ChildStdout, Command},
    time::timeout,
};

/// How long the stub may take to say where it listens, and to answer about itself.
const PATIENCE: Duration = Duration::from_secs(10);
/// What the stub's address begins with.
const SCHEME: &str = "http://";

/// A running stub.
pub struct Stub {
    process: Guarded,
    /// Kept open, so that the stub can always write.
    _stdout: BufReader<ChildStdout>,
    url: String,
}

/// What the model says.
#[derive(Clone, Copy, Debug, Default)]
pub struct Said<'a> {
    /// The script it plays, which then has its own number of tokens.
    pub script: Option<&'a Path>,
    /// Content tokens of each answer, without a script.
    pub tokens: u32,
    /// Time between two of them.
    pub delay: Duration,
}

/// What the stub moved over its sockets since it began, headers included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Moved {
    /// Bytes written.
    pub bytes_sent: u64,
    /// Bytes read.
    pub bytes_received: u64,
    /// Content tokens written.
    #[serde(default)]
    pub tokens_sent: u64,
    /// CPU time it took; the kernel tells that, not the stub.
    #[serde(skip)]
    pub cpu_ns: u64,
}

/// Where the stub's counters stood, and what asking for them adds to them: an answer and the next question.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    at: Moved,
    asking: Moved,
}

impl Moved {
    /// With what another peer moved; tokens are the model's alone.
    pub fn and(self, other: Self) -> Self {
        Moved {
            bytes_sent: self.bytes_sent + other.bytes_sent,
            bytes_received: self.bytes_received + other.bytes_received,
            ..self
        }
    }

    /// Growth since `before`.
    pub fn since(self, before: Self) -> Self {
        Moved {
            bytes_sent: self.bytes_sent.saturating_sub(before.bytes_sent),
            bytes_received: self.bytes_received.saturating_sub(before.bytes_received),
            tokens_sent: self.tokens_sent.saturating_sub(before.tokens_sent),
            cpu_ns: self.cpu_ns.saturating_sub(before.cpu_ns),
        }
    }
}

impl Stub {
    /// Starts the stub at `program` so that it says `what`, and waits for its address.
    ///
    /// # Errors
    /// When it cannot be started, ends, or names no address; with its log's end.
    pub async fn start(
        program: &Path,
        what: &Said<'_>,
        cpus: Option<&Cpus>,
        log: &Path,
    ) -> anyhow::Result<Self> {
        let mut command = Command::new(program);
        command.args(["--addr", "127.0.0.1:0"]);
        match what.script {
            Some(script) => command.arg("--script").arg(script),
            None => command.args(["--tokens", &what.tokens.to_string()]),
        };
        command.args(["--delay", &format!("{}us", what.delay.as_micros())]);
        let pipes = Pipes {
            stdout: true,
            ..Pipes::default()
        };
        let mut process = Guarded::spawn("stub", &mut command, pipes, cpus, log)?;
        let stdout = process
            .take_stdout()
            .context("the stub's output was asked for")?;
        let mut stdout = BufReader::new(stdout);
        let mut line = String::new();
        let url = match timeout(PATIENCE, stdout.read_line(&mut line)).await {
            Ok(Ok(_)) if line.starts_with(SCHEME) => line.trim_end().to_owned(),
            Ok(Ok(0)) => return Err(process.trouble("ended before it was listening")),
            Ok(_) => {
                return Err(process.trouble(&format!("printed {line:?} in place of its address")));
            }
            Err(_) => return Err(process.trouble(&format!("did not listen within {PATIENCE:?}"))),
        };
        Ok(Stub {
            process,
            _stdout: stdout,
            url,
        })
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where its counters stand now.
    ///
    /// # Errors
    /// When it does not answer, with its log's end.
    pub async fn mark(&self) -> anyhow::Result<Mark> {
        let before = self.moved().await?;
        let at = self.moved().await?;
        Ok(Mark {
            at,
            asking: at.since(before),
        })
    }

    /// What it has moved since, without what asking moved.
    ///
    /// # Errors
    /// When it does not answer, with its log's end.
    pub async fn moved_since(&self, mark: &Mark) -> anyhow::Result<Moved> {
        Ok(self.moved().await?.since(mark.at).since(mark.asking))
    }

    async fn moved(&self) -> anyhow::Result<Moved> {
        let authority = self.url.trim_start_matches(SCHEME).trim_end_matches('/');
        let authority = authority.to_owned();
        let answer = tokio::task::spawn_blocking(move || http::get(&authority, "/stats", PATIENCE));
        let answer = answer.await.context("the request was cancelled")?;
        let moved = answer.and_then(|body| {
            let cpu_ns = self.process.cpu_ns()?;
            let moved = serde_json::from_slice(&body)?;
            Ok(Moved { cpu_ns, ..moved })
        });
        moved.map_err(|error| {
            self.process
                .trouble(&format!("does not tell its counters ({error:#})"))
        })
    }

    /// Ends the stub.
    ///
    /// # Errors
    /// As the system's.
    pub async fn end(mut self) -> anyhow::Result<()> {
        self.process.end(Signal::SIGTERM, GRACE).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    /// What starting this script as the stub fails with.
    async fn refused(script: &str) -> String {
        let dir = tempfile::tempdir().unwrap();
        let program = testing::program(dir.path(), script);
        let log = dir.path().join("stub.log");
        let stub = Stub::start(&program, &Said::default(), None, &log).await;
        format!("{:#}", stub.err().unwrap())
    }

    #[tokio::test]
    async fn a_stub_that_does_not_listen_is_quoted() {
        let error = refused("echo 'address in use' >&2; exit 1").await;
        assert!(
            error.starts_with("the stub ended before it was listening. The end of its log, "),
            "{error}"
        );
        assert!(error.ends_with("\n  address in use"), "{error}");
        let error = refused("echo hello; exec sleep 1000").await;
        assert!(
            error.contains(r#"printed "hello\n" in place of its address"#),
            "{error}"
        );
    }

    #[test]
    fn counters_that_began_anew_do_not_wrap() {
        let moved = |bytes_sent, bytes_received| Moved {
            bytes_sent,
            bytes_received,
            tokens_sent: bytes_sent,
            cpu_ns: bytes_sent,
        };
        assert_eq!(moved(9, 5).since(moved(4, 5)), moved(5, 0));
        assert_eq!(moved(1, 1).since(moved(4, 5)), moved(0, 0));
    }
}
