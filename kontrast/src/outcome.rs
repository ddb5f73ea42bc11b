//! The end of a verb that did not fail.

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
