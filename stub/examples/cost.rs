//! What a token costs the stub: CPU time a token, and whether the schedule was kept.
//!
//! `cargo run --release -p stub --example cost -- STREAMS TOKENS DELAY [ARGUMENT OF STUB]…`, for instance `2000 250 20ms`.
//! Reads all streams to their end and then asks the kernel and `GET /stats` what it took. Pin the stub and this reader
//! to cores of their own (`STUB_CPU=0 taskset -c 1 …`) for figures that mean something.

use anyhow::{Context, bail};
use serde_json::Value;
use std::{
    env, fs,
    io::{BufRead, BufReader, Write},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

struct Stub {
    process: Child,
    addr: String,
}

impl Drop for Stub {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let args: Vec<_> = env::args().skip(1).collect();
    let [streams, tokens, delay, rest @ ..] = args.as_slice() else {
        bail!("usage: cost STREAMS TOKENS DELAY [ARGUMENT OF STUB]…");
    };
    let streams: u32 = streams.parse().context("STREAMS is a number")?;
    let stub = start(&[&["--tokens", tokens, "--delay", delay], &*strs(rest)].concat())?;
    let begin = Instant::now();
    let mut reads = JoinSet::new();
    for _ in 0..streams {
        reads.spawn(read_stream(stub.addr.clone()));
    }
    while let Some(read) = reads.join_next().await {
        read??;
    }
    report(&stub, begin.elapsed()).await
}

fn strs(args: &[String]) -> Vec<&str> {
    args.iter().map(String::as_str).collect()
}

fn start(args: &[&str]) -> anyhow::Result<Stub> {
    let here = env::current_exe()?;
    let folder = here
        .parent()
        .and_then(|examples| examples.parent())
        .context("no folder above")?;
    let stub = folder.join("stub");
    let mut command = match env::var("STUB_CPU") {
        Ok(cpu) => {
            let mut taskset = Command::new("taskset");
            taskset.args(["-c", &cpu]).arg(&stub);
            taskset
        }
        Err(_) => Command::new(&stub),
    };
    let mut process = command
        .args(args)
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}; build the stub first", stub.display()))?;
    let mut line = String::new();
    BufReader::new(process.stdout.take().context("stdout is piped")?).read_line(&mut line)?;
    let addr = line.trim().trim_start_matches("http://").to_owned();
    Ok(Stub { process, addr })
}

async fn read_stream(addr: String) -> anyhow::Result<()> {
    let body = r#"{"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}]}"#;
    let mut socket = TcpStream::connect(&addr).await?;
    let length = body.len();
    let request = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: stub\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    socket.write_all(request.as_bytes()).await?;
    let mut buffer = [0; 2048];
    while socket.read(&mut buffer).await? > 0 {}
    Ok(())
}

/// What the kernel alone takes for a write of a chunk's size, in nanoseconds of CPU time: no stub can be cheaper.
fn bare_write_ns() -> anyhow::Result<f64> {
    const SOCKETS: u32 = 500;
    const ROUNDS: u32 = 60;
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    let mut pairs = Vec::new();
    for _ in 0..SOCKETS {
        let reader = std::net::TcpStream::connect(listener.local_addr()?)?;
        let (writer, _) = listener.accept()?;
        writer.set_nodelay(true)?;
        pairs.push((reader, writer));
    }
    let before = cpu_ns(std::process::id())?;
    for _ in 0..ROUNDS {
        for (_, writer) in &mut pairs {
            writer.write_all(&[b'x'; 250])?;
        }
    }
    let after = cpu_ns(std::process::id())?;
    Ok((after - before) / f64::from(SOCKETS * ROUNDS))
}

async fn report(stub: &Stub, took: Duration) -> anyhow::Result<()> {
    let cpu_ns = cpu_ns(stub.process.id())?;
    let stats = stats(&stub.addr).await?;
    let count = |name: &str| stats[name].as_f64().unwrap_or_default();
    let tokens = count("tokens_sent");
    println!(
        "{tokens} tokens in {took:.2?}: {:.0} a second",
        tokens / took.as_secs_f64()
    );
    println!(
        "{:.2} µs CPU a token, {:.0} % of a core",
        cpu_ns / tokens / 1e3,
        cpu_ns / took.as_nanos() as f64 * 100.0
    );
    println!(
        "{:.2} µs CPU a bare write of 250 bytes, the floor",
        bare_write_ns()? / 1e3
    );
    println!("{:.2} tokens a write", tokens / count("writes"));
    println!(
        "late by {:.0} µs (p50), {:.0} µs (p99)",
        count("lateness_p50_ns") / 1e3,
        count("lateness_p99_ns") / 1e3
    );
    println!("peak RSS {}", peak_rss(stub.process.id())?);
    Ok(())
}

/// CPU time of all threads since they began.
fn cpu_ns(pid: u32) -> anyhow::Result<f64> {
    let mut sum = 0.0;
    for task in fs::read_dir(format!("/proc/{pid}/task"))? {
        let schedstat = fs::read_to_string(task?.path().join("schedstat"))?;
        sum += schedstat
            .split_whitespace()
            .next()
            .context("schedstat is empty")?
            .parse::<f64>()?;
    }
    Ok(sum)
}

fn peak_rss(pid: u32) -> anyhow::Result<String> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    Ok(line.context("no VmHWM")?.trim().to_owned())
}

async fn stats(addr: &str) -> anyhow::Result<Value> {
    let mut socket = TcpStream::connect(addr).await?;
    socket
        .write_all(b"GET /stats HTTP/1.1\r\nhost: stub\r\nconnection: close\r\n\r\n")
        .await?;
    let mut text = String::new();
    socket.read_to_string(&mut text).await?;
    let body = text.split_once("\r\n\r\n").context("no body")?.1;
    Ok(serde_json::from_str(body)?)
}
