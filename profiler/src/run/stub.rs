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

/// What the stub moved over its sockets since it began, headers included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Moved {
    /// Bytes written.
    pub bytes_sent: u64,
    /// Bytes read.
    pub bytes_received: u64,
}

impl Moved {
    /// Growth since `before`.
    pub fn since(self, before: Self) -> Self {
        Moved {
            bytes_sent: self.bytes_sent.saturating_sub(before.bytes_sent),
            bytes_received: self.bytes_received.saturating_sub(before.bytes_received),
        }
    }
}

impl Stub {
    /// Starts the stub at `program` with `tokens` content tokens per answer, `delay` apart, and waits for its address.
    ///
    /// # Errors
    /// When it cannot be started, ends, or names no address; with its log's end.
    pub async fn start(
        program: &Path,
        (tokens, delay): (u32, Duration),
        cpus: Option<&Cpus>,
        log: &Path,
    ) -> anyhow::Result<Self> {
        let mut command = Command::new(program);
        command.args(["--addr", "127.0.0.1:0", "--tokens", &tokens.to_string()]);
        command.args(["--delay", &format!("{}us", delay.as_micros())]);
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

    /// What it has moved so far.
    ///
    /// # Errors
    /// When it does not answer, with its log's end.
    pub async fn moved(&self) -> anyhow::Result<Moved> {
        let authority = self.url.trim_start_matches(SCHEME).trim_end_matches('/');
        let answer = match timeout(PATIENCE, http::get(authority, "/stats")).await {
            Ok(answer) => answer,
            Err(_) => Err(anyhow::anyhow!("no answer within {PATIENCE:?}")),
        };
        let moved = answer.and_then(|body| Ok(serde_json::from_slice(&body)?));
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
