//! Command line: one file per verb.

mod compare;
mod dataset;
mod default_request;
mod live;
mod merge;
mod requests;
mod resolve;
mod run;

use crate::output::files::Output;
use crate::output::notice;
use anyhow::Context as _;
use clap::{Parser, Subcommand};
use recording::LoadSummary;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// Generate load for servers that stream tokens, and measure their latency
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
    Compare(compare::Compare),
    /// List the built-in scenarios
    Scenarios,
}

/// Outcome of a command that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The command did its work.
    Done,
    /// The result is invalid: the load generator was the bottleneck.
    Invalid,
    /// The load crossed a threshold.
    Crossed,
}

impl Cli {
    /// Runs the command. Prints an error, if any, to stderr.
    pub fn execute(self) -> ExitCode {
        let result = match self.verb {
            Verb::Run(run) => run.execute(),
            Verb::Merge(merge) => merge.execute(),
            Verb::Compare(compare) => compare.execute(),
            Verb::Scenarios => list_scenarios(),
        };
        match result {
            Ok(Outcome::Done) => ExitCode::SUCCESS,
            Ok(Outcome::Invalid) => ExitCode::from(3),
            Ok(Outcome::Crossed) => ExitCode::from(99),
            Err(error) => {
                notice(format_args!("loadgen: {error:#}"));
                let usage = error
                    .downcast_ref::<crate::Error>()
                    .is_some_and(crate::Error::is_usage);
                ExitCode::from(if usage { 2 } else { 1 })
            }
        }
    }
}

fn list_scenarios() -> anyhow::Result<Outcome> {
    let mut out = std::io::stdout().lock();
    for (name, _) in crate::scenario::list() {
        let description = crate::scenario::find(name)?.description;
        writeln!(out, "{name:12} {description}").context("cannot print the scenarios")?;
    }
    Ok(Outcome::Done)
}

/// Opens the outputs of a command, in their order; at most one may be standard output.
fn open_outputs<const N: usize>(
    paths: [&Option<PathBuf>; N],
) -> Result<[Option<Output>; N], crate::Error> {
    let mut outputs = [const { None }; N];
    for (output, path) in outputs.iter_mut().zip(paths) {
        *output = path.as_deref().map(Output::open).transpose()?;
    }
    let stdout = outputs.iter().flatten().filter(|output| output.is_stdout());
    match stdout.count() > 1 {
        true => Err(crate::Error::Usage(
            "only one output can be standard output (-)".into(),
        )),
        false => Ok(outputs),
    }
}

/// Returns where the terminal summary goes: stderr if an output is standard output.
fn summary_stream(outputs: &[Option<Output>]) -> Box<dyn Write> {
    let taken = outputs.iter().flatten().any(Output::is_stdout);
    match taken {
        true => Box::new(std::io::stderr()),
        false => Box::new(std::io::stdout()),
    }
}

/// Writes a summary as JSON.
fn write_json(summary: &LoadSummary, out: &mut dyn Write) -> anyhow::Result<()> {
    serde_json::to_writer_pretty(&mut *out, summary)?;
    Ok(out.write_all(b"\n")?)
}

/// Returns all failures as one error, so that one output's failure does not hide another's.
fn all_written(results: Vec<anyhow::Result<()>>) -> anyhow::Result<()> {
    let failures: Vec<String> = results
        .into_iter()
        .filter_map(|result| result.err().map(|error| format!("{error:#}")))
        .collect();
    match failures.is_empty() {
        true => Ok(()),
        false => Err(anyhow::anyhow!(failures.join("; "))),
    }
}

/// Returns the outcome of a run. `Invalid` takes precedence over `Crossed`: the numbers of an
/// invalid run describe the client, not the server. That the server rejected every request is
/// certain however busy the client was.
///
/// # Errors
/// If no request succeeded, or the server had stopped answering by the end.
fn judge(summary: &LoadSummary) -> anyhow::Result<Outcome> {
    let only_rejected = summary.total.count == 0 && !summary.requests.rejected.is_empty();
    if summary.client.saturated && !only_rejected {
        return Ok(Outcome::Invalid);
    }
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
    let crossed = summary.thresholds.iter().any(|threshold| !threshold.ok);
    // A breakpoint search is meant to end by crossing a threshold.
    let searched = summary
        .max_sustained
        .as_ref()
        .is_some_and(|held| held.load > 0.0);
    if crossed && searched {
        return Ok(Outcome::Done);
    }
    if let Some(silent_ns) = summary.unresponsive_ns {
        anyhow::bail!(
            "the server stopped answering {} before the end; is it still running?",
            recording::format::duration(silent_ns)
        );
    }
    Ok(if crossed {
        Outcome::Crossed
    } else {
        Outcome::Done
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fails_if_every_request_was_rejected_however_busy_the_client_was() {
        let mut summary = LoadSummary::default();
        summary.client.saturated = true;
        assert!(matches!(judge(&summary), Ok(Outcome::Invalid)));
        summary.requests.rejected.insert("status 404".into(), 7);
        let error = judge(&summary).map(drop).unwrap_err().to_string();
        assert!(error.contains("mostly: status 404"), "{error}");
        summary.total.count = 1;
        assert!(matches!(judge(&summary), Ok(Outcome::Invalid)));
    }
}
