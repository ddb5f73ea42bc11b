//! `kontrast table`.

use super::report::load;
use crate::outcome::Outcome;
use crate::results;
use anyhow::{Context, Result, ensure};
use report::Input;
use report::rows::{Format, Rows, TableName};
use std::fs::File;
use std::io::{BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "\
Examples:
  kontrast table results --name metrics --out metrics.csv      each metric of each run
  kontrast table results --name ledger --format ndjson --out ledger.ndjson
  kontrast table results/latest --name syscalls

Values are numbers in the unit that the row names; times are in ns.

Exit codes: 0 done; 1 failed; 2 wrong usage; 3 done, but some results could not be read.";

/// Depth to which a directory is searched for results, as in `results/RUN`.
const DEPTH: u32 = 3;

/// Arguments of `kontrast table`.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Table {
    /// Read the results in this directory, or up to three levels below.
    dir: PathBuf,
    /// Write this table.
    #[arg(long, value_enum, value_name = "TABLE")]
    name: Name,
    /// Write this format.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Form,
    /// Write to this file [default: standard output].
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// A table as the command line has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Name {
    /// Each metric of each arm, with its interval.
    Metrics,
    /// Each metric of each pair of arms, with its verdict.
    Pairs,
    /// Each row of each arm's ledgers.
    Ledger,
    /// Each row of each difference.
    Terms,
    /// Findings.
    Findings,
    /// Work that an arm could do without.
    Waste,
    /// Functions of user code.
    Functions,
    /// Threads of each recording.
    Threads,
    /// System calls of each recording.
    Syscalls,
    /// Checks of each recording.
    Checks,
    /// Values over time of each recording: CPU time, memory, load.
    Series,
    /// Runs and time of each eBPF program in each recording.
    Probes,
}

/// A format as the command line has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum Form {
    /// Write values separated by commas, after a line of names.
    #[default]
    Csv,
    /// Write a JSON object a line.
    Ndjson,
}

impl From<Name> for TableName {
    fn from(name: Name) -> TableName {
        match name {
            Name::Metrics => TableName::Metrics,
            Name::Pairs => TableName::Pairs,
            Name::Ledger => TableName::Ledger,
            Name::Terms => TableName::Terms,
            Name::Findings => TableName::Findings,
            Name::Waste => TableName::Waste,
            Name::Functions => TableName::Functions,
            Name::Threads => TableName::Threads,
            Name::Syscalls => TableName::Syscalls,
            Name::Checks => TableName::Checks,
            Name::Series => TableName::Series,
            Name::Probes => TableName::Probes,
        }
    }
}

impl Table {
    /// Executes the verb.
    ///
    /// # Errors
    /// Fails if there is no result, or the destination cannot be written to.
    pub fn execute(self) -> Result<Outcome> {
        let found = results::find(&self.dir, DEPTH)
            .with_context(|| format!("cannot search {}", self.dir.display()))?;
        ensure!(
            !found.is_empty(),
            "no result in {} or up to {DEPTH} levels below; give a directory that holds results of \
             `kontrast run`, `compare` or `record`",
            self.dir.display()
        );
        let written = match &self.out {
            None => self.write(&found, &mut std::io::stdout().lock()),
            Some(path) => {
                let file = File::create(path)
                    .with_context(|| format!("cannot create {}", path.display()))?;
                self.write(&found, &mut BufWriter::new(file))
            }
        };
        match written {
            Ok(0) => Ok(Outcome::Done),
            Ok(_) => Ok(Outcome::Invalid),
            // `head` closes the pipe when it has enough.
            Err(error) if is_closed(&error) => Ok(Outcome::Done),
            Err(error) => Err(error),
        }
    }

    /// Writes the rows of all results, and counts results that cannot be read.
    fn write(&self, found: &[PathBuf], out: &mut dyn Write) -> Result<usize> {
        let format = match self.format {
            Form::Csv => Format::Csv,
            Form::Ndjson => Format::Ndjson,
        };
        let mut rows = Rows::begin(self.name.into(), format, out)?;
        let mut unreadable = 0;
        for (at, dir) in found.iter().enumerate() {
            if at > 0 && at.is_multiple_of(100) {
                eprintln!("{at} of {} results", found.len());
            }
            match read(dir) {
                Ok((start, loaded)) => {
                    let input = Input {
                        comparison: &loaded.comparison,
                        recordings: &loaded.recordings,
                    };
                    rows.add(&dir.display().to_string(), start, &input)?;
                }
                Err(error) => {
                    unreadable += 1;
                    eprintln!("left out: {error:#}");
                }
            }
        }
        rows.end()?;
        Ok(unreadable)
    }
}

/// Loads a result, and when its first recording began.
fn read(dir: &Path) -> Result<(u64, super::report::Loaded)> {
    let loaded = load(dir)?;
    let starts = loaded.recordings.iter();
    let start = starts
        .map(|(_, recording)| recording.window.start_unix_ns)
        .min();
    Ok((start.unwrap_or_default(), loaded))
}

fn is_closed(error: &anyhow::Error) -> bool {
    let causes = error.chain();
    let mut kinds = causes.filter_map(|cause| cause.downcast_ref::<std::io::Error>());
    kinds.any(|error| error.kind() == ErrorKind::BrokenPipe)
}
