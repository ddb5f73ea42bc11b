//! Measures the stub's CPU time per token and the lateness of its tokens.
//!
//! `cargo run --release -p stub --example cost -- STREAMS TOKENS DELAY [ARGUMENT OF STUB]…`, for
//! example `2000 250 20ms`. Reads all streams to the end, then takes the CPU time from the kernel
//! and the lateness from `GET /stats`. Prints the cost of bare writes to the same readers for
//! comparison. Pin the stub and this reader to different cores (`STUB_CPU=0 taskset -c 1 …`), or
//! they compete for one.
//!
//! The first line is of the whole run. The second is of the time in which all streams were open:
//! due tokens leave before new requests are read, so that a loaded stub opens streams slowly.

mod bare;
mod window;

use anyhow::{Context, bail};
use serde_json::Value;
use std::{
    env, fs,
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};
use window::Progress;

/// A streaming server process, killed on drop.
struct Server {
    process: Child,
    stdout: BufReader<ChildStdout>,
    addr: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let args: Vec<_> = env::args().skip(1).collect();
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    if let ["--bare", streams, tokens, delay] = args[..] {
        return bare::serve(
            streams.parse()?,
            tokens.parse()?,
            stub::duration(delay).map_err(anyhow::Error::msg)?,
        );
    }
    let [streams, tokens, delay, rest @ ..] = &args[..] else {
        bail!("usage: cost STREAMS TOKENS DELAY [ARGUMENT OF STUB]…");
    };
    let count: u32 = streams.parse().context("STREAMS is a number")?;
    let here = env::current_exe()?;
    let folder = here.ancestors().nth(2).context("no folder above")?;
    let stub = start(
        &folder.join("stub"),
        &[&["--tokens", tokens, "--delay", delay], rest].concat(),
    )?;
    let progress = Arc::new(Progress::default());
    let (took, steady) = tokio::join!(
        read_streams(&stub.addr, count, &progress),
        window::measure(&stub, count, &progress),
    );
    report(&stub, took?).await?;
    match steady? {
        Some(steady) => println!("{steady}"),
        None => println!("never all streams at once; ask for more tokens"),
    }
    let bare = start(&here, &["--bare", streams, tokens, delay])?;
    read_streams(&bare.addr, count, &Arc::default()).await?;
    report_floor(bare)
}

fn start(program: &Path, args: &[&str]) -> anyhow::Result<Server> {
    let mut command = match env::var("STUB_CPU") {
        Ok(cpu) => {
            let mut taskset = Command::new("taskset");
            taskset.args(["-c", &cpu]).arg(program);
            taskset
        }
        Err(_) => Command::new(program),
    };
    let mut process = command
        .args(args)
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}; build the stub first", program.display()))?;
    let mut line = String::new();
    let mut stdout = BufReader::new(process.stdout.take().context("stdout is piped")?);
    stdout.read_line(&mut line)?;
    let addr = line.trim().trim_start_matches("http://").to_owned();
    Ok(Server {
        process,
        stdout,
        addr,
    })
}

async fn read_streams(
    addr: &str,
    count: u32,
    progress: &Arc<Progress>,
) -> anyhow::Result<Duration> {
    let begin = Instant::now();
    let mut reads = JoinSet::new();
    for _ in 0..count {
        reads.spawn(read_stream(addr.to_owned(), Arc::clone(progress)));
    }
    while let Some(read) = reads.join_next().await {
        progress.ended.fetch_add(1, Ordering::Relaxed);
        read??;
    }
    Ok(begin.elapsed())
}

async fn read_stream(addr: String, progress: Arc<Progress>) -> anyhow::Result<()> {
    let body = r#"{"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}]}"#;
    let mut socket = TcpStream::connect(&addr).await?;
    let length = body.len();
    let request = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: stub\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    socket.write_all(request.as_bytes()).await?;
    let mut buffer = [0; 2048];
    if socket.read(&mut buffer).await? > 0 {
        progress.begun.fetch_add(1, Ordering::Relaxed);
        while socket.read(&mut buffer).await? > 0 {}
    }
    Ok(())
}

async fn report(stub: &Server, took: Duration) -> anyhow::Result<()> {
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
    println!("{:.2} tokens a write", tokens / count("writes"));
    println!(
        "late by {:.0} µs (p50), {:.0} µs (p99)",
        count("lateness_p50_ns") / 1e3,
        count("lateness_p99_ns") / 1e3
    );
    println!("peak RSS {}", peak_rss(stub.process.id())?);
    Ok(())
}

fn report_floor(mut bare: Server) -> anyhow::Result<()> {
    let mut text = String::new();
    bare.stdout.read_to_string(&mut text)?;
    let ns: f64 = text.trim().parse().context("the bare writes failed")?;
    println!(
        "{:.2} µs CPU a bare write to the same readers, the floor",
        ns / 1e3
    );
    Ok(())
}

/// Returns the CPU time of all threads since their start.
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
