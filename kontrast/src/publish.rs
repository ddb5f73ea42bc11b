//! Renders a comparison through the crate `report`.

use anyhow::Context;
use recording::{Comparison, Recording};
use report::Input;
use std::{
    fs,
    io::{IsTerminal, Write},
    path::{Path, PathBuf},
};

/// File name of the report.
pub const REPORT_FILE: &str = "report.html";
/// Folder of the charts.
const CHARTS: &str = "charts";

/// Writes the report into `out` and returns its path.
///
/// # Errors
/// Fails if the file cannot be written.
pub fn page(
    out: &Path,
    comparison: &Comparison,
    recordings: &[(String, Recording)],
) -> anyhow::Result<PathBuf> {
    let mut page = Vec::new();
    report::html(&input(comparison, recordings), &mut page)?;
    let report = out.join(REPORT_FILE);
    recording::io::write_whole(&report, &page)?;
    Ok(report)
}

/// Writes the charts into a folder of `out`.
///
/// # Errors
/// Fails if a file cannot be written.
pub fn charts(
    out: &Path,
    comparison: &Comparison,
    recordings: &[(String, Recording)],
) -> anyhow::Result<()> {
    let input = input(comparison, recordings);
    let charts = out.join(CHARTS);
    fs::create_dir_all(&charts).with_context(|| format!("cannot create {}", charts.display()))?;
    report::svg(&input, &charts)?;
    report::png(&input, &charts)?;
    Ok(())
}

/// Prints the verdict on standard output, in colour on a terminal unless NO_COLOR is set.
///
/// # Errors
/// Fails if standard output is closed.
pub fn verdict(comparison: &Comparison, recordings: &[(String, Recording)]) -> anyhow::Result<()> {
    let input = input(comparison, recordings);
    let mut out = std::io::stdout().lock();
    let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    report::verdict(&input, wanted && out.is_terminal(), &mut out)?;
    out.flush().context("cannot print the verdict")
}

/// Prints the verdict as Markdown on standard output.
///
/// # Errors
/// Fails if standard output is closed.
pub fn markdown(comparison: &Comparison, recordings: &[(String, Recording)]) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    report::markdown(&input(comparison, recordings), &mut out)?;
    out.flush().context("cannot print the verdict")
}

fn input<'a>(comparison: &'a Comparison, recordings: &'a [(String, Recording)]) -> Input<'a> {
    Input {
        comparison,
        recordings,
    }
}
