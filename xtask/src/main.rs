//! Set-up, build, test and benchmarks of this repository.
//!
//! What a user of the installed binary needs is in `profiler`; here is only what a checkout needs.

use std::ffi::OsString;
use std::process::ExitCode;

use bench::Bench;
use clap::{Parser, Subcommand};
use setup::Need;

mod bench;
mod build;
mod ebpf;
mod list;
mod process;
mod project;
mod run;
mod setup;
mod tasks;
mod test;
mod tidy;

#[derive(Parser)]
#[command(bin_name = "cargo xtask", about, arg_required_else_help = true)]
struct Args {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Find or install what building, running and testing need.
    Setup {
        /// Also the tools that `bench` compares with.
        #[arg(long)]
        bench: bool,
    },
    /// Build the eBPF programs, then the workspace, in release.
    Build {
        /// Build the eBPF programs only.
        #[arg(long)]
        ebpf: bool,
    },
    /// Set up, build, then `kontrast run` with these arguments.
    #[command(disable_help_flag = true)]
    Run {
        /// Arguments of `kontrast run`; without --arms: go,bun,bun-1.4.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Print which target serves which workload.
    List,
    /// Run everything that CI runs.
    Test {
        /// Also every workload of the targets that are written with a framework.
        #[arg(long)]
        all: bool,
    },
    /// Print where files depart from the rules of this repository.
    Tidy {
        /// Print counts by crate in place of the places.
        #[arg(long)]
        count: bool,
        /// Print only paths that start with one of these.
        prefixes: Vec<String>,
    },
    /// Measure what observing costs, and whether what is told is true.
    #[command(subcommand)]
    Bench(Bench),
}

fn main() -> ExitCode {
    let done = match Args::parse().task {
        Task::Setup { bench } => set_up(bench).map(success),
        Task::Build { ebpf: true } => build::kernel_side().map(success),
        Task::Build { ebpf: false } => build::everything().map(success),
        Task::Run { arguments } if tasks::are_asked_for(&arguments) => {
            tasks::run(&arguments).map(success)
        }
        Task::Run { arguments } => run::run(arguments).map(|never| match never {}),
        Task::List => list::list().map(success),
        Task::Test { all } => test::run(all),
        Task::Tidy { count: true, .. } => tidy::count().map(success),
        Task::Tidy { prefixes, .. } => tidy::run(&prefixes).map(success),
        Task::Bench(bench) => bench.run().map(success),
    };
    done.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

fn success((): ()) -> ExitCode {
    ExitCode::SUCCESS
}

fn set_up(bench: bool) -> anyhow::Result<()> {
    let mut needs = vec![Need::Ebpf, Need::Targets(run::targets()), Need::Tests];
    needs.extend(bench.then_some(Need::Bench));
    setup::ensure(&needs)
}
