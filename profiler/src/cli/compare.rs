//! `kontrast compare`.

use super::Outcome;

/// Arguments of `kontrast compare`.
#[derive(clap::Args)]
pub struct Compare {}

impl Compare {
    /// Carries it out.
    pub fn execute(self) -> anyhow::Result<Outcome> {
        anyhow::bail!("not there yet")
    }
}
