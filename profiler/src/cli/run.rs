//! `kontrast run`.

use super::Outcome;

/// Arguments of `kontrast run`.
#[derive(clap::Args)]
pub struct Run {}

impl Run {
    /// Carries it out.
    pub fn execute(self) -> anyhow::Result<Outcome> {
        anyhow::bail!("not there yet")
    }
}
