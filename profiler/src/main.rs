//! kontrast: records what the kernel sees of a process, compares arms and explains the difference.

use clap::Parser;
use profiler::cli::{Cli, exit_code};
use std::process::ExitCode;

fn main() -> ExitCode {
    exit_code(Cli::parse().command.execute())
}
