//! One measurement: a fresh stub, a client, what the client cost.

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

/// How often a client's highest resident set is read while it runs.
const LOOK: Duration = Duration::from_millis(20);

/// What one client cost in one round.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// Content tokens the stub sent it.
    pub tokens: f64,
    /// CPU time of the whole process, its start and end included.
    pub cpu_ns: f64,
    /// Highest resident set.
    pub peak_rss_bytes: f64,
}

/// A stub that is ended when dropped.
pub struct Stub {
    child: Child,
    address: String,
}

impl Stub {
    /// Starts one with 50 tokens an answer, 20 ms apart.
    ///
    /// # Errors
    /// It does not start, or does not say where it is.
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
        read.context("the stub does not say where it is")?;
        Ok(stub)
    }

    /// Where clients send their requests.
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
        let stats: serde_json::Value = serde_json::from_str(body).context("odd stats")?;
        stats["tokens_sent"]
            .as_f64()
            .context("the stub counts no tokens")
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        // It may have ended already; there is nobody to tell anything else.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a client to its end.
///
/// # Errors
/// It cannot be started, fails, or loads nothing.
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
    // loadgen's 3 says that the machine was too busy for its timing; what it cost is true all the same.
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

/// CPU time of all children that have been waited for.
fn children_cpu_ns() -> Result<f64> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let ns = |time: TimeVal| time.num_nanoseconds() as f64;
    Ok(ns(usage.user_time()) + ns(usage.system_time()))
}
