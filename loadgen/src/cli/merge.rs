//! `loadgen merge`: the results of several machines, joined.

use super::Outcome;
use crate::output::{html, text};
use anyhow::Context as _;
use recording::LoadSummary;
use std::path::PathBuf;

const EXAMPLE: &str = "\
Example:
  loadgen merge machine-1.json machine-2.json --json all.json";

/// Join the results (--json) of several machines that ran at the same time
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub struct Merge {
    /// Results, as `loadgen run --json` writes them
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Write the joined result as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Write a page about it
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
}

impl Merge {
    /// Carries it out.
    pub fn execute(self) -> anyhow::Result<Outcome> {
        let load =
            |path: &PathBuf| recording::io::load::<LoadSummary>(path, recording::LOAD_SCHEMA);
        let parts = self.files.iter().map(load).collect::<Result<Vec<_>, _>>()?;
        let whole = crate::merge::merge(&parts).map_err(|(position, reason)| {
            anyhow::anyhow!("cannot join {}: {reason}", self.files[position].display())
        })?;
        if let Some(path) = &self.json {
            recording::io::save(path, &whole)?;
        }
        if let Some(path) = &self.html {
            super::write_file(path, |out| Ok(html::write(&whole, out)?))?;
        }
        text::write(&whole, &mut std::io::stdout().lock())
            .context("cannot write the summary to standard output")?;
        super::judge(&whole)
    }
}
