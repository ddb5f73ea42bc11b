//! Go: every thread carries the program's name, so behaviour decides. Goroutines, those that
//! collect garbage included, run on whichever M picks them up; the kernel cannot distinguish them.

use super::Seen;
use recording::vocabulary::Role;

/// Returns the role. `sysmon`, the monitor thread without a P, is the one that sleeps in
/// `nanosleep`, 20 µs to 10 ms at a time.
pub(super) fn role(seen: Seen<'_>) -> Role {
    if seen.mostly(&["nanosleep"]) {
        Role::GoSysmon
    } else {
        Role::GoScheduler
    }
}
