//! Search for the maximum sustained load of an arm, before it is recorded.
//!
//! The load generator adds users until a threshold is crossed; this is not recorded. The recording
//! is of one steady load, the highest that kept the thresholds, so that the arm's threads show how
//! they work there.

use super::{
    interrupt::Interrupt,
    load::{BREAKPOINT, Driver, Load},
};
use anyhow::{Context, bail};
use recording::load::MaxSustained;
use std::time::Duration;

/// Length of the search as a multiple of the recording's: its steps must be small against the load.
const SEARCH: u32 = 12;
/// The scenario of a constant load.
const STEADY: &str = "hold";

/// The maximum sustained load, and the load to be recorded.
pub struct Highest {
    /// Result of the search.
    pub held: MaxSustained,
    /// The same number of users, desynchronized.
    pub load: Load,
}

/// Searches for the maximum load, if the scenario asks for it.
///
/// # Errors
/// Fails if the search does, or the least load crossed a threshold.
pub async fn find(
    driver: &Driver<'_>,
    duration: Option<Duration>,
    interrupt: &Interrupt,
) -> anyhow::Result<Option<Highest>> {
    if !is_sought(driver.load) {
        return Ok(None);
    }
    let mut searching = driver.search(longest(duration))?;
    let found = interrupt.unless(searching.wait()).await?;
    let summary = found?
        .summary
        .context("the search for the highest load has no result")?;
    let held = summary
        .max_sustained
        .context("the search for the highest load has no load")?;
    let users = held.load as u32;
    if users == 0 {
        let why = summary
            .ended_early
            .unwrap_or_else(|| "it was too short".into());
        bail!(
            "no load held ({why}); use a laxer --threshold, fewer --users, or a longer --duration \
             (the search takes {SEARCH} times as long)"
        );
    }
    let load = Load::Loadgen {
        scenario: STEADY,
        users: Some(users),
    };
    // A user is indivisible.
    let held = MaxSustained {
        load: users.into(),
        ..held
    };
    Ok(Some(Highest { held, load }))
}

/// Returns the step of the search for the progress line, with its maximum length.
pub fn step(duration: Option<Duration>) -> String {
    let limit = longest(duration).map(|longest| format!(" (up to {} s)", longest.as_secs()));
    format!("looking for the highest load{}", limit.unwrap_or_default())
}

/// Returns the maximum length of a search for a recording of `duration`; `None` for the scenario's.
fn longest(duration: Option<Duration>) -> Option<Duration> {
    duration.map(|duration| duration * SEARCH)
}

/// Whether the scenario searches for the maximum load. The search then warms the arm up.
pub fn is_sought(load: &Load) -> bool {
    matches!(load, Load::Loadgen { scenario, .. } if *scenario == BREAKPOINT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_the_maximum_length_of_the_search() {
        let told = step(Some(Duration::from_secs(120)));
        assert_eq!(told, "looking for the highest load (up to 1440 s)");
        assert_eq!(step(None), "looking for the highest load");
    }
}
