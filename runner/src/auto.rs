//! Runs that choose their number of rounds.

use crate::round::Round;
use std::time::Duration;

/// Decides after each round of all arms whether a further one is measured. The runner does not
/// analyse, so the decision comes from outside.
pub type Decide<'a> = dyn FnMut(&Finished<'_>) -> Next + 'a;

/// The finished part of a run.
pub struct Finished<'a> {
    /// Rounds of each arm.
    pub round: u32,
    /// Time since the first round began.
    pub elapsed: Duration,
    /// All rounds, in order of time.
    pub rounds: &'a [Round],
}

/// The consequence of a round.
pub struct Next {
    /// Where the run stands, for the display of progress.
    pub say: String,
    /// Whether a further round is measured.
    pub go_on: bool,
}
