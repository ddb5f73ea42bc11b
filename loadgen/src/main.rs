//! Server-sent-event load with honest timing: the command line.

use clap::Parser;
use loadgen::cli::Cli;
use std::process::ExitCode;

fn main() -> ExitCode {
    Cli::parse().execute()
}
