//! `cargo xtask bench`: set-up and build, then `suite bench` in our place.

use std::convert::Infallible;
use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::options::{Known, Rest};
use crate::setup::{self, Need};
use crate::{build, process, project};

/// A benchmark of `suite`.
#[derive(Subcommand)]
pub enum Bench {
    /// Measure how much recording slows a socket ping-pong, beside bpftrace and libbpf-tools.
    Overhead(Rest),
    /// Measure the cost of loadgen per token and user, beside oha and k6.
    Load(Rest),
    /// Measure how far an arm differs from itself on this host.
    Noise(Rest),
    /// Plant faults in a server, and score whether their causes are found.
    Truth(Rest),
    /// Measure garbage collection beside the log of each runtime.
    Gc(Rest),
    /// Measure the time in each eBPF program, by probe group.
    Probes(Rest),
    /// Let programs wait for a known time, and score the waits that a recording shows.
    Waits(Rest),
}

/// Options of benchmarks that decide which programs are set up.
#[derive(Parser)]
#[command(disable_help_flag = true)]
struct Options {
    #[arg(long, default_value = "go")]
    arm: String,
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "bun,bun-1.4,go,node,python"
    )]
    arms: Vec<String>,
    #[arg(long)]
    from: Option<PathBuf>,
    #[arg(long)]
    kontrast: Option<PathBuf>,
    #[arg(long)]
    no_install: bool,
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    rest: Vec<OsString>,
}

impl Known for Options {
    fn rest(&mut self) -> &mut Vec<OsString> {
        &mut self.rest
    }
}

impl Bench {
    /// Sets up and builds, then becomes `suite bench`.
    pub fn run(self) -> Result<Infallible> {
        let (name, words) = match self {
            Self::Overhead(rest) => ("overhead", rest.words),
            Self::Load(rest) => ("load", rest.words),
            Self::Noise(rest) => ("noise", rest.words),
            Self::Truth(rest) => ("truth", rest.words),
            Self::Gc(rest) => ("gc", rest.words),
            Self::Probes(rest) => ("probes", rest.words),
            Self::Waits(rest) => ("waits", rest.words),
        };
        let (options, _) = Options::split(words.clone()).unwrap_or_else(|error| error.exit());
        let help = words.iter().any(|word| word == "--help" || word == "-h");
        let scores_again = options.from.is_some() || options.kontrast.is_some();
        if help || (["truth", "gc", "waits"].contains(&name) && scores_again) {
            build::binary("suite")?;
        } else {
            prepare(name, &options)?;
        }
        let mut suite = process::in_root(project::binary("suite"));
        let words = words.into_iter().filter(|word| word != "--no-install");
        suite.args(["bench", name]).args(words);
        process::become_program(suite)
    }
}

fn prepare(name: &str, options: &Options) -> Result<()> {
    let needs = match name {
        "overhead" => vec![Need::Ebpf, Need::Bench],
        "waits" => vec![Need::Ebpf, Need::Waits],
        "noise" => vec![Need::Ebpf, Need::Targets(vec![options.arm.clone()])],
        "gc" => {
            // A program of the benchmark itself, with each collector of the JVM.
            let is_target = |arm: &&String| !arm.starts_with("java-");
            let targets = options.arms.iter().filter(is_target).cloned();
            vec![Need::Ebpf, Need::Targets(targets.collect())]
        }
        "load" => {
            setup::load_tools(!options.no_install);
            build::load_floor()?;
            Vec::new()
        }
        _ => vec![Need::Ebpf],
    };
    setup::ensure(&needs)?;
    match name {
        "load" => build::binary("suite"),
        _ => build::everything(),
    }
}
