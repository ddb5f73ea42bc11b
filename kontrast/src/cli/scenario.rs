//! What a run loads the arms with, and how often.

use runner::load::BREAKPOINT;
use std::time::Duration;

/// A load of our load generator's, with as many rounds as it takes to tell arms apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Scenario {
    /// 10 users, one request after the other: the seed benchmark's shape.
    Baseline,
    /// The same, shorter: for a first look.
    Quick,
    /// Up to 200 users and down again.
    Stress,
    /// 50 users for ten minutes: does anything grow?
    Soak,
    /// 10 users, 300 all at once, 10 again.
    Spike,
    /// Adds users, up to 2000 in twelve times --duration, until a threshold is crossed; then the highest load that held
    /// is recorded.
    Breakpoint,
}

impl Scenario {
    /// As the load generator knows it.
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

    /// Rounds of each arm, and how long each is.
    pub fn rounds(self) -> (u32, Duration) {
        match self {
            Scenario::Baseline => (4, Duration::from_secs(15)),
            Scenario::Quick => (2, Duration::from_secs(5)),
            Scenario::Stress => (2, Duration::from_secs(270)),
            Scenario::Soak => (1, Duration::from_secs(600)),
            Scenario::Spike => (2, Duration::from_secs(45)),
            Scenario::Breakpoint => (2, Duration::from_secs(15)),
        }
    }
}
