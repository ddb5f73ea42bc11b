//! One measurement: a fresh stub, a client, and the client's cost.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::{TimeVal, TimeValLike};

use crate::project;
use crate::usage::peak_rss;

/// Interval at which a client's resident set is read.
const LOOK: Duration = Duration::from_millis(20);

/// Cost of one client in one round.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// Content tokens that the stub sent.
    pub tokens: f64,
    /// CPU time of the whole process, with start and end.
    pub cpu_ns: f64,
    /// Highest resident set.
    pub peak_rss_bytes: f64,
}

/// A stub. Dropping it ends it.
pub struct Stub {
    child: Child,
    address: String,
}

impl Stub {
    /// Starts a stub with 50 tokens per answer, 20 ms apart.
    ///
    /// # Errors
    /// Fails if it does not start, or prints no address.
    pub fn start() -> Result<Self> {
        let mut child = Command::new(project::binary("stub"))
            .args(["--tokens", "50", "--delay", "20ms"])
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start the stub")?;
        let stdout = child.stdout.take().context("stdout was asked for")?;
        let mut line = String::new();
        let read = BufReader::new(stdout).read_line(&mut line);
        let address = line.trim().trim_start_matches("http://").to_owned();
        let stub = Self { child, address };
        read.context("the stub prints no address")?;
        Ok(stub)
    }

    /// Returns the URL for requests.
    pub fn url(&self) -> String {
        format!("http://{}/v1/chat/completions", self.address)
    }

    fn tokens(&self) -> Result<f64> {
        let mut stream = TcpStream::connect(&self.address).context("the stub is gone")?;
        let address = &self.address;
        write!(
            stream,
            "GET /stats HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n"
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        let stats: serde_json::Value = serde_json::from_str(body).context("malformed stats")?;
        stats["tokens_sent"]
            .as_f64()
            .context("the stub counts no tokens")
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a client to its end.
///
/// # Errors
/// Fails if it cannot be started, fails, or requests no tokens.
pub fn measure(stub: &Stub, command: &mut Command) -> Result<Cost> {
    let before = children_cpu_ns()?;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot start it")?;
    let mut peak_rss_bytes = 0.0;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        peak_rss_bytes = peak_rss(child.id()).unwrap_or(peak_rss_bytes);
        thread::sleep(LOOK);
    };
    let cpu_ns = children_cpu_ns()? - before;
    let mut said = String::new();
    if let Some(mut stderr) = child.stderr.take() {
        stderr.read_to_string(&mut said).unwrap_or_default();
    }
    // loadgen's 3 means that the machine was too busy for its timing. Its cost is valid all the
    // same.
    let usable = matches!(status.code(), Some(0 | 3));
    ensure!(usable, "it ended with {status}: {}", said.trim());
    let tokens = stub.tokens()?;
    ensure!(tokens > 0.0, "it asked for no tokens: {}", said.trim());
    Ok(Cost {
        tokens,
        cpu_ns,
        peak_rss_bytes,
    })
}

/// Returns the CPU time of all children that were waited for.
fn children_cpu_ns() -> Result<f64> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let ns = |time: TimeVal| time.num_nanoseconds() as f64;
    Ok(ns(usage.user_time()) + ns(usage.system_time()))
}
