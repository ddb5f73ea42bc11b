//! `loadgen merge`: joins the results of several machines.

use super::Outcome;
use crate::output::{html, text};
use anyhow::Context as _;
use recording::LoadSummary;
use std::collections::HashSet;
use std::path::PathBuf;

const EXAMPLE: &str = "\
Example:
  loadgen merge machine-1.json machine-2.json --json all.json";

/// Join the results (--json) of several machines that ran at the same time
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub struct Merge {
    /// Read these results, as `loadgen run --json` writes them
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Write the joined result as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Write the joined result as an HTML page
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
}

impl Merge {
    /// Joins the files, writes the outputs and judges the result.
    pub fn execute(self) -> anyhow::Result<Outcome> {
        let outputs = super::open_outputs([&self.json, &self.html])?;
        let mut seen = HashSet::new();
        for path in &self.files {
            let file = std::fs::canonicalize(path).unwrap_or_else(|_| path.clone());
            if !seen.insert(file) {
                let text = format!("{} is given twice", path.display());
                return Err(crate::Error::Usage(text).into());
            }
        }
        let load =
            |path: &PathBuf| recording::io::load::<LoadSummary>(path, recording::LOAD_SCHEMA);
        let parts = self.files.iter().map(load).collect::<Result<Vec<_>, _>>()?;
        let whole = crate::merge::merge(&parts).map_err(|(position, reason)| {
            anyhow::anyhow!("cannot merge {}: {reason}", self.files[position].display())
        })?;
        let shown = text::write(&whole, &mut super::summary_stream(&outputs));
        let [json, page] = outputs;
        super::all_written(vec![
            json.map_or(Ok(()), |output| {
                output.write(|out| super::write_json(&whole, out))
            }),
            page.map_or(Ok(()), |output| {
                output.write(|out| Ok(html::write(&whole, out)?))
            }),
            shown.context("cannot print the summary"),
        ])?;
        super::judge(&whole)
    }
}
