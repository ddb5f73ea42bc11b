//! kontrast: records what the kernel sees of a process, compares arms and explains the difference.

mod cli;
mod run;
mod target;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    cli::exit_code(cli::Cli::parse().command.execute())
}
