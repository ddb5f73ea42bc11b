//! kontrast: records what the kernel sees of a process, compares arms and explains the difference.

mod cli;
mod conclude;
mod outcome;
mod publish;
mod recording_folder;
mod suspended_command;

use clap::Parser;
use cli::{Cli, exit_code};
use std::process::ExitCode;

fn main() -> ExitCode {
    exit_code(Cli::parse().command.execute())
}
