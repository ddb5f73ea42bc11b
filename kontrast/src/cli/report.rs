//! `kontrast report`.

mod with_symbols;

use crate::outcome::Outcome;
use anyhow::{Context, bail};
use recording::{Comparison, Recording, io};
use report::Input;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
pub(super) use with_symbols::name_recordings;
use with_symbols::with_symbols;

/// Arguments of `kontrast report`.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  kontrast report results/latest                        the page and the text again
  kontrast report results/latest --format text | less   only the text
  kontrast report results/latest --format svg,png       the charts, into results/latest/charts
  kontrast report results/latest/bun/1                  one recording, explained alone
  kontrast report results/latest --symbols ~/debug      with names of functions from debug files")]
pub struct Report {
    /// Read comparison.json or recording.json from this directory.
    pub dir: PathBuf,
    /// Render these forms; text goes to standard output, the others to files.
    #[arg(long, value_enum, value_delimiter = ',', default_values = ["html", "text"])]
    pub format: Vec<Format>,
    /// Name functions by the debug files in this folder; may be given several times. Files belong
    /// together by build id, so that recordings from other machines get names as well.
    #[arg(long, value_name = "DIR", value_parser = super::folder)]
    pub symbols: Vec<PathBuf>,
    /// Write to this directory [default: the one that is read].
    #[arg(long)]
    pub out: Option<PathBuf>,
}

/// A form of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Write a page without external requests: report.html.
    Html,
    /// Print text for the terminal.
    Text,
    /// Write charts as charts/*.png.
    Png,
    /// Write charts as charts/*.svg.
    Svg,
    /// Write comparison and recordings into one file: report.json.
    Json,
    /// Write the verdict as Markdown: report.md.
    Md,
}

/// The contents of a directory.
pub(super) struct Loaded {
    pub(super) comparison: Comparison,
    /// The recordings with their paths, under the names that the comparison gives their arms.
    pub(super) recordings: Vec<(String, Recording)>,
}

impl Report {
    /// Executes the verb.
    pub fn execute(self) -> anyhow::Result<Outcome> {
        let mut loaded = load(&self.dir)?;
        if !self.symbols.is_empty() {
            loaded = with_symbols(loaded, &self.dir, &self.symbols)?;
        }
        let input = Input {
            comparison: &loaded.comparison,
            recordings: &loaded.recordings,
        };
        let out = self.out.as_ref().unwrap_or(&self.dir);
        std::fs::create_dir_all(out).with_context(|| format!("cannot create {}", out.display()))?;
        let mut written = Vec::new();
        for format in &self.format {
            written.extend(render(&input, *format, out)?);
        }
        // On standard error, so that text can be piped.
        written
            .iter()
            .for_each(|path| eprintln!("wrote {}", path.display()));
        Ok(Outcome::Done)
    }
}

/// Renders one form, and returns the files that it wrote.
fn render(input: &Input, format: Format, out: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let charts = out.join("charts");
    Ok(match format {
        Format::Html => vec![to_file(&out.join("report.html"), |file| {
            report::html(input, file)
        })?],
        Format::Json => vec![to_file(&out.join("report.json"), |file| {
            report::json(input, file)
        })?],
        Format::Md => vec![to_file(&out.join("report.md"), |file| {
            report::markdown(input, file)
        })?],
        Format::Svg => report::svg(input, &charts)?,
        Format::Png => report::png(input, &charts)?,
        Format::Text => {
            to_stdout(input)?;
            Vec::new()
        }
    })
}

/// Writes a file whole or not at all: an old report is better than half a new one.
fn to_file(
    path: &Path,
    render: impl FnOnce(&mut dyn Write) -> Result<(), report::Error>,
) -> anyhow::Result<PathBuf> {
    let mut bytes = Vec::new();
    render(&mut bytes)?;
    io::write_whole(path, &bytes)?;
    Ok(path.into())
}

