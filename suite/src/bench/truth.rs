//! `suite bench truth`: runs servers with a known fault, and scores the findings of the analysis.

mod causes;
mod log;
mod score;
mod table;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use recording::Recording;

use crate::{process, project};
use causes::Cause;
use score::Score;

/// Exit codes of `kontrast run` with results to score: done, and done with a failed check.
const SCORABLE: [Option<i32>; 2] = [Some(0), Some(3)];

/// Faults and length of the benchmark.
#[derive(Args, Clone)]
pub struct Truth {
    /// Plant these causes, as in `busy` or `planted-go:busy` [default: all].
    #[arg(long, value_delimiter = ',', value_name = "CAUSE,…")]
    causes: Vec<String>,
    /// Run this many rounds of the healthy and of the faulty server, in turns.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(2..))]
    rounds: u16,
    /// Record for this many seconds in each round.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(2..))]
    seconds: u16,
    /// Score the recordings of an earlier run with the current analysis.
    #[arg(long, value_name = "DIR")]
    from: Option<PathBuf>,
    /// Record with this binary.
    #[arg(long, value_name = "FILE", conflicts_with = "from")]
    kontrast: Option<PathBuf>,
}

/// Plants, records and scores; prints the table and saves it beside the recordings.
///
/// # Errors
/// Fails for an unknown cause, if a run fails, or if its result cannot be read or saved.
pub fn run(arguments: &Truth) -> Result<()> {
    let causes = causes::chosen(&arguments.causes)?;
    let folder = match &arguments.from {
        Some(folder) => folder.clone(),
        None => record_all(&causes, arguments)?,
    };
    let mut scores = Vec::new();
    for cause in &causes {
        let run = folder.join(cause.folder());
        // An earlier run may have recorded fewer causes.
        if arguments.from.is_none() || run.is_dir() {
            scores.push(score(cause, &run)?);
        }
    }
    ensure!(!scores.is_empty(), "{} contains no runs", folder.display());
    let table = table::markdown(&scores);
    print!("{table}");
    table::save(&folder, &scores, &table)?;
    println!("\nSaved: {}", project::short(&folder.join("truth.md")));
    Ok(())
}

fn record_all(causes: &[Cause], arguments: &Truth) -> Result<PathBuf> {
    let kontrast = match &arguments.kontrast {
        Some(binary) => binary
            .canonicalize()
            .with_context(|| binary.display().to_string())?,
        None => project::binary("kontrast"),
    };
    let folder = new_folder()?;
    for (at, cause) in causes.iter().enumerate() {
        eprintln!("[{}/{}] {}", at + 1, causes.len(), cause.arm());
        record(&kontrast, cause, &folder.join(cause.folder()), arguments)?;
    }
    Ok(folder)
}

/// Creates a folder of `results/` named by the time, as `kontrast run` does.
fn new_folder() -> Result<PathBuf> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let folder = project::root().join("results").join(format!("truth-{now}"));
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    Ok(folder)
}

/// Records the healthy and the faulty server.
fn record(kontrast: &Path, cause: &Cause, out: &Path, arguments: &Truth) -> Result<()> {
    let mut command = process::kontrast_run(kontrast);
    command
        .args(["--arms", &format!("{},{}", cause.target, cause.arm())])
        .args([
            "--scenario",
            "quick",
            "--rounds",
            &arguments.rounds.to_string(),
        ])
        .args(["--duration", &format!("{}s", arguments.seconds)])
        .arg("--out")
        .arg(out)
        .env("PLANTED_LOG", out.with_extension("log"));
    let output = command.output().with_context(|| process::shown(&command))?;
    if !SCORABLE.contains(&output.status.code()) {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!(
            "{} failed ({}):\n{said}",
            process::shown(&command),
            output.status
        );
    }
    Ok(())
}

fn score(cause: &Cause, run: &Path) -> Result<Score> {
    let healthy = rounds(run, &cause.target)?;
    let faulty = rounds(run, &cause.folder())?;
    let log = run.with_extension("log");
    let truth = |rounds: &[(String, Recording)]| log::dose(&log, cause.dose, rounds);
    let dose = truth(&faulty)? - truth(&healthy)?;
    let comparison = analysis::compare(&[healthy, faulty].concat());
    // Beside the comparison of the binary that recorded, so that a score can be followed to its
    // rows.
    recording::io::save(&run.join("scored.json"), &comparison)?;
    Ok(Score::new(cause, dose, &comparison))
}

/// Returns the recordings of an arm, with their paths.
fn rounds(run: &Path, arm: &str) -> Result<Vec<(String, Recording)>> {
    let folder = run.join(arm);
    let entries =
        fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    paths.sort();
    let load = |path: &PathBuf| {
        let mut recording = recording::io::load_recording(path)?;
        // Roles are the analysis' reading too; those in the file are of the binary that recorded.
        analysis::runtime::assign_roles(&mut recording);
        Ok((path.display().to_string(), recording))
    };
    paths.iter().map(load).collect()
}
