//! The command line: one file and one clap struct per verb.

pub mod compare;
pub mod doctor;
pub mod explain;
pub mod export;
pub mod history;
pub mod mcp;
pub mod record;
pub mod report;
mod rounds;
pub mod run;
mod sample_rate;
mod scenario;
mod selection;
pub mod shell;
pub mod table;
pub mod top;

use crate::outcome::{Outcome, WrongUsage};
use clap::{Parser, Subcommand};
use runner::{guardian, supervisor};
use std::path::PathBuf;
use std::process::ExitCode;

/// Says why two runtimes doing the same job cost different amounts, from records of the kernel.
#[derive(Parser)]
#[command(name = "kontrast", version, arg_required_else_help = true)]
pub struct Cli {
    /// The verb.
    #[command(subcommand)]
    pub command: Command,
}

/// Verbs of the command line.
#[derive(Subcommand)]
pub enum Command {
    /// Record a running process, or a command, until a duration, Ctrl-C or its end.
    Record(Box<record::Record>),
    /// Show where the time of running processes goes, by role and thread, on the terminal.
    Top(Box<top::Top>),
    /// Compare recordings and write a report.
    Compare(compare::Compare),
    /// Render a recording or a comparison again.
    Report(report::Report),
    /// Write the call stacks of recordings for other programs: flamegraph.pl, pprof, speedscope.
    Export(export::Export),
    /// Answer questions about a result for programs: statements that cite their rows, in pages.
    Explain(explain::Explain),
    /// Find when a metric changed over stored results, and what the ledger says of it.
    History(history::History),
    /// Serve the answers of `explain` to an assistant by the Model Context Protocol.
    Mcp(mcp::Mcp),
    /// Write a table of one or many results as CSV, or as a JSON object a line.
    Table(table::Table),
    /// Report which probe groups this kernel supports, and what is missing.
    Doctor(doctor::Doctor),
    /// Drive the same load against each arm while recording it, then compare.
    Run(Box<run::Run>),
    /// Print the script by which a shell completes verbs and options.
    Completions(shell::Completions),
    /// Write a man page for each verb.
    #[command(hide = true)]
    ManPages(shell::ManPages),
    /// Wait for the end of standard input, then end the processes that it listed.
    #[command(name = guardian::VERB, hide = true)]
    Guard,
    /// Start a command, suspended, and end everything that it started once the parent ends.
    #[command(name = supervisor::VERB, hide = true)]
    Supervise {
        /// Start this command.
        #[arg(last = true, required = true, value_name = "CMD")]
        command: Vec<String>,
    },
}

impl Command {
    /// Executes the verb.
    ///
    /// # Errors
    /// Fails as the verb does.
    pub fn execute(self) -> anyhow::Result<Outcome> {
        match self {
            Command::Record(verb) => verb.execute(),
            Command::Top(verb) => verb.execute(),
            Command::Compare(verb) => verb.execute(),
            Command::Report(verb) => verb.execute(),
            Command::Export(verb) => verb.execute(),
            Command::Explain(verb) => verb.execute(),
            Command::History(verb) => verb.execute(),
            Command::Mcp(verb) => verb.execute(),
            Command::Table(verb) => verb.execute(),
            Command::Doctor(verb) => verb.execute(),
            Command::Run(verb) => verb.execute(),
            Command::Completions(verb) => verb.execute(),
            Command::ManPages(verb) => verb.execute(),
            Command::Guard => {
                guardian::guard(std::io::stdin().lock());
                Ok(Outcome::Done)
            }
            Command::Supervise { command } => {
                supervisor::supervise(&command)?;
                Ok(Outcome::Done)
            }
        }
    }
}

/// Returns the exit code: 0 done, 1 failed, 2 wrong usage, 3 invalid, 99 threshold crossed.
pub fn exit_code(end: anyhow::Result<Outcome>) -> ExitCode {
    match end {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Invalid | Outcome::Undecided) => ExitCode::from(3),
        Ok(Outcome::ThresholdCrossed | Outcome::ConditionHolds) => ExitCode::from(99),
        Err(error) => {
            eprintln!("kontrast: {error:#}");
            match error.is::<WrongUsage>() {
                true => ExitCode::from(2),
                false => ExitCode::FAILURE,
            }
        }
    }
}

/// Accepts the path of a folder that can be read.
///
/// # Errors
/// There is no such folder, or it cannot be read.
pub(crate) fn folder(text: &str) -> Result<PathBuf, String> {
    match std::fs::read_dir(text) {
        Ok(_) => Ok(text.into()),
        Err(error) => Err(format!(
            "cannot read the folder: {error}. Give a folder with debug files"
        )),
    }
}

/// Prints log messages from level debug on, with those of the eBPF programs.
pub(crate) fn log_to_stderr() {
    env_logger::Builder::new()
        .filter_level(log::LevelFilter::Debug)
        .init();
}
