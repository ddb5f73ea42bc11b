//! The `stub` command.

mod cli;

use anyhow::Context;
use clap::Parser;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use std::io::Write;
use tokio::signal::unix::{Signal, SignalKind, signal};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let args = cli::Args::parse();
    let (addr, check) = (args.addr, args.check);
    let config = args.config()?;
    if check {
        let replies = config.script.replies();
        let line = format!("The script is valid and has {replies} replies.");
        return writeln!(std::io::stdout(), "{line}").context("cannot print the result");
    }
    raise_descriptor_limit().context("cannot raise the limit of open files (RLIMIT_NOFILE)")?;
    let listener = stub::bind(addr).with_context(|| {
        format!("cannot listen on {addr}; if the port is in use, pass another with --addr, or port 0 for a free one")
    })?;
    let shutdown = shutdown()?;
    announce(&listener).context("cannot print the address")?;
    stub::serve(config, listener, shutdown)
        .await
        .context("the stub stopped serving")
}

/// Prints the address on one line, which the parent process waits for.
fn announce(listener: &tokio::net::TcpListener) -> std::io::Result<()> {
    let mut out = std::io::stdout();
    writeln!(out, "http://{}", listener.local_addr()?)?;
    out.flush()
}

/// Returns a future that waits for SIGTERM or SIGINT. Signals count from now on, not from the first
/// poll.
fn shutdown() -> std::io::Result<impl Future<Output = ()>> {
    let mut terminate: Signal = signal(SignalKind::terminate())?;
    let mut interrupt: Signal = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Raises the soft limit of open files: each stream needs one, and the default is often 1,024.
fn raise_descriptor_limit() -> nix::Result<()> {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard)
}
