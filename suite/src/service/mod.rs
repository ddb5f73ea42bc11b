//! Databases as services of `kontrast run --service NAME=CMD`.
//!
//! A service prints the variables that the arm needs, then `ready`. It ends when its standard input
//! is closed; docs/workloads.md describes the protocol.

pub mod account;
pub mod log;
pub mod postgres;
pub mod redis;

use std::io::{self, BufRead, Write};

use anyhow::{Context, Result};
use clap::Subcommand;
use log::Log;

/// A database that can be started.
#[derive(Clone, Copy, Debug, Subcommand)]
pub enum Service {
    /// Start a PostgreSQL on a free port of loopback, in a folder that is removed afterwards.
    Postgres,
    /// Start a Redis on a free port of loopback, without files.
    Redis,
}

/// Bytes that a service sent and received on its sockets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Bytes sent.
    pub sent: u64,
    /// Bytes received.
    pub received: u64,
}

impl Traffic {
    /// Returns the growth since `before`.
    pub fn since(self, before: Self) -> Self {
        Self {
            sent: self.sent.saturating_sub(before.sent),
            received: self.received.saturating_sub(before.received),
        }
    }

    /// Returns the sum of both.
    pub fn plus(self, other: Self) -> Self {
        Self {
            sent: self.sent + other.sent,
            received: self.received + other.received,
        }
    }
}

impl Service {
    /// Runs the database until standard input is closed.
    ///
    /// # Errors
    /// Fails if the database is not installed or does not start, with the end of its log.
    pub fn run(self) -> Result<()> {
        let (input, mut output) = (io::stdin().lock(), io::stdout().lock());
        let log = &Log::Inherited;
        match self {
            Self::Postgres => {
                let installation = postgres::Installation::find()?;
                let server = postgres::Server::start(&installation, &[], log)?;
                announce(
                    &mut output,
                    ("DATABASE", server.url()),
                    &installation.version,
                    false,
                )?;
                serve(input, output, || {
                    anyhow::bail!("PostgreSQL counts no bytes")
                })
            }
            Self::Redis => {
                let redis = redis::Redis::start(log)?;
                announce(&mut output, redis.variable(), redis.version(), true)?;
                serve(input, output, || redis.traffic())
            }
        }
    }
}

/// Prints the lines that precede the service's use.
fn announce(
    output: &mut impl Write,
    (variable, value): (&str, String),
    version: &str,
    counts: bool,
) -> Result<()> {
    let counts = if counts { "counts bytes\n" } else { "" };
    write!(
        output,
        "{variable}={value}\nversion {version}\n{counts}ready\n"
    )
    .and_then(|()| output.flush())
    .context("cannot print that the service is ready")
}

/// Answers requests for counters until the input ends.
fn serve(
    input: impl BufRead,
    mut output: impl Write,
    traffic: impl Fn() -> Result<Traffic>,
) -> Result<()> {
    // The end of the other side ends the input, with or without an error.
    for line in input.lines().map_while(io::Result::ok) {
        if line == "bytes" {
            let Traffic { sent, received } = traffic()?;
            writeln!(output, "bytes {sent} {received}")
                .and_then(|()| output.flush())
                .context("cannot print the counters")?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_the_variable_and_version_before_it_is_ready() {
        let mut output = Vec::new();
        announce(&mut output, ("REDIS", "redis://x".into()), "7.0", true).unwrap();
        let text = String::from_utf8(output).unwrap();
        assert_eq!(text, "REDIS=redis://x\nversion 7.0\ncounts bytes\nready\n");
    }

    #[test]
    fn answers_requests_for_bytes_until_the_input_ends() {
        let mut output = Vec::new();
        let traffic = || {
            Ok(Traffic {
                sent: 3,
                received: 5,
            })
        };
        serve(&b"bytes\nother\nbytes\n"[..], &mut output, traffic).unwrap();
        assert_eq!(output, b"bytes 3 5\nbytes 3 5\n");
    }
}
