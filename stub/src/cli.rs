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
  stub                                     send 50 tokens, one every 20 ms, on a free port
  stub --addr 127.0.0.1:8080 --tokens 200 --delay lognormal:20ms:0.5 --first-delay 300ms
  stub --script conversation.toml          answer from a script (see docs/stub.md)
  stub --script conversation.toml --check  check the script and exit
  stub --fault reset-after=5,every=10      reset every 10th stream after 5 tokens
  curl -N $URL/v1/chat/completions -H 'x-stub-fault: 429' \\
       -d '{\"model\":\"stub\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}'

The first line on stdout is the address. GET /stats returns counters and the lateness of tokens.";

/// Serve a scripted model for tests and load measurements
///
/// Answers in the APIs of OpenAI (chat completions, responses, embeddings), Anthropic (messages)
/// and Google (Gemini), with generated or scripted replies on an exact schedule. Each event has its
/// send time (`sent_unix_ns`).
#[derive(Parser)]
#[command(name = "stub", version, after_help = EXAMPLES)]
pub struct Args {
    /// Listen on this address; port 0 picks a free one
    #[arg(long, default_value = "127.0.0.1:0")]
    pub addr: SocketAddr,
    /// Send this many tokens per answer
    #[arg(long, default_value_t = 50, conflicts_with = "script")]
    tokens: u32,
    /// Send this many reasoning tokens before the answer
    #[arg(
        long,
        default_value_t = 0,
        hide_default_value = true,
        value_name = "N",
        conflicts_with = "script"
    )]
    reasoning_tokens: u32,
    /// Wait this long between two tokens: 20ms, uniform:10ms:30ms, lognormal:MEDIAN:SIGMA or
    /// recorded:FILE
    #[arg(long, default_value = "20ms", value_parser = gap)]
    delay: Gap,
    /// Wait this long before the first token, in the notation of --delay [default: --delay]
    #[arg(long, value_parser = gap)]
    first_delay: Option<Gap>,
    /// Answer from this script (TOML, or JSON if its name ends in .json)
    #[arg(long, value_name = "FILE")]
    script: Option<PathBuf>,
    /// Check the script and exit
    #[arg(long, requires = "script")]
    pub check: bool,
    /// Inject these faults, separated by commas; repeat the option for alternatives
    #[arg(long, value_name = "FAULT,…", long_help = fault_help())]
    fault: Vec<fault::Faults>,
    /// Require this API key of all requests but GET /stats
    #[arg(long, value_name = "KEY", env = "STUB_API_KEY", hide_env_values = true)]
    #[arg(value_parser = clap::builder::NonEmptyStringValueParser::new())]
    api_key: Option<String>,
    /// Serve with this many threads, each on at most one core
    #[arg(long, default_value = "1")]
    threads: NonZero<usize>,
    /// Seed random delays and faults with this number
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Round the schedule to this resolution; tokens due within one tick are written together
    #[arg(long, default_value = "250us", value_parser = tick)]
    tick: Duration,
}

fn gap(text: &str) -> Result<Gap, String> {
    Gap::parse(text, Path::new("."))
}

fn tick(text: &str) -> Result<Duration, String> {
    match stub::duration(text)? {
        tick if tick.is_zero() => Err("the tick must be longer than zero".into()),
        tick => Ok(tick),
    }
}

fn fault_help() -> String {
    format!(
        "Inject these faults, separated by commas. With several --fault, the first that applies to a \
         request counts. A request can override them with the header x-stub-fault.\n\n{}",
        fault::NOTATION
    )
}

impl Args {
    /// Builds the configuration.
    ///
    /// # Errors
    /// If the script is not valid.
    pub fn config(self) -> anyhow::Result<Config> {
        let timing = Timing {
            first: self.first_delay.unwrap_or_else(|| self.delay.clone()),
            between: self.delay,
        };
        let script = match &self.script {
            None => Script::reasoning(self.reasoning_tokens, self.tokens, timing),
            Some(path) => Script::load(path, &timing).context("the script is not valid")?,
        };
        Ok(Config {
            threads: self.threads,
            tick: self.tick,
            faults: self.fault,
            api_key: self.api_key,
            seed: self.seed,
            ..Config::new(script)
        })
    }
}
