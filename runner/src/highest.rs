//! The highest load an arm holds: looked for before it is recorded.
//!
//! The load generator adds users until a threshold is crossed, and that is not recorded: what is shown is the arm at one
//! steady load, the highest that held, so that its threads can be told from what they do there.

use super::{
    interrupt::Interrupt,
    load::{BREAKPOINT, Driver, Load},
};
use anyhow::{Context, bail};
use recording::load::Held;
use std::time::Duration;

/// How much longer the search takes than what is recorded: steps must be small against the load.
const SEARCH: u32 = 12;
/// The scenario of a load that is known.
const STEADY: &str = "hold";

/// The highest load that held, and the load to be recorded.
pub struct Highest {
    /// What the search came to.
    pub held: Held,
    /// As many users as held, out of step.
    pub load: Load,
}

/// Looks for the highest load, if that is what the scenario is about.
///
/// # Errors
/// When the search fails, or the least load was too much.
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
        .held
        .context("the search for the highest load did not tell it")?;
    let users = held.load as u32;
    if users == 0 {
        let why = summary
            .ended_early
            .unwrap_or_else(|| "it was too short".into());
        bail!(
            "no load held ({why}); give a laxer --threshold, fewer --users, or a longer --duration, \
             of which the search takes {SEARCH} times as long"
        );
    }
    let load = Load::Loadgen {
        scenario: STEADY,
        users: Some(users),
    };
    // Nobody is half a user.
    let held = Held {
        load: users.into(),
        ..held
    };
    Ok(Some(Highest { held, load }))
}

/// What the search does, for the progress line: it can take long.
pub fn step(duration: Option<Duration>) -> String {
    let limit = longest(duration).map(|longest| format!(" (up to {} s)", longest.as_secs()));
    format!("looking for the highest load{}", limit.unwrap_or_default())
}

/// How long a search takes at most, for a recording of `duration`; without one the scenario says so.
fn longest(duration: Option<Duration>) -> Option<Duration> {
    duration.map(|duration| duration * SEARCH)
}

/// Whether the highest load is looked for; the search then warms the arm up.
pub fn is_sought(load: &Load) -> bool {
    matches!(load, Load::Loadgen { scenario, .. } if *scenario == BREAKPOINT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_how_long_the_search_may_take() {
        let told = step(Some(Duration::from_secs(120)));
        assert_eq!(told, "looking for the highest load (up to 1440 s)");
        assert_eq!(step(None), "looking for the highest load");
    }
}
