//! `kontrast report`.

use super::Outcome;

/// Arguments of `kontrast report`.
#[derive(clap::Args)]
pub struct Report {}

impl Report {
    /// Carries it out.
    pub fn execute(self) -> anyhow::Result<Outcome> {
        anyhow::bail!("not there yet")
    }
}
