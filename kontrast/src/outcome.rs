//! The end of a verb, and the error of options that do not go together.

use std::fmt;

/// The end of a verb, unless it is an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Done.
    Done,
    /// Done, but a check makes the result invalid.
    Invalid,
    /// A load threshold was crossed.
    ThresholdCrossed,
    /// A condition of `--fail-if` holds.
    ConditionHolds,
    /// The rounds do not decide a condition of `--fail-if`.
    Undecided,
}

/// Options that do not go together, or of which one is missing. Clap finds those that one option
/// alone shows.
#[derive(Debug)]
pub struct WrongUsage(String);

impl WrongUsage {
    /// Returns the error; `reason` names the options and the remedy.
    pub fn error(reason: impl Into<String>) -> anyhow::Error {
        WrongUsage(reason.into()).into()
    }
}

impl fmt::Display for WrongUsage {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for WrongUsage {}
