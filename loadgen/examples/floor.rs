//! Minimal client on tokio and hyper: it reads a token stream and counts its tokens.
//!
//! It measures and checks nothing, so the CPU time that `loadgen` needs beyond it is the cost of
//! measuring. Its users start and pause as those of `loadgen` do, since a client's cost per token
//! depends on how many tokens arrive together.
//!
//! `cargo run --release -p loadgen --example floor -- URL USERS SECONDS` prints one line of JSON.

use anyhow::{Context as _, Result};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use loadgen::client::{Address, Request, Target, Template, Transport, Values};
use loadgen::desync::{stagger, think_time};
use loadgen::measure::Usage;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::time::sleep;

const BODY: &str =
    r#"{"model":"stub","stream":true,"messages":[{"role":"user","content":"hello"}]}"#;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, users, seconds] = &arguments[..] else {
        anyhow::bail!("usage: floor URL USERS SECONDS");
    };
    let users: usize = users.parse().context("USERS must be a number")?;
    let seconds: u64 = seconds.parse().context("SECONDS must be a number")?;
    let target = Arc::new(Target::new(url, &Transport::default())?);
    let (before, begin) = (Usage::now(), Instant::now());
    let end = begin + Duration::from_secs(seconds);
    let tokens = Arc::new(AtomicU64::new(0));
    let tasks: Vec<_> = (0..users)
        .map(|index| tokio::spawn(user(index, target.clone(), end, tokens.clone())))
        .collect();
    for task in tasks {
        task.await??;
    }
    let after = Usage::now();
    let (tokens, cpu_ns) = (tokens.load(Relaxed), after.cpu_ns - before.cpu_ns);
    println!(
        "{}",
        serde_json::json!({
            "tokens": tokens,
            "cpu_ns": cpu_ns,
            "cpu_ns_per_token": cpu_ns as f64 / tokens.max(1) as f64,
            "peak_rss_bytes": after.peak_rss_bytes,
            "elapsed_ns": begin.elapsed().as_nanos() as u64,
        })
    );
    Ok(())
}

async fn user(
    index: usize,
    target: Arc<Target>,
    end: Instant,
    tokens: Arc<AtomicU64>,
) -> Result<()> {
    sleep(stagger(index)).await;
    let Address::Tcp(addresses) = &target.address else {
        anyhow::bail!("URL must be http://");
    };
    let tcp = TcpStream::connect(&addresses[..]).await?;
    tcp.set_nodelay(true)?;
    let (mut sender, connection) = http1::handshake::<_, Full<Bytes>>(TokioIo::new(tcp)).await?;
    tokio::spawn(connection);
    let request = Request::new(Template::parse(BODY), &[])?;
    for turn in 1.. {
        let begun = Instant::now();
        if begun >= end {
            break;
        }
        sender.ready().await?;
        let http = target.address_to(&request, &Values::default());
        let answer = sender.send_request(http.map(Full::new)).await?;
        anyhow::ensure!(answer.status().is_success(), "status {}", answer.status());
        let mut body = answer.into_body();
        while let Some(frame) = body.frame().await {
            if let Some(data) = frame?.data_ref() {
                let found = memchr::memmem::find_iter(data, b"\"content\":\" ").count();
                tokens.fetch_add(found as u64, Relaxed);
            }
        }
        if let Some(pause) = think_time(index, turn, begun.elapsed()) {
            sleep(pause).await;
        }
    }
    Ok(())
}
