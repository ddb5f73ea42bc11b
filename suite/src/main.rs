//! suite: benchmarks, kinds of task, and database services of this repository.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use suite::{bench::Bench, real, service::Service, tasks};

#[derive(Parser)]
#[command(name = "suite", about, arg_required_else_help = true)]
struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Compare Kontrast with other tools, and its findings with planted faults.
    #[command(subcommand)]
    Bench(Bench),
    /// Compare goroutines, workers, threads and other kinds of task.
    Tasks(tasks::Arguments),
    /// Record programs that people run, and compare the counts with other tools'.
    Real(real::Arguments),
    /// Run a database for `kontrast run --service`, until standard input is closed.
    #[command(subcommand)]
    Service(Service),
}

fn main() -> ExitCode {
    let done = match Args::parse().verb {
        Verb::Bench(bench) => bench.run(),
        Verb::Tasks(arguments) => tasks::run(&arguments),
        Verb::Real(arguments) => real::run(&arguments),
        Verb::Service(service) => service.run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("suite: {error:#}");
            ExitCode::FAILURE
        }
    }
}
