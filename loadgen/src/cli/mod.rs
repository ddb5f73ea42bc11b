//! The command line: one file per verb.

mod live;
mod merge;
mod requests;
mod run;
mod settle;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use recording::LoadSummary;
use std::io::Write;
use std::path::Path;
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
    Merge(merge::Merge),
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
            Verb::Merge(merge) => merge.execute(),
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

/// Refuses, before any load is offered, a path that a result could not be written to.
fn check_output(path: &Path) -> Result<(), crate::Error> {
    let refuse = |what| {
        Err(crate::Error::Usage(format!(
            "cannot write {}: {what}",
            path.display()
        )))
    };
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    match parent {
        _ if path.is_dir() => refuse("it is a directory"),
        Some(parent) if !parent.is_dir() => refuse("its directory does not exist"),
        _ => Ok(()),
    }
}

/// Writes a file whole or not at all.
fn write_file(
    path: &Path,
    fill: impl FnOnce(&mut dyn Write) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut bytes = Vec::new();
    fill(&mut bytes).with_context(|| format!("cannot make {}", path.display()))?;
    Ok(recording::io::write_whole(path, &bytes)?)
}

/// How the run ended. An invalid run comes before a crossed threshold: its numbers are not the server's.
fn judge(summary: &LoadSummary) -> anyhow::Result<Outcome> {
    let requests = &summary.requests;
    if summary.total.count == 0 {
        let bad = requests.failed.iter().chain(&requests.rejected);
        match bad.max_by_key(|(_, count)| **count) {
            Some((reason, _)) => anyhow::bail!(
                "no request succeeded, mostly: {reason}. Is {} the right URL, and is the server up?",
                summary.urls.join(" ")
            ),
            None if summary.ended_early.is_none() => anyhow::bail!(
                "no answer was complete before the load ended; give it a longer --duration or --graceful-stop"
            ),
            None => {}
        }
    }
    // Where the threshold is what ends the run, crossing it is how the run is meant to end.
    let sought = summary.held.as_ref().is_some_and(|held| held.load > 0.0);
    let crossed = summary.thresholds.iter().any(|threshold| !threshold.ok);
    Ok(match (summary.client.saturated, crossed && !sought) {
        (true, _) => Outcome::Invalid,
        (false, true) => Outcome::Crossed,
        (false, false) => Outcome::Done,
    })
}
