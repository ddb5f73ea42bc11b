//! Go: every thread carries the program's name, so behaviour decides. Goroutines, the collector's workers included,
//! run on whichever M picks them up; the kernel cannot tell them apart.

use super::{GO_SYSMON, Seen};

/// `sysmon`, the watchdog that needs no P, is the one that sleeps by `nanosleep`, 20 µs to 10 ms at a time.
pub(super) fn role(seen: Seen<'_>) -> &'static str {
    if seen.mostly(&["nanosleep"]) {
        GO_SYSMON
    } else {
        "M (scheduler thread)"
    }
}
