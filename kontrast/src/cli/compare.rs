//! `kontrast compare`.

use crate::fail_if::Gate;
use crate::outcome::Outcome;
use crate::publish;
use analysis::claims::Statement;
use anyhow::{Context, bail, ensure};
use recording::{
    Recording,
    io::{RECORDING_FILE, Together, save_comparison},
};
use std::{
    collections::BTreeSet,
    fs,
    path::{Component, Path, PathBuf},
};

const EXAMPLES: &str = "\
Examples:
  kontrast compare results/latest --out again       the rounds of a run, compared anew
  kontrast compare before=rec/a after=rec/b         two recordings of one program, named apart
  kontrast compare go/1 go/2 bun/1 bun/2            two arms, two rounds each
  kontrast compare old=a new=b --fail-if 'cpu_ns_per_token:higher>5%'
                                                    fails if new takes over 5 % more

Exit codes: 0 done; 1 failed; 2 wrong usage; 3 done, but a check makes the result invalid, or rounds
do not decide; 99 an expression of --fail-if holds.";

/// Depth to which a directory is searched for recordings, as in `ARM/ROUND`.
const DEPTH: u32 = 2;

/// Arguments of `kontrast compare`.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Compare {
    /// Compare the recordings in these directories, or up to two levels below. ARM=DIR names their
    /// arm.
    #[arg(required = true, value_name = "[ARM=]DIR")]
    dirs: Vec<String>,
    /// Write comparison.json and report.html to this directory, which must not hold a comparison
    /// yet.
    #[arg(long, default_value = "comparison", value_name = "DIR")]
    out: PathBuf,
    /// Test the statements in this file, in place of the built-in ones about Kontrast's targets.
    /// claims.toml shows the format.
    #[arg(long, value_name = "FILE")]
    claims: Option<PathBuf>,
    /// Print the verdict in this form.
    #[arg(long, value_enum, default_value_t, value_name = "FORM")]
    format: Form,
    #[command(flatten)]
    gate: Gate,
}

/// A form of the verdict on standard output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum Form {
    /// Lines for a terminal.
    #[default]
    Text,
    /// Markdown, for a comment on a pull request.
    Markdown,
}

impl Compare {
    /// Executes the verb.
    ///
    /// # Errors
    /// Fails if recordings cannot be read or compared, or results cannot be written.
    pub fn execute(self) -> anyhow::Result<Outcome> {
        refuse_to_overwrite(&self.out)?;
        let claims = self
            .claims
            .as_deref()
            .map_or_else(|| Ok(analysis::claims::builtin()), read_claims)?;
        let mut together = Together::default();
        let loaded = self.dirs.iter().map(|given| load(given, &mut together));
        let loaded = loaded.collect::<anyhow::Result<Vec<_>>>()?.concat();
        require_two_arms(&loaded)?;
        fs::create_dir_all(&self.out).with_context(|| {
            format!("cannot create {}; choose another --out", self.out.display())
        })?;
        let out = self.out.canonicalize()?;
        let recordings: Vec<_> = loaded
            .into_iter()
            .map(|(dir, recording)| (relative(&out, &dir), recording))
            .collect();
        let comparison = analysis::compare_with(&recordings, &claims);
        save_comparison(&out, &comparison)?;
        let report = publish::page(&out, &comparison, &recordings)?;
        match self.format {
            Form::Text => {
                publish::verdict(&comparison, &recordings)?;
                println!("\nReport: {}", report.display());
            }
            // Standard output is the comment as a whole.
            Form::Markdown => {
                publish::markdown(&comparison, &recordings)?;
                eprintln!("Report: {}", report.display());
            }
        }
        let outcome = match comparison.validity.ok {
            true => Outcome::Done,
            false => Outcome::Invalid,
        };
        self.gate.judge(&comparison, outcome)
    }
}

fn read_claims(file: &Path) -> anyhow::Result<Vec<Statement>> {
    let text =
        fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    analysis::claims::parse(&text).with_context(|| file.display().to_string())
}

fn refuse_to_overwrite(out: &Path) -> anyhow::Result<()> {
    for file in [recording::io::COMPARISON_FILE, publish::REPORT_FILE] {
        let there = out.join(file);
        ensure!(
            !there.exists(),
            "{} exists and is not overwritten; choose another --out",
            there.display()
        );
    }
    Ok(())
}

/// Loads the recordings of a `DIR` or `ARM=DIR` in the order in which they were made.
fn load(given: &str, together: &mut Together) -> anyhow::Result<Vec<(PathBuf, Recording)>> {
    // A directory may have a `=` in its name.
    let (arm, dir) = match given.split_once('=') {
        Some((arm, dir)) if !Path::new(given).exists() => (Some(arm), dir),
        _ => (None, given),
    };
    let mut found = Vec::new();
    search(Path::new(dir), DEPTH, &mut found).with_context(|| format!("cannot search {dir}"))?;
    ensure!(
        !found.is_empty(),
        "no {RECORDING_FILE} in {dir} or up to {DEPTH} levels below; give a directory that `kontrast record` or `kontrast run` wrote"
    );
    let mut recordings = Vec::new();
    for dir in found {
        let mut recording = together.load(&dir.join(RECORDING_FILE))?;
        recording.target.arm = arm.map_or(recording.target.arm, String::from);
        recordings.push((dir, recording));
    }
    recordings.sort_by_key(|(_, recording)| recording.window.start_unix_ns);
    Ok(recordings)
}

fn search(dir: &Path, depth: u32, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if dir.join(RECORDING_FILE).is_file() {
        found.push(dir.canonicalize()?);
        return Ok(());
    }
    let entries = fs::read_dir(dir)?.collect::<std::io::Result<Vec<_>>>()?;
    let below = entries
        .iter()
        .map(fs::DirEntry::path)
        .filter(|path| path.is_dir());
    for path in below.filter(|_| depth > 0) {
        search(&path, depth - 1, found)?;
    }
    Ok(())
}

/// Rejects recordings that are given twice, and those of fewer than two arms.
fn require_two_arms(recordings: &[(PathBuf, Recording)]) -> anyhow::Result<()> {
    let mut seen = BTreeSet::new();
    for (dir, _) in recordings {
        ensure!(
            seen.insert(dir),
            "{} is given twice; a recording counts once",
            dir.display()
        );
    }
    let mut measured = recordings.iter();
    ensure!(
        measured.any(|(_, recording)| recording.is_measured()),
        "all recordings are of traced or instrumented rounds, which enter no comparison; give the directory of the run"
    );
    let arms: BTreeSet<&str> = recordings
        .iter()
        .map(|(_, recording)| recording.target.arm.as_str())
        .collect();
    match (arms.len(), arms.first()) {
        (1, Some(arm)) => {
            bail!("all recordings are of one arm, {arm:?}; name them, as in BEFORE=DIR AFTER=DIR")
        }
        _ => Ok(()),
    }
}

/// Returns the path of `to`'s recording relative to `from`; both are canonical.
fn relative(from: &Path, to: &Path) -> String {
    let shared = from
        .components()
        .zip(to.components())
        .take_while(|(one, other)| one == other)
        .count();
    let up = from.components().skip(shared).map(|_| Component::ParentDir);
    let path: PathBuf = up.chain(to.components().skip(shared)).collect();
    path.join(RECORDING_FILE).to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests;
