//! `kontrast doctor`.

use super::Outcome;

/// Arguments of `kontrast doctor`.
#[derive(clap::Args)]
pub struct Doctor {}

impl Doctor {
    /// Carries it out.
    pub fn execute(self) -> anyhow::Result<Outcome> {
        anyhow::bail!("not there yet")
    }
}
