//! `kontrast record`.

use super::Outcome;
use std::path::PathBuf;

/// Arguments of `kontrast record`.
#[derive(clap::Args)]
pub struct Record {
    /// Process to record, with all its threads; may be given several times.
    #[arg(long = "pid", value_name = "PID", required_unless_present = "command")]
    pub pids: Vec<u32>,
    /// Command to start and record.
    #[arg(last = true, conflicts_with = "pids")]
    pub command: Vec<String>,
    /// How long to record; without it, until Ctrl-C or the target's end.
    #[arg(long, value_parser = humantime::parse_duration)]
    pub duration: Option<std::time::Duration>,
    /// Directory to write to; must not exist yet, or be empty.
    #[arg(long)]
    pub out: Option<PathBuf>,
    /// Name of the arm; the executable's name if not given.
    #[arg(long)]
    pub arm: Option<String>,
    /// Runtime family (go, bun, node, …); guessed from the executable if not given.
    #[arg(long)]
    pub runtime: Option<String>,
    /// Version of the runtime.
    #[arg(long, default_value = "")]
    pub runtime_version: String,
    /// How processes were placed on CPUs, in words.
    #[arg(long, default_value = "not controlled")]
    pub placement: String,
    /// Print `recording` when attached, and end the recording when standard input is closed.
    #[arg(long, hide = true)]
    pub until_stdin_closes: bool,
}

impl Record {
    /// Carries it out.
    pub fn execute(self) -> anyhow::Result<Outcome> {
        anyhow::bail!("not there yet")
    }
}
