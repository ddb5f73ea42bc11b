//! The server's log: lines of running totals, of which a recording covers a part.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use recording::Recording;
use serde_json::Value;

use super::causes::Dose;

/// Time and running total.
type Point = (f64, f64);

/// Returns the dose of an arm: per token over all rounds, or for bytes the mean of the totals at
/// the end. Tokens come from the same log, since the windows of load generator and recorder differ
/// by milliseconds.
///
/// # Errors
/// Fails if a round has no log, or one that does not cover it.
pub fn dose(folder: &Path, dose: Dose, rounds: &[(String, Recording)]) -> Result<f64> {
    let (mut grown, mut held, mut tokens) = (0.0, 0.0, 0.0);
    for (path, recording) in rounds {
        let file = folder.join(format!("{}.jsonl", recording.target.pid));
        let text = fs::read_to_string(&file)
            .with_context(|| format!("no account of {path}: {}", file.display()))?;
        let ends =
            |field: &str| at_ends(&points(&text, field), recording).with_context(|| path.clone());
        let (start, end) = ends(dose.field())?;
        grown += end - start;
        held += end;
        let (start, end) = ends("tokens")?;
        tokens += end - start;
    }
    ensure!(tokens > 0.0, "no tokens were sent");
    Ok(match dose {
        Dose::Bytes => held / rounds.len() as f64,
        _ => grown / tokens,
    })
}

/// Returns the totals at both ends of the window.
fn at_ends(points: &[Point], recording: &Recording) -> Result<(f64, f64)> {
    let start = recording.window.start_unix_ns as f64;
    let end = start + recording.window.duration_ns as f64;
    let covered = points.first().is_some_and(|first| first.0 <= start);
    ensure!(covered, "the server's log begins after the recording");
    Ok((at(points, start), at(points, end)))
}

/// Returns the total at a time, interpolated between the neighbouring points; after the last it is
/// constant.
fn at(points: &[Point], instant: f64) -> f64 {
    let after = points.partition_point(|point| point.0 <= instant);
    match (points.get(after.wrapping_sub(1)), points.get(after)) {
        (Some(before), Some(after)) => {
            let part = (instant - before.0) / (after.0 - before.0);
            before.1 + part * (after.1 - before.1)
        }
        (Some(only), None) | (None, Some(only)) => only.1,
        (None, None) => 0.0,
    }
}

/// Parses the points. A line that was cut off by the server's end is ignored.
fn points(text: &str, field: &str) -> Vec<Point> {
    let lines = text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    lines
        .filter_map(|line: Value| {
            Some((line.get("unix_ns")?.as_f64()?, line.get(field)?.as_f64()?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "{\"unix_ns\":100,\"tokens\":0,\"count\":10}\n{\"unix_ns\":200,\"tokens\":10,\"count\":30}\n{\"unix_ns\":300,\"co";

    #[test]
    fn interpolates_totals() {
        let points = points(LOG, "count");
        assert_eq!(points.len(), 2);
        assert_eq!(
            [50.0, 100.0, 150.0, 200.0, 900.0].map(|instant| at(&points, instant)),
            [10.0, 10.0, 20.0, 30.0, 30.0]
        );
        assert_eq!(at(&[], 1.0), 0.0);
    }

    #[test]
    fn divides_the_dose_by_the_tokens_of_the_window() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("7.jsonl"), LOG).expect("it can be written");
        let mut recording = Recording::default();
        recording.target.pid = 7;
        recording.window.start_unix_ns = 100;
        recording.window.duration_ns = 50;
        let rounds = [("round".to_owned(), recording.clone())];
        assert_eq!(
            dose(folder.path(), Dose::Count, &rounds).expect("it is covered"),
            2.0
        );
        recording.window.start_unix_ns = 99;
        assert!(
            dose(
                folder.path(),
                Dose::Count,
                &[("round".to_owned(), recording)]
            )
            .is_err()
        );
    }
}
