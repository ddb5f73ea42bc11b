//! Behaviour of `loadgen run` against servers that differ from the expected one.

#![expect(clippy::unwrap_used, reason = "tests panic rather than return errors")]

mod answers;
mod datasets;
mod endings;
mod faults;
mod requests;
mod scripted;
mod soak;
