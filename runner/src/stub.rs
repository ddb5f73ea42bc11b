//! The stand-in for the model: one for the whole run.

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

/// Time that the stub has to print its address, and to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Prefix of the stub's address.
const SCHEME: &str = "http://";

/// A running stub.
pub struct Stub {
    process: Guarded,
    /// Kept open, so that the stub can always write.
    _stdout: BufReader<ChildStdout>,
    url: String,
}

/// The answers of the model.
#[derive(Clone, Copy, Debug, Default)]
pub struct Said<'a> {
    /// The script that it plays, which has its own number of tokens.
    pub script: Option<&'a Path>,
    /// Content tokens of each answer, without a script.
    pub tokens: u32,
    /// Time between two tokens.
    pub delay: Duration,
}

/// Bytes and tokens that a peer has moved over its sockets since it began, headers included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Moved {
    /// Bytes written.
    pub bytes_sent: u64,
    /// Bytes read.
    pub bytes_received: u64,
    /// Content tokens written.
    #[serde(default)]
    pub tokens_sent: u64,
    /// CPU time of its first thread, from the kernel.
    #[serde(skip)]
    pub cpu_ns: u64,
}

/// The stub's counters at one time, and the share of the request for them: an answer and the next
/// request.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    at: Moved,
    asking: Moved,
}

impl Moved {
    /// Adds the bytes of another peer; tokens are the model's alone.
    pub fn and(self, other: Self) -> Self {
        Moved {
            bytes_sent: self.bytes_sent + other.bytes_sent,
            bytes_received: self.bytes_received + other.bytes_received,
            ..self
        }
    }

    /// Returns the growth since `before`.
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
    /// Starts the stub at `program` with these answers, and waits for its address.
    ///
    /// # Errors
    /// Fails if it cannot be started, ends, or prints no address, with the end of its log.
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

    /// Returns `http://127.0.0.1:PORT`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns its counters.
    ///
    /// # Errors
    /// Fails if it does not answer, with the end of its log.
    pub async fn mark(&self) -> anyhow::Result<Mark> {
        let before = self.moved().await?;
        let at = self.moved().await?;
        Ok(Mark {
            at,
            asking: at.since(before),
        })
    }

    /// Returns the growth of its counters since `mark`, without the request for them.
    ///
    /// # Errors
    /// Fails if it does not answer, with the end of its log.
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
                .trouble(&format!("returned no counters ({error:#})"))
        })
    }

    /// Ends the stub.
    ///
    /// # Errors
    /// Fails if the system does.
    pub async fn end(mut self) -> anyhow::Result<()> {
        self.process.end(Signal::SIGTERM, GRACE).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    /// Returns the error of starting this script as the stub.
    async fn refused(script: &str) -> String {
        let dir = tempfile::tempdir().unwrap();
        let program = testing::program(dir.path(), script);
        let log = dir.path().join("stub.log");
        let stub = Stub::start(&program, &Said::default(), None, &log).await;
        format!("{:#}", stub.err().unwrap())
    }

    #[tokio::test]
    async fn quotes_the_log_of_a_stub_that_does_not_listen() {
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
    fn saturates_counters_that_were_reset() {
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
