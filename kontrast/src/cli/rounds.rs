//! How many rounds `kontrast run` measures.

use crate::fail_if::Gate;
use crate::outcome::WrongUsage;
use analysis::precision::{Goal, MIN_ROUNDS};
use runner::request::AutoRounds;
use std::{str::FromStr, time::Duration};

/// Most rounds of each arm that a user may ask for.
const MOST: u32 = 1000;
/// Defaults of `--rounds auto`.
const PRECISION: f64 = 0.05;
const MAX_ROUNDS: u32 = 40;
const MAX_TIME: Duration = Duration::from_secs(30 * 60);

/// Options of the number of rounds.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Rounds {
    /// Run this many rounds of each arm, each in a fresh process, arms taking turns [default: the
    /// scenario's]. With `auto`, go on until the 95 % interval of CPU time per unit of work is as
    /// narrow as --precision asks, or --max-rounds or --max-time is reached.
    #[arg(long, value_name = "N|auto")]
    rounds: Option<Count>,
    /// With --rounds auto, go on until intervals reach at most this far to each side. Metrics of
    /// --fail-if count as well as CPU time [default: 5%].
    #[arg(long, value_parser = precision, value_name = "PERCENT")]
    precision: Option<f64>,
    /// With --rounds auto, run at most this many rounds of each arm [default: 40].
    #[arg(long, value_parser = clap::value_parser!(u32).range(i64::from(MIN_ROUNDS)..=i64::from(MOST)), value_name = "N")]
    max_rounds: Option<u32>,
    /// With --rounds auto, begin no round that would end after this time [default: 30m].
    #[arg(long, value_parser = super::run::positive_duration, value_name = "TIME")]
    max_time: Option<Duration>,
}

/// A number of rounds, or `auto`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Count {
    Fixed(u32),
    Auto,
}

impl FromStr for Count {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "auto" {
            return Ok(Count::Auto);
        }
        let number: u32 = text
            .parse()
            .map_err(|_| format!("{text:?} is neither a number nor auto"))?;
        match (1..=MOST).contains(&number) {
            true => Ok(Count::Fixed(number)),
            false => Err(format!("{number} is not in 1..={MOST}")),
        }
    }
}

/// Returns the share that `5%` writes.
fn precision(text: &str) -> Result<f64, String> {
    match crate::fail_if::share(text) {
        Some(share) if (0.001..=1.0).contains(&share) => Ok(share),
        Some(_) => Err("must be between 0.1% and 100%".into()),
        None => Err("write it as in 5%".into()),
    }
}

impl Rounds {
    /// Returns the number of rounds of each arm, at most, and what ends the run before. `fixed` is
    /// the scenario's number.
    pub(super) fn plan(&self, fixed: u32, gate: &Gate) -> (u32, Option<AutoRounds>) {
        let min_rounds = match self.rounds {
            Some(Count::Fixed(number)) if !gate.wants_more_rounds() => return (number, None),
            None if !gate.wants_more_rounds() => return (fixed, None),
            Some(Count::Fixed(number)) => number,
            Some(Count::Auto) | None => 1,
        };
        let auto = AutoRounds {
            min_rounds,
            precision: self.precision.unwrap_or(PRECISION),
            max_time: self.max_time.unwrap_or(MAX_TIME),
        };
        let max_rounds = self.max_rounds.unwrap_or(MAX_ROUNDS);
        (max_rounds.max(min_rounds), Some(auto))
    }

    /// Rejects options of `--rounds auto` without it.
    pub(super) fn check(&self, gate: &Gate) -> anyhow::Result<()> {
        let is_auto = self.rounds == Some(Count::Auto) || gate.wants_more_rounds();
        let given = [
            ("--precision", self.precision.is_some()),
            ("--max-rounds", self.max_rounds.is_some()),
            ("--max-time", self.max_time.is_some()),
        ];
        match given.into_iter().find(|(_, given)| *given && !is_auto) {
            Some((option, _)) => Err(WrongUsage::error(format!(
                "{option} needs --rounds auto: without it, the number of rounds is fixed"
            ))),
            None => Ok(()),
        }
    }
}

/// Returns what ends a run that chooses its number of rounds.
pub(super) fn goal(auto: &AutoRounds, max_rounds: u32, gate: &Gate) -> Goal {
    Goal {
        precision: auto.precision,
        metrics: gate.metrics(),
        min_rounds: auto.min_rounds,
        max_rounds,
        max_time: auto.max_time,
    }
}
