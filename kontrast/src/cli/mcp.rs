//! `kontrast mcp`.

mod server;

use crate::outcome::Outcome;
use std::path::PathBuf;

/// Arguments of `kontrast mcp`.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  kontrast mcp results        answers about every result below results/

In the settings of an assistant: command kontrast, arguments mcp and the directory. Its tools are
list_results and explain. It reads below that directory only, and writes nothing.")]
pub struct Mcp {
    /// Answer about results in this directory and below it; no other file is read.
    root: PathBuf,
}

impl Mcp {
    /// Executes the verb.
    ///
    /// # Errors
    /// The directory cannot be read, or the client breaks the protocol.
    pub fn execute(self) -> anyhow::Result<Outcome> {
        server::serve(&self.root)?;
        Ok(Outcome::Done)
    }
}
