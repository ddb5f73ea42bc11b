//! `kontrast history`.

use crate::fail_if::share;
use crate::outcome::Outcome;
use crate::results;
use analysis::history::{Stored, Wanted, history};
use anyhow::{Context, Result, ensure};
use recording::history::Point;
use recording::io::{self, COMPARISON_FILE, RECORDING_FILE};
use recording::vocabulary::MetricId;
use std::io::{ErrorKind, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;
use std::{env, fs};

const EXAMPLES: &str = "\
Examples:
  kontrast history results                          every arm of every run in results/
  kontrast history results --arm new --against old  one arm, divided by another of the same run
  kontrast history results --metric switches_per_token --format markdown

A change needs at least 3 results on each side, and about 10 in all: random orders of fewer values
show any step too often.

Exit codes: 0 done; 1 failed; 2 wrong usage; 3 done, but some results could not be read.";

/// Depth to which a directory is searched for results, as in `results/RUN`.
const DEPTH: u32 = 3;

/// Arguments of `kontrast history`.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct History {
    /// Read the comparisons in this directory, or up to three levels below. A recording without a
    /// comparison is a result too.
    #[arg(required = true, value_name = "DIR")]
    dirs: Vec<PathBuf>,
    /// Show this metric, by its name in comparison.json; may be given several times [default: CPU
    /// time per unit of work, rss_bytes and ttft_ns].
    #[arg(long = "metric", value_parser = metric, value_name = "METRIC")]
    metrics: Vec<MetricId>,
    /// Show this arm; may be given several times [default: all].
    #[arg(long = "arm", value_name = "ARM")]
    arms: Vec<String>,
    /// Divide by the value of this arm of the same result, so that a slow host cancels out.
    #[arg(long, value_name = "ARM")]
    against: Option<String>,
    /// Leave out changes by less than this.
    #[arg(long, value_parser = percent, default_value = "3%", value_name = "PERCENT")]
    min_change: f64,
    /// Report a change if values in random order show as large a one with at most this probability.
    #[arg(long, value_parser = percent, default_value = "1%", value_name = "PERCENT")]
    significance: f64,
    /// Print in this form.
    #[arg(long, value_enum, default_value_t, value_name = "FORM")]
    format: Form,
}

/// A form of the history on standard output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum Form {
    /// Charts and tables for a terminal.
    #[default]
    Text,
    /// Markdown, for an issue or a job summary.
    Markdown,
    /// JSON, for programs: kontrast.history/1.
    Json,
}

impl History {
    /// Executes the verb.
    ///
    /// # Errors
    /// Fails if there is no result, or standard output is closed.
    pub fn execute(self) -> Result<Outcome> {
        let (stored, unreadable) = read(&self.dirs)?;
        let history = history(
            &stored,
            &Wanted {
                metrics: self.metrics,
                arms: self.arms,
                against: self.against,
                significance: self.significance,
                min_change: self.min_change,
            },
        );
        ensure!(
            !history.series.is_empty(),
            "no result has such a metric and arm; comparison.json lists both"
        );
        let mut out = Vec::new();
        match self.format {
            Form::Text => {
                let wanted = env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
                let color = wanted && std::io::stdout().is_terminal();
                report::history::text(&history, color, &mut out)?;
            }
            Form::Markdown => report::history::markdown(&history, &mut out)?,
            Form::Json => {
                serde_json::to_writer_pretty(&mut out, &history)?;
                out.push(b'\n');
            }
        }
        match std::io::stdout().lock().write_all(&out) {
            // `head` closes the pipe when it has enough.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
            written => written.context("cannot write to standard output")?,
        }
        Ok(match unreadable {
            0 => Outcome::Done,
            _ => Outcome::Invalid,
        })
    }
}

fn metric(text: &str) -> Result<MetricId, String> {
    text.parse()
        .map_err(|unknown: recording::vocabulary::Unknown| unknown.to_string())
}

fn percent(text: &str) -> Result<f64, String> {
    share(text).ok_or_else(|| "write it as in 3%".into())
}

