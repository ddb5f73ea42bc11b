//! `cargo xtask bench`: what observing and loading cost, beside the tools people know, and whether what is told is
//! true.

mod load;
pub mod noise;
mod observer;
mod overhead;
mod ping_pong;
mod truth;

use anyhow::Result;
use clap::{Args, Subcommand};

/// What to measure.
#[derive(Subcommand)]
pub enum Bench {
    /// How much recording slows a socket ping-pong; bpftrace and libbpf-tools beside it, interleaved.
    Overhead(Overhead),
    /// What loadgen costs a token and a user; its floor, oha and k6 beside it, interleaved.
    Load(load::Load),
    /// How far the same arm differs from itself here; kept, and shown with every later run.
    Noise(noise::Arguments),
    /// Whether faults that are planted in a server are told as what they are, and how large.
    Truth(truth::Truth),
}

/// How long to measure.
#[derive(Args, Clone, Copy)]
pub struct Overhead {
    /// Rounds; each runs bare and under every observer.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(2..))]
    pub rounds: u16,
    /// Seconds of each measurement.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..))]
    pub seconds: u16,
    /// Pin both threads to one CPU: the dearest case. Otherwise each has one of its own.
    #[arg(long)]
    pub one_cpu: bool,
}

impl Bench {
    /// Measures and prints.
    ///
    /// # Errors
    /// A tool is missing or fails.
    pub fn run(self) -> Result<()> {
        match self {
            Self::Overhead(arguments) => overhead::run(arguments),
            Self::Load(arguments) => load::run(arguments),
            Self::Noise(arguments) => noise::run(&arguments),
            Self::Truth(arguments) => truth::run(&arguments),
        }
    }
}
