//! Renders comparisons: HTML, terminal text, Markdown, SVG, PNG, JSON.
//!
//! Every renderer is a function from [`Input`] to bytes. HTML, text and Markdown render the same
//! [`document::Document`], built once by [`section`]; plotters draws the charts in it.
//!
//! *Invariant:* this crate formats. It adds up the rounds of an arm and divides by tokens, starts
//! or seconds (see [`arms`]); estimates, verdicts and explanations come from the comparison.

pub mod arms;
pub mod auto_rounds;
pub mod chart;
pub mod clean;
pub mod document;
pub mod explain;
pub mod export;
pub mod files;
pub mod history;
pub mod html;
mod markdown;
pub mod metrics;
pub mod rows;
pub mod section;
mod table;
pub mod text;
pub mod verdict;

use recording::{Comparison, Recording};
use std::io::Write;
use std::path::PathBuf;

pub use files::{png, svg};

/// The schema of the JSON form of a report.
pub const REPORT_SCHEMA: &str = "kontrast.report/2";

/// The data of a report.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// The comparison; one arm alone is a comparison with one arm.
    pub comparison: &'a Comparison,
    /// Each recording with its path relative to the comparison.
    pub recordings: &'a [(String, Recording)],
}

/// Errors of rendering.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The destination could not be written to.
    #[error("cannot write the report: {0}; free some space or choose another destination")]
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
    /// A template is wrong: a defect of this crate.
    #[error("cannot fill in the page: {0:#}; please report this as a defect")]
    Template(#[from] minijinja::Error),
    /// A value that JSON cannot hold.
    #[error("cannot write JSON: {0}")]
    Json(#[from] serde_json::Error),
}

/// Writes one HTML page that needs no other file and no network.
pub fn html(input: &Input, out: &mut dyn Write) -> Result<(), Error> {
    html::render(&section::document(input), out)
}

/// Writes the whole report as text for a terminal, in colour if asked for.
pub fn text(input: &Input, color: bool, out: &mut dyn Write) -> Result<(), Error> {
    text::render(&section::document(input), color, out)
}

/// Writes notices and the verdict as text for a terminal, as the end of a run prints them.
pub fn verdict(input: &Input, color: bool, out: &mut dyn Write) -> Result<(), Error> {
    text::render_verdict(&section::document(input), color, out)
}

/// Writes the summary of one recording as text for a terminal, at most one screen, as the end of a
/// recording prints it.
pub fn summary(input: &Input, color: bool, out: &mut dyn Write) -> Result<(), Error> {
    text::render_summary(&section::summary::document(input), color, out)
}

/// Writes notices and the verdict as Markdown, for issues, pull requests and job summaries.
pub fn markdown(input: &Input, out: &mut dyn Write) -> Result<(), Error> {
    markdown::render(&section::document(input), out)
}

/// Writes verdicts, comparison and recordings as one JSON document, for programs.
pub fn json(input: &Input, out: &mut dyn Write) -> Result<(), Error> {
    let recordings = input.recordings.iter();
    let recordings: Vec<_> = recordings
        .map(|(path, recording)| serde_json::json!({ "path": path, "recording": recording }))
        .collect();
    let document = serde_json::json!({
        "schema": REPORT_SCHEMA,
        "verdicts": verdict::verdicts(input.comparison),
        "comparison": input.comparison,
        "recordings": recordings,
    });
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)?;
    Ok(())
}
