//! The `stub` command.

use anyhow::Context;
use clap::Parser;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use std::{io::Write, net::SocketAddr, num::NonZero, time::Duration};
use tokio::signal::unix::{SignalKind, signal};

/// A stand-in for an OpenAI-compatible streaming model.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// Address to listen on; port 0 picks a free one
    #[arg(long, default_value = "127.0.0.1:0")]
    addr: SocketAddr,
    /// Tokens in each answer
    #[arg(long, default_value_t = 50)]
    tokens: u32,
    /// Time before the first token and between two
    #[arg(long, default_value = "20ms", value_parser = humantime::parse_duration)]
    delay: Duration,
    /// Threads that serve, each on at most one core
    #[arg(long, default_value = "1")]
    threads: NonZero<usize>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    raise_descriptor_limit().context("cannot raise the limit of open files")?;
    let listener = stub::bind(args.addr)
        .with_context(|| format!("cannot listen on {}; is the port taken?", args.addr))?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut out = std::io::stdout();
    writeln!(out, "http://{}", listener.local_addr()?)?;
    out.flush()?;
    let config = stub::Config {
        threads: args.threads,
        tick: Duration::from_micros(250),
        tokens: args.tokens,
        delay: args.delay,
    };
    let shutdown = async {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    stub::serve(config, listener, shutdown)
        .await
        .context("the server failed")
}

/// Each stream holds a socket; the usual soft limit of 1,024 files would end the run there.
fn raise_descriptor_limit() -> nix::Result<()> {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard)
}
