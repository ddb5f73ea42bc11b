//! `kontrast record`.

use super::Outcome;

/// Arguments of `kontrast record`.
#[derive(clap::Args)]
pub struct Record {}

impl Record {
    /// Carries it out.
    pub fn execute(self) -> anyhow::Result<Outcome> {
        anyhow::bail!("not there yet")
    }
}
