//! What the stub was asked to be.

use std::{num::NonZero, time::Duration};

/// How the stub answers.
pub struct Config {
    /// Threads that serve; each uses at most one core.
    pub threads: NonZero<usize>,
    /// Resolution of the schedule.
    pub tick: Duration,
    /// Tokens of an answer.
    pub tokens: u32,
    /// Time before the first token and between two.
    pub delay: Duration,
}
