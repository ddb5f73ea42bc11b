//! `kontrast export`.

use super::report::{load, name_recordings};
use crate::outcome::Outcome;
use anyhow::{Context, Result, bail};
use recording::comparison::Flame;
use recording::{Recording, io};
use report::export::export;
use std::collections::BTreeSet;
use std::io::{ErrorKind, IsTerminal, Write};
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  kontrast export results/latest --format folded --arm bun | flamegraph.pl > bun.svg
  kontrast export results/latest --format pprof --arm go --out go.pb.gz
  go tool pprof -top go.pb.gz
  kontrast export results/latest/bun/1 --format speedscope --out bun.json
  kontrast export results/latest --format folded --symbols ~/debug

Values are on-CPU time in ns per unit of work: per token, say, or per second where no unit is known.
With several arms, a folded stack or one of pprof begins with the name of its arm.";

/// Arguments of `kontrast export`.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Export {
    /// Read comparison.json or recording.json from this directory.
    dir: PathBuf,
    /// Write this format.
    #[arg(long, value_enum)]
    format: Format,
    /// Write the stacks of this arm only.
    #[arg(long, value_name = "NAME")]
    arm: Option<String>,
    /// Name functions by the debug files in this folder; may be given several times. Files belong
    /// together by build id.
    #[arg(long, value_name = "DIR", value_parser = super::folder)]
    symbols: Vec<PathBuf>,
    /// Write to this file [default: standard output].
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// A format of call stacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Write a line for each stack: `role;kind;frame;frame value`.
    Folded,
    /// Write a gzipped profile that `go tool pprof` reads.
    Pprof,
    /// Write JSON for www.speedscope.app.
    Speedscope,
    /// Write JSON for profiler.firefox.com.
    Firefox,
    /// Write a flame graph.
    Svg,
}

impl Export {
    /// Executes the verb.
    ///
    /// # Errors
    /// Fails if the directory has no result or no call stacks, or the file cannot be written.
    pub fn execute(self) -> Result<Outcome> {
        let is_binary = self.format == Format::Pprof;
        if is_binary && self.out.is_none() && std::io::stdout().is_terminal() {
            bail!(
                "a profile of pprof is binary, and standard output is a terminal: give --out FILE"
            );
        }
        let mut recordings = load(&self.dir)?.recordings;
        name_recordings(&mut recordings, &self.symbols);
        let flame = choose(&self.dir, &recordings, self.arm.as_deref())?;
        let mut bytes = Vec::new();
        export(&flame, self.format.of_report(), &mut bytes)?;
        match &self.out {
            Some(path) => {
                io::write_whole(path, &bytes)?;
                eprintln!("wrote {}", path.display());
            }
            None => to_stdout(&bytes)?,
        }
        Ok(Outcome::Done)
    }
}

impl Format {
    fn of_report(self) -> report::export::Format {
        match self {
            Format::Folded => report::export::Format::Folded,
            Format::Pprof => report::export::Format::Pprof,
            Format::Speedscope => report::export::Format::Speedscope,
            Format::Firefox => report::export::Format::Firefox,
            Format::Svg => report::export::Format::Svg,
        }
    }
}

/// Returns the graphs of all arms, or of one.
fn choose(dir: &Path, recordings: &[(String, Recording)], arm: Option<&str>) -> Result<Flame> {
    let known: BTreeSet<&str> = recordings
        .iter()
        .map(|(_, recording)| recording.target.arm.as_str())
        .collect();
    if let Some(arm) = arm.filter(|arm| !known.contains(arm)) {
        let known = known.iter().map(|arm| format!("{arm:?}"));
        let known = known.collect::<Vec<_>>().join(", ");
        bail!("{} has no arm {arm:?}; its arms are {known}", dir.display());
    }
    let mut flame = analysis::flame::whole(recordings);
    if let (Some(flame), Some(arm)) = (&mut flame, arm) {
        flame.arms.retain(|graph| graph.arm == arm);
    }
    flame
        .filter(|flame| !flame.arms.is_empty())
        .with_context(|| {
            let of = arm.map_or_else(String::new, |arm| format!(" of {arm:?}"));
            format!(
                "{} has no call stacks{of}: record again without --stacks none",
                dir.display()
            )
        })
}

fn to_stdout(bytes: &[u8]) -> Result<()> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        // `head` closes the pipe when it has enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        end => end.context("cannot write to standard output; give --out FILE"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recording(arm: &str) -> (String, Recording) {
        let mut recording = Recording {
            schema: recording::RECORDING_SCHEMA.into(),
            ..Recording::default()
        };
        recording.target.arm = arm.into();
        (arm.into(), recording)
    }

    #[test]
    fn rejects_recordings_without_stacks() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        io::save_recording(dir.path(), &recording("go").1).expect("written");
        let export = Export {
            dir: dir.path().into(),
            format: Format::Folded,
            arm: None,
            symbols: Vec::new(),
            out: Some(dir.path().join("stacks")),
        };
        let error = export.execute().expect_err("refused").to_string();
        assert!(
            error.contains("record again without --stacks none"),
            "{error}"
        );
        assert!(!dir.path().join("stacks").exists());
    }

    #[test]
    fn names_the_arms_that_there_are() {
        let recordings = [recording("go"), recording("bun")];
        let error = choose(Path::new("d"), &recordings, Some("rust"));
        let error = error.expect_err("refused").to_string();
        assert_eq!(error, "d has no arm \"rust\"; its arms are \"bun\", \"go\"");
    }
}
