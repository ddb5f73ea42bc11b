//! Set-up, build, test and benchmarks of this repository.
//!
//! What a user of the installed binary needs is in `profiler`; here is only what a checkout needs.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod build;
mod ebpf;
mod process;
mod project;

#[derive(Parser)]
#[command(bin_name = "cargo xtask", about, arg_required_else_help = true)]
struct Args {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build the eBPF programs, then the workspace, in release.
    Build,
}

fn main() -> ExitCode {
    let done = match Args::parse().task {
        Task::Build => build::everything(),
    };
    if let Err(error) = done {
        eprintln!("error: {error:#}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
