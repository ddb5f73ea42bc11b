//! `suite bench truth`: runs servers with a known fault, and scores the findings of the analysis.

mod causes;
mod code;
mod log;
mod score;
mod table;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use recording::Recording;

use crate::{process, project};
use causes::{Cause, Dose};
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
    /// Record all faults of a server in one run, beside one healthy server: half the time, but a
    /// drift of the host counts more.
    #[arg(long, conflicts_with = "from")]
    together: bool,
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
        match run_of(&folder, cause) {
            Some(run) => scores.push(score(cause, &run)?),
            // An earlier run may have recorded fewer causes.
            None => ensure!(arguments.from.is_some(), "{} was not recorded", cause.arm()),
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
    let runs: Vec<(String, Vec<&Cause>)> = match arguments.together {
        true => by_target(causes).into_iter().collect(),
        false => causes
            .iter()
            .map(|cause| (cause.folder(), vec![cause]))
            .collect(),
    };
    for (at, (name, causes)) in runs.iter().enumerate() {
        let arms: Vec<String> = causes.iter().map(|cause| cause.arm()).collect();
        eprintln!("[{}/{}] {}", at + 1, runs.len(), arms.join(", "));
        record(
            &kontrast,
            &causes[0].target,
            &arms,
            &folder.join(name),
            arguments,
        )?;
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

fn by_target(causes: &[Cause]) -> BTreeMap<String, Vec<&Cause>> {
    let mut targets: BTreeMap<String, Vec<&Cause>> = BTreeMap::new();
    for cause in causes {
        targets.entry(cause.target.clone()).or_default().push(cause);
    }
    targets
}

/// Returns the folder of the run that recorded a cause, alone or with all of its server.
fn run_of(folder: &Path, cause: &Cause) -> Option<PathBuf> {
    let runs = [cause.folder(), cause.target.clone()].map(|name| folder.join(name));
    runs.into_iter()
        .find(|run| run.join(cause.folder()).is_dir())
}

/// Records the healthy server and faulty ones.
fn record(
    kontrast: &Path,
    healthy: &str,
    faulty: &[String],
    out: &Path,
    arguments: &Truth,
) -> Result<()> {
    let mut command = process::kontrast_run(kontrast);
    command
        .args(["--arms", &format!("{healthy},{}", faulty.join(","))])
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
    let elapsed = match cause.dose {
        Dose::GcPauseNs => elapsed_over_cpu(&faulty),
        _ => 1.0,
    };
    let comparison = analysis::compare(&[healthy, faulty].concat());
    // Beside the comparison of the binary that recorded, so that a score can be followed to its
    // rows.
    let name = format!("scored-{}.json", cause.variant);
    recording::io::save(&run.join(name), &comparison)?;
    let mut score = Score::new(cause, dose, &comparison);
    score.measured *= elapsed;
    Ok(score)
}

/// Returns how much longer collections take than they are on a CPU: a finding reports CPU time,
/// and some runtimes log the wall clock.
fn elapsed_over_cpu(rounds: &[(String, Recording)]) -> f64 {
    let collections = || {
        rounds
            .iter()
            .filter_map(|(_, recording)| recording.gc.as_ref())
    };
    let elapsed: u64 = collections().map(|gc| gc.elapsed_ns).sum();
    let on_cpu: u64 = collections().map(|gc| gc.on_cpu_ns).sum();
    analysis::stats::ratio(on_cpu as f64, elapsed as f64)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_run_of_a_cause_alone_or_with_others() {
        let folder = tempfile::tempdir().expect("a folder");
        let causes = causes::chosen(&["planted-go:busy".into(), "planted-go:leak".into()]);
        let [busy, leak] = &causes.expect("they are known")[..] else {
            panic!("two causes")
        };
        assert_eq!(run_of(folder.path(), busy), None);
        let alone = folder.path().join("planted-go-busy");
        let together = folder.path().join("planted-go");
        fs::create_dir_all(alone.join("planted-go-busy")).expect("a folder");
        fs::create_dir_all(together.join("planted-go-leak")).expect("a folder");
        assert_eq!(run_of(folder.path(), busy), Some(alone));
        assert_eq!(run_of(folder.path(), leak), Some(together));
    }

    #[test]
    fn groups_causes_by_their_server() {
        let all = causes::chosen(&["busy".into(), "leak".into()]).expect("they are known");
        let targets = by_target(&all);
        assert_eq!(targets["planted"].len(), 2);
        assert!(
            targets
                .iter()
                .all(|(target, causes)| { causes.iter().all(|cause| cause.target == *target) })
        );
    }
}
