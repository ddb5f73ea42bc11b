//! Set-up, build, test and checks of this repository.
//!
//! A checkout needs these, and an installed `kontrast` does not. Benchmarks are in `suite`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use setup::Need;
use xtask::{process, project};

mod bench;
mod build;
mod dist;
mod dist_test;
mod ebpf;
mod list;
mod options;
mod run;
mod setup;
mod tally;
mod tasks;
mod test;
mod vm;

#[derive(Parser)]
#[command(bin_name = "cargo xtask", about, arg_required_else_help = true)]
struct Args {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Find or install the programs that building, running and testing need.
    Setup {
        /// Also install the tools that `bench overhead` compares with.
        #[arg(long)]
        bench: bool,
    },
    /// Build the eBPF programs, then the workspace, in release.
    Build {
        /// Build the eBPF programs only.
        #[arg(long)]
        ebpf: bool,
    },
    /// Build static programs, and pack them as a tarball and a Debian package.
    Dist,
    /// Set up, build, then start `kontrast run` with these arguments.
    #[command(after_help = run::HELP)]
    Run(options::Rest),
    /// Print which target serves which workload.
    List,
    /// Run all checks that CI runs.
    Test {
        /// Also test every workload of the targets that are written with a framework.
        #[arg(long)]
        all: bool,
        /// Record programs that people run (redis, PostgreSQL, nginx, gunicorn, Node, Java) and
        /// compare the counts with perf, /proc and bpftrace, in place of CI's checks.
        #[arg(long, conflicts_with = "all")]
        real: bool,
        /// Install the Debian package of `cargo xtask dist` into a new Debian, and record a
        /// program there, in place of CI's checks.
        #[arg(long, conflicts_with_all = ["all", "real"])]
        dist: bool,
        /// Check every crate for arm64 (`aarch64-unknown-linux-gnu`), in place of CI's checks.
        #[arg(long, conflicts_with_all = ["all", "real", "dist"])]
        aarch64: bool,
        /// Boot these of Debian's kernels in virtual machines [default: those of docs/kernels.md],
        /// and test exact counts on each, in place of CI's checks. `6.12-arm64` is one for arm64.
        #[arg(
            long,
            value_name = "KERNEL",
            num_args = 0..,
            conflicts_with_all = ["all", "real", "dist", "aarch64"]
        )]
        vm: Option<Vec<String>>,
        /// Boot the oldest kernel that is supported and the newest at once, and test doctor and one
        /// recording on each, in place of CI's checks.
        #[arg(long, conflicts_with_all = ["all", "real", "dist", "aarch64", "vm"])]
        kernels: bool,
        /// Write the tables of --real to this file, too.
        #[arg(long, requires = "real", value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Print where files depart from the rules of this repository.
    Tidy {
        /// Print counts by crate in place of the places.
        #[arg(long)]
        count: bool,
        /// Print only paths that start with one of these.
        prefixes: Vec<String>,
    },
    /// Set up, build, then start `suite bench` with these arguments.
    #[command(subcommand)]
    Bench(bench::Bench),
}

fn main() -> ExitCode {
    let done = match Args::parse().task {
        Task::Setup { bench } => set_up(bench).map(success),
        Task::Build { ebpf: true } => build::kernel_side().map(success),
        Task::Build { ebpf: false } => build::everything().map(success),
        Task::Dist => dist::dist().map(|_| ExitCode::SUCCESS),
        Task::Run(arguments) => run::run(arguments.words).map(|never| match never {}),
        Task::List => list::list().map(success),
        Task::Test {
            real: true, out, ..
        } => test::real(out.as_deref()),
        Task::Test {
            vm: Some(kernels), ..
        } => vm::run(&kernels),
        Task::Test { kernels: true, .. } => vm::ci::run(),
        Task::Test { aarch64: true, .. } => test::aarch64(),
        Task::Test { dist: true, .. } => dist_test::run(),
        Task::Test { all, .. } => test::run(all),
        Task::Tidy { count: true, .. } => tidy::count().map(success),
        Task::Tidy { prefixes, .. } => tidy::run(&prefixes).map(success),
        Task::Bench(bench) => bench.run().map(|never| match never {}),
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
