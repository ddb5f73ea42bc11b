//! Renders recordings and comparisons: HTML, terminal text, SVG, PNG, JSON.
//!
//! Every renderer is a function from [`Input`] to bytes. HTML and text render the same [`document::Document`], built
//! once by [`section`]; the charts in it are drawn by plotters.
//!
//! *Invariant:* this crate formats. It adds up the rounds of an arm and divides by tokens or seconds (see [`arms`]);
//! estimates, verdicts and explanations come from the comparison, never from here.

pub mod arms;
pub mod chart;
pub mod clean;
pub mod document;
pub mod files;
pub mod html;
pub mod section;
mod table;
pub mod text;
pub mod units;

use recording::{Comparison, Recording};
use std::io::Write;
use std::path::PathBuf;

pub use files::{png, svg};

/// What is rendered.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// The comparison; without it recordings are shown side by side, without verdicts.
    pub comparison: Option<&'a Comparison>,
    /// Each recording with its path relative to the comparison.
    pub recordings: &'a [(String, Recording)],
}

/// What can go wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The destination refused.
    #[error("cannot write the report: {0}")]
    Write(#[from] std::io::Error),
    /// A file could not be written.
    #[error("cannot write {path}: {source}; free some space or choose another directory")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A chart could not be drawn.
    #[error("cannot draw a chart: {0}")]
    Draw(String),
    /// A template is wrong; a defect of this crate.
    #[error("cannot fill in the page: {0:#}")]
    Template(#[from] minijinja::Error),
    /// Numbers that JSON cannot hold.
    #[error("cannot write JSON: {0}")]
    Json(#[from] serde_json::Error),
}

/// One HTML page that needs no other file and no network.
pub fn html(input: &Input, out: &mut dyn Write) -> Result<(), Error> {
    html::render(&section::document(input), out)
}

/// Text for the terminal, with colours only if asked for.
pub fn text(input: &Input, color: bool, out: &mut dyn Write) -> Result<(), Error> {
    text::render(&section::document(input), color, out)
}

/// The few lines that answer the question: notices, headlines and findings, as the end of a run prints them.
pub fn verdict(input: &Input, color: bool, out: &mut dyn Write) -> Result<(), Error> {
    text::render_verdict(&section::document(input), color, out)
}

/// Comparison and recordings as one JSON document, for programs.
pub fn json(input: &Input, out: &mut dyn Write) -> Result<(), Error> {
    let recordings = input.recordings.iter();
    let recordings: Vec<_> = recordings
        .map(|(path, recording)| serde_json::json!({ "path": path, "recording": recording }))
        .collect();
    let document = serde_json::json!({
        "schema": "kontrast.report/1",
        "comparison": input.comparison,
        "recordings": recordings,
    });
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)?;
    Ok(())
}
