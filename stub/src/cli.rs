//! The arguments of the `stub` command.

use anyhow::Context;
use clap::Parser;
use std::{
    net::SocketAddr,
    num::NonZero,
    path::{Path, PathBuf},
    time::Duration,
};
use stub::{Config, Gap, Script, Timing, fault};

const EXAMPLES: &str = "\
Examples:
  stub                                     50 tokens, one every 20 ms, on a free port
  stub --addr 127.0.0.1:8080 --tokens 200 --delay lognormal:20ms:0.5 --first-delay 300ms
  stub --script conversation.toml          answers as a script says (see docs/stub.md)
  stub --script conversation.toml --check  says whether the script can be used
  stub --fault reset-after=5,every=10      every 10th connection is reset in the middle
  curl -N $URL/v1/chat/completions -H 'x-stub-fault: 429' \\
       -d '{\"model\":\"stub\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}'

The first line on stdout is the address. GET /stats tells what was sent, and how late.";

/// A stand-in for an OpenAI-compatible streaming model
///
/// Answers POST /v1/chat/completions with made-up or scripted replies on an exact schedule, and stamps each chunk with
/// its send time (`sent_unix_ns`).
#[derive(Parser)]
#[command(name = "stub", version, after_help = EXAMPLES)]
pub struct Args {
    /// Address to listen on; port 0 picks a free one
    #[arg(long, default_value = "127.0.0.1:0")]
    pub addr: SocketAddr,
    /// Tokens in each answer
    #[arg(long, default_value_t = 50, conflicts_with = "script")]
    tokens: u32,
    /// Time between two tokens: 20ms, uniform:10ms:30ms, lognormal:MEDIAN:SIGMA or recorded:FILE
    #[arg(long, default_value = "20ms", value_parser = gap)]
    delay: Gap,
    /// Time before the first token, written likewise [default: as --delay]
    #[arg(long, value_parser = gap)]
    first_delay: Option<Gap>,
    /// Answers requests as this file says (TOML, or JSON if its name ends in .json)
    #[arg(long, value_name = "FILE")]
    script: Option<PathBuf>,
    /// Checks the script and exits
    #[arg(long, requires = "script")]
    pub check: bool,
    /// What goes wrong, separated by commas; a request asks for its own by the header x-stub-fault
    #[arg(long, default_value = "", hide_default_value = true, value_name = "FAULT,…", long_help = fault_help())]
    fault: fault::Faults,
    /// Threads that serve, each on at most one core
    #[arg(long, default_value = "1")]
    threads: NonZero<usize>,
    /// Where random delays begin
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Resolution of the schedule: tokens due within one tick are woken together
    #[arg(long, default_value = "250us", value_parser = tick)]
    tick: Duration,
}

fn gap(text: &str) -> Result<Gap, String> {
    Gap::parse(text, Path::new("."))
}

fn tick(text: &str) -> Result<Duration, String> {
    match stub::duration(text)? {
        tick if tick.is_zero() => Err("a tick cannot be zero".into()),
        tick => Ok(tick),
    }
}

fn fault_help() -> String {
    format!(
        "What goes wrong, separated by commas; a request asks for its own by the header x-stub-fault:\n\n{}",
        fault::NOTATION
    )
}

impl Args {
    /// What the arguments ask for.
    ///
    /// # Errors
    /// If the script cannot be used.
    pub fn config(self) -> anyhow::Result<Config> {
        let timing = Timing {
            first: self.first_delay.unwrap_or_else(|| self.delay.clone()),
            between: self.delay,
        };
        let script = match &self.script {
            None => Script::plain(self.tokens, timing),
            Some(path) => Script::load(path, &timing).context("the script cannot be used")?,
        };
        Ok(Config {
            threads: self.threads,
            tick: self.tick,
            faults: self.fault,
            seed: self.seed,
            ..Config::new(script)
        })
    }
}
