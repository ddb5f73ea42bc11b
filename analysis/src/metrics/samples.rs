//! Samples that several metrics take.

use crate::stats::Sample;
use recording::{LoadSummary, Recording};

/// Returns an amount over tokens.
pub(super) fn per_token(recording: &Recording, amount: u64) -> Option<Sample> {
    over(amount, recording.tokens())
}

/// Returns an amount over requests.
pub(super) fn per_request(recording: &Recording, amount: u64) -> Option<Sample> {
    over(amount, recording.requests())
}

/// Returns CPU time over seconds.
pub(super) fn cpu_per_second(recording: &Recording) -> Option<Sample> {
    Some(Sample {
        amount: recording.process.on_cpu_ns as f64,
        over: recording.window.duration_ns as f64 / 1e9,
    })
}

/// Returns an amount per nothing.
pub(super) fn each(amount: u64) -> Option<Sample> {
    over(amount, 1)
}

/// Returns an amount over another.
pub(super) fn over(amount: u64, over: u64) -> Option<Sample> {
    Some(Sample {
        amount: amount as f64,
        over: over as f64,
    })
}

/// Returns all context switches.
pub(super) fn switches(recording: &Recording) -> u64 {
    recording.process.voluntary_switches + recording.process.involuntary_switches
}

/// Returns all system calls.
pub(super) fn syscalls(recording: &Recording) -> u64 {
    recording.syscalls.iter().map(|call| call.count).sum()
}

/// Returns a percentile of the load generator's, where anything was measured.
pub(super) fn load(recording: &Recording, pick: fn(&LoadSummary) -> (u64, u64)) -> Option<Sample> {
    let (count, value) = pick(recording.load.as_ref()?);
    (count > 0).then(|| each(value))?
}
