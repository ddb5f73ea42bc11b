//! Scenarios of `kontrast run`: the load, and number and length of rounds.

use runner::load::BREAKPOINT;
use std::time::Duration;

/// A load of the load generator, with as many rounds as a verdict usually needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Scenario {
    /// Load with 10 users, one request after another.
    Baseline,
    /// Load like baseline in fewer, shorter rounds.
    Quick,
    /// Ramp up to 200 users and down again.
    Stress,
    /// Load with 50 users for ten minutes, to detect growth.
    Soak,
    /// Load with 10 users, then 300 at once, then 10 again.
    Spike,
    /// Add users, up to 2000 in twelve times --duration, until a threshold is crossed; then record
    /// the maximum sustained load.
    Breakpoint,
}

impl Scenario {
    /// Returns its name for the load generator.
    pub fn name(self) -> &'static str {
        match self {
            Scenario::Baseline => "baseline",
            Scenario::Quick => "quick",
            Scenario::Stress => "stress",
            Scenario::Soak => "soak",
            Scenario::Spike => "spike",
            Scenario::Breakpoint => BREAKPOINT,
        }
    }

    /// Returns the number of rounds of each arm, and their length.
    pub fn rounds(self) -> (u32, Duration) {
        match self {
            Scenario::Baseline => (4, Duration::from_secs(15)),
            // Two rounds leave Student's t at 12.7: they cannot decide a factor of 1.5.
            Scenario::Quick => (4, Duration::from_secs(2)),
            Scenario::Stress => (2, Duration::from_secs(270)),
            Scenario::Soak => (1, Duration::from_secs(600)),
            Scenario::Spike => (2, Duration::from_secs(45)),
            Scenario::Breakpoint => (2, Duration::from_secs(15)),
        }
    }
}
