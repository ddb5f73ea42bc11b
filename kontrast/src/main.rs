//! kontrast: records what the kernel sees of a process, compares arms and explains the difference.

mod auto_rounds;
mod cli;
mod conclude;
mod event_rate;
mod fail_if;
mod monitoring;
mod outcome;
mod publish;
mod recording_folder;
mod results;
mod summary;
mod suspended_command;
mod work;

use clap::Parser;
use cli::{Cli, exit_code};
use std::process::ExitCode;

fn main() -> ExitCode {
    exit_code(Cli::parse().command.execute())
}
