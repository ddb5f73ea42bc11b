//! `suite bench`: the costs of observing and loading beside other tools, and the accuracy of
//! findings.

mod gc;
mod load;
pub mod noise;
mod observer;
mod overhead;
mod ping_pong;
mod probes;
mod truth;
mod waits;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Subcommand};
use observer::Observer;
use ping_pong::Program;

/// A benchmark.
#[derive(Subcommand)]
pub enum Bench {
    /// Measure how much recording slows a socket ping-pong, beside bpftrace and libbpf-tools.
    Overhead(Overhead),
    /// Measure the cost of loadgen per token and user, beside its floor, oha and k6.
    Load(load::Load),
    /// Measure how far an arm differs from itself on this host; later runs show the result.
    Noise(noise::Arguments),
    /// Plant faults in a server, and score the cause and size that findings report.
    Truth(truth::Truth),
    /// Measure garbage collection beside the log of each runtime.
    Gc(gc::Gc),
    /// Measure the time in each eBPF program, by probe group.
    Probes(probes::Probes),
    /// Let programs wait for a known time, and score the waits that a recording shows.
    Waits(waits::Waits),
}

/// Length of the benchmark.
#[derive(Args, Clone)]
pub struct Overhead {
    /// Run this many rounds, each bare and under every observer.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(2..))]
    pub rounds: u16,
    /// Measure for this many seconds.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..))]
    pub seconds: u16,
    /// Pin both threads to one CPU, the costliest case; otherwise each has a CPU.
    #[arg(long)]
    pub one_cpu: bool,
    /// Run user code with deep call stacks on one CPU, in place of passing bytes.
    #[arg(long, conflicts_with = "one_cpu")]
    pub user_code: bool,
    /// Run user code in each round trip on one CPU, so that there are this many switches a second.
    #[arg(long, value_name = "NUMBER", conflicts_with_all = ["one_cpu", "user_code"])]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    pub switches: Option<u32>,
    /// Compare these observers, the first as the baseline.
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        value_name = "OBSERVER,…",
        default_value = "bare,kontrast,libbpf-tools,bpftrace"
    )]
    pub observers: Vec<Observer>,
    /// Record with this binary as the observer `kontrast-beside`.
    #[arg(long, value_name = "FILE")]
    pub beside: Option<PathBuf>,
}

impl Overhead {
    fn program(&self) -> Result<Program> {
        if let Some(switches) = self.switches {
            return Program::switching(switches);
        }
        Ok(match (self.user_code, self.one_cpu) {
            (true, _) => Program::UserCode,
            (_, true) => Program::OneCpu { turns: 0 },
            _ => Program::BetweenCpus,
        })
    }
}

impl Bench {
    /// Measures and prints.
    ///
    /// # Errors
    /// Fails if a tool does or is missing.
    pub fn run(self) -> Result<()> {
        match self {
            Self::Overhead(arguments) => overhead::run(&arguments),
            Self::Load(arguments) => load::run(arguments),
            Self::Noise(arguments) => noise::run(&arguments),
            Self::Truth(arguments) => truth::run(&arguments),
            Self::Gc(arguments) => gc::run(&arguments),
            Self::Probes(arguments) => probes::run(&arguments),
            Self::Waits(arguments) => waits::run(&arguments),
        }
    }
}
