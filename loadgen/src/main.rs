//! Entry point of the `loadgen` binary.

use clap::Parser;
use loadgen::cli::Cli;
use std::process::ExitCode;

fn main() -> ExitCode {
    Cli::parse().execute()
}