/// Reads all results, oldest first, and counts those that cannot be read.
fn read(dirs: &[PathBuf]) -> Result<(Vec<Stored>, usize)> {
    let mut found = Vec::new();
    for dir in dirs {
        let below = results::find(dir, DEPTH);
        found.extend(below.with_context(|| format!("cannot search {}", dir.display()))?);
    }
    found.sort();
    found.dedup();
    ensure!(
        !found.is_empty(),
        "no {COMPARISON_FILE} or {RECORDING_FILE} in the directory or up to {DEPTH} levels below; \
         give a directory that holds results of `kontrast run`, `compare` or `record`"
    );
    eprintln!("Reading {} results …", found.len());
    let mut stored = Vec::new();
    let mut unreadable = 0;
    for dir in &found {
        match load(dir) {
            Ok(result) => stored.push(result),
            Err(error) => {
                unreadable += 1;
                eprintln!("left out: {error:#}");
            }
        }
    }
    stored.sort_by_key(|result| result.point.start_unix_ns);
    Ok((stored, unreadable))
}

fn load(dir: &Path) -> Result<Stored> {
    let point = |start_unix_ns| Point {
        dir: dir.display().to_string(),
        start_unix_ns,
    };
    let file = dir.join(COMPARISON_FILE);
    if !file.is_file() {
        let recording = io::load_recording(dir)?;
        let start = recording.window.start_unix_ns;
        let recordings = [(RECORDING_FILE.to_owned(), recording)];
        return Ok(Stored {
            point: point(start),
            comparison: analysis::compare_with(&recordings, &[]),
        });
    }
    let comparison = io::load_comparison(dir)?;
    let first = comparison
        .arms
        .first()
        .and_then(|arm| arm.recordings.first());
    let start = match first.and_then(|path| io::recorded_at(&dir.join(path))) {
        Some(start) => start,
        None => written_at(&file)?,
    };
    Ok(Stored {
        point: point(start),
        comparison,
    })
}

/// Returns when a file was written, for comparisons whose recordings were deleted.
fn written_at(file: &Path) -> Result<u64> {
    let written = fs::metadata(file)?.modified()?;
    let since = written.duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use recording::testing::{Build, MAIN};

    /// Stores a recording of one server: from `step` on it costs twice as much.
    fn store(dir: &Path, at: u64, step: u64) {
        let cost = if at < step { 1_000_000 } else { 2_000_000 } + 1_000 * (at % 3);
        let build = Build::arm("go").thread(1, MAIN, |thread| thread.user(cost, 1));
        let mut recording = build.load(1_000, 10).done();
        recording.window.start_unix_ns = at;
        // Names in another order than time.
        let dir = dir.join(format!("{}", 100 - at));
        fs::create_dir_all(&dir).unwrap();
        io::save_recording(&dir, &recording).unwrap();
    }

    #[test]
    fn orders_stored_recordings_by_time_and_finds_the_change() {
        let dir = tempfile::tempdir().unwrap();
        (0..16).for_each(|at| store(dir.path(), at, 9));
        let (stored, unreadable) = read(&[dir.path().to_owned()]).unwrap();
        assert_eq!((stored.len(), unreadable), (16, 0));
        let wanted = Wanted {
            significance: 0.01,
            min_change: 0.03,
            ..Wanted::default()
        };
        let history = history(&stored, &wanted);
        let changes = &history.series[0].changes;
        assert_eq!((changes.len(), changes[0].at), (1, 9));
        assert!(changes[0].dir.ends_with("/91"), "{}", changes[0].dir);
    }

    #[test]
    fn leaves_out_results_that_cannot_be_read() {
        let dir = tempfile::tempdir().unwrap();
        store(dir.path(), 1, 9);
        let broken = dir.path().join("broken");
        fs::create_dir(&broken).unwrap();
        fs::write(broken.join(COMPARISON_FILE), "{\"schema\": \"other/1\"}").unwrap();
        let (stored, unreadable) = read(&[dir.path().to_owned()]).unwrap();
        assert_eq!((stored.len(), unreadable), (1, 1));
    }

    #[test]
    fn rejects_directories_without_results() {
        let dir = tempfile::tempdir().unwrap();
        let error = read(&[dir.path().to_owned()]).err().unwrap().to_string();
        assert!(
            error.contains("give a directory that holds results"),
            "{error}"
        );
    }
}
