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
        println!(
            "The script can be used; it has {} replies.",
            config.script.replies()
        );
        return Ok(());
    }
    raise_descriptor_limit().context("cannot raise the limit of open files")?;
    let listener = stub::bind(addr).with_context(|| {
        format!("cannot listen on {addr}; if the port is taken, choose another with --addr, or 0 for a free one")
    })?;
    let shutdown = shutdown()?;
    announce(&listener).context("cannot print the address")?;
    stub::serve(config, listener, shutdown)
        .await
        .context("the server failed")
}

/// One line for whoever started us: they wait for it.
fn announce(listener: &tokio::net::TcpListener) -> std::io::Result<()> {
    let mut out = std::io::stdout();
    writeln!(out, "http://{}", listener.local_addr()?)?;
    out.flush()
}

/// Ready when the stub is asked to end; from now on, not only once it is awaited.
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

/// Each stream holds a socket; the usual soft limit of 1,024 files would end the run there.
fn raise_descriptor_limit() -> nix::Result<()> {
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard)
}
