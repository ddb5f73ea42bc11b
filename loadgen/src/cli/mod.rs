//! The command line: one file per verb.

mod run;
mod settle;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Load for servers that stream server-sent events, with honest timing
#[derive(Debug, Parser)]
#[command(name = "loadgen", version, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Run(Box<run::Run>),
    /// List the built-in scenarios
    Scenarios,
}

/// How a command ended, beyond failing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As asked.
    Done,
    /// Done, but the load generator was the bottleneck.
    Invalid,
    /// A threshold was crossed.
    Crossed,
}

impl Cli {
    /// Carries the command out and says on stderr what went wrong, if something did.
    pub fn execute(self) -> ExitCode {
        let result = match self.verb {
            Verb::Run(run) => run.execute(),
            Verb::Scenarios => list_scenarios(),
        };
        match result {
            Ok(Outcome::Done) => ExitCode::SUCCESS,
            Ok(Outcome::Invalid) => ExitCode::from(3),
            Ok(Outcome::Crossed) => ExitCode::from(99),
            Err(error) => {
                eprintln!("loadgen: {error:#}");
                let usage = error
                    .downcast_ref::<crate::Error>()
                    .is_some_and(crate::Error::is_usage);
                ExitCode::from(if usage { 2 } else { 1 })
            }
        }
    }
}

fn list_scenarios() -> anyhow::Result<Outcome> {
    for (name, _) in crate::scenario::list() {
        println!("{name:12} {}", crate::scenario::find(name)?.description);
    }
    Ok(Outcome::Done)
}