fn to_stdout(input: &Input) -> anyhow::Result<()> {
    let stdout = std::io::stdout();
    let color =
        stdout.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    match report::text(input, color, &mut stdout.lock()) {
        // `head` closes the pipe when it has enough.
        Err(report::Error::Write(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => {
            Ok(())
        }
        end => Ok(end?),
    }
}

/// Loads a comparison with its recordings. A single recording is compared with nothing, which gives
/// the arm's own ledger.
pub(super) fn load(dir: &Path) -> anyhow::Result<Loaded> {
    if dir.join(io::COMPARISON_FILE).exists() {
        let comparison = io::load_comparison(dir)?;
        let recordings = load_recordings(dir, &comparison)?;
        return Ok(Loaded {
            comparison,
            recordings,
        });
    }
    if dir.join(io::RECORDING_FILE).exists() {
        let recordings = vec![(io::RECORDING_FILE.to_owned(), io::load_recording(dir)?)];
        return Ok(Loaded {
            comparison: analysis::compare(&recordings),
            recordings,
        });
    }
    bail!(
        "{} has neither {} nor {}; give the directory of a run, a comparison or a recording",
        dir.display(),
        io::COMPARISON_FILE,
        io::RECORDING_FILE,
    )
}

/// Loads the rounds of each arm under the name that the comparison gave it: `compare` names
/// recordings apart, and their files keep the name that they were recorded with.
fn load_recordings(
    dir: &Path,
    comparison: &Comparison,
) -> anyhow::Result<Vec<(String, Recording)>> {
    let arms = comparison.arms.iter();
    let paths = arms.flat_map(|arm| {
        arm.recordings
            .iter()
            .map(move |path| (&arm.arm, path.as_str()))
    });
    rounds(dir, paths)
}

/// Loads rounds that a comparison cites, under the name of their arm there.
fn rounds<'a>(
    dir: &Path,
    cited: impl Iterator<Item = (&'a String, &'a str)>,
) -> anyhow::Result<Vec<(String, Recording)>> {
    let mut together = io::Together::default();
    let round = |(arm, path): (&String, &str)| {
        let mut recording = match together.load(&dir.join(path)) {
            Err(error @ io::Error::Read { .. }) => Err(error).context(
                "a recording of the comparison is missing; copy the whole directory of the run",
            )?,
            loaded => loaded?,
        };
        recording.target.arm.clone_from(arm);
        Ok((path.to_owned(), recording))
    };
    cited.map(round).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use recording::comparison::Arm;

    fn report(dir: &Path, format: &[Format]) -> anyhow::Result<Outcome> {
        let (dir, format) = (dir.to_path_buf(), format.to_vec());
        Report {
            dir,
            format,
            symbols: Vec::new(),
            out: None,
        }
        .execute()
    }

    fn recording() -> Recording {
        let schema = recording::RECORDING_SCHEMA.into();
        Recording {
            schema,
            ..Recording::default()
        }
    }

    /// A comparison that names one recording.
    fn comparison(dir: &Path) {
        let arm = Arm {
            arm: "go".into(),
            rounds: 1,
            recordings: vec!["go/1/recording.json".into()],
            ..Arm::default()
        };
        let schema = recording::COMPARISON_SCHEMA.into();
        let comparison = Comparison {
            schema,
            arms: vec![arm],
            ..Comparison::default()
        };
        io::save_comparison(dir, &comparison).unwrap();
    }

    #[test]
    fn renders_a_single_recording() {
        let dir = tempfile::tempdir().unwrap();
        io::save_recording(dir.path(), &recording()).unwrap();
        report(
            dir.path(),
            &[
                Format::Html,
                Format::Json,
                Format::Md,
                Format::Svg,
                Format::Png,
                Format::Text,
            ],
        )
        .unwrap();
        let page = std::fs::read_to_string(dir.path().join("report.html")).unwrap();
        assert!(page.trim_end().ends_with("</html>"));
        for file in ["report.json", "report.md"] {
            assert!(dir.path().join(file).is_file(), "{file}");
        }
        assert!(dir.path().join("charts").is_dir());
    }

    #[test]
    fn loads_the_recordings_of_a_comparison() {
        let dir = tempfile::tempdir().unwrap();
        comparison(dir.path());
        let why = || format!("{:#}", report(dir.path(), &[Format::Html]).unwrap_err());
        let missing = why();
        assert!(missing.contains("is missing"), "{missing}");
        assert!(missing.contains("go/1/recording.json"), "{missing}");
        std::fs::create_dir_all(dir.path().join("go/1")).unwrap();
        std::fs::write(dir.path().join("go/1/recording.json"), "{}").unwrap();
        let damaged = why();
        assert!(!damaged.contains("is missing"), "{damaged}");
        assert!(damaged.contains("no schema field"), "{damaged}");
        io::save_recording(&dir.path().join("go/1"), &recording()).unwrap();
        report(dir.path(), &[Format::Html]).unwrap();
        assert!(dir.path().join("report.html").is_file());
    }

    #[test]
    fn rejects_folders_of_symbols_that_are_not_there() {
        let missing = crate::cli::folder("/nowhere/at/all").unwrap_err();
        assert!(missing.contains("cannot read the folder"), "{missing}");
        assert!(crate::cli::folder("/etc/passwd").is_err());
        assert!(crate::cli::folder("/tmp").is_ok());
    }

    #[test]
    fn rejects_directories_without_a_result() {
        let dir = tempfile::tempdir().unwrap();
        let nothing = report(dir.path(), &[Format::Html]).unwrap_err().to_string();
        assert!(nothing.contains("give the directory of a run"), "{nothing}");
        std::fs::write(
            dir.path().join(io::COMPARISON_FILE),
            "{\"schema\": \"other/1\"}",
        )
        .unwrap();
        let other = format!("{:#}", report(dir.path(), &[Format::Html]).unwrap_err());
        assert!(other.contains("other/1"), "{other}");
    }
}
