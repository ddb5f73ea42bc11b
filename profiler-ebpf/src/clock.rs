//! The scheduler's clock against the monotonic one, see `profiler_common::sched_clock`.
//!
//! Writes: `SCHED_CLOCK`.

use crate::maps::SCHED_CLOCK;
use profiler_common::sched_clock::{learn, monotonic};

/// Returns the monotonic time of a note that the scheduler made.
#[inline(always)]
pub fn on_monotonic_clock(noted_ns: u64) -> Option<u64> {
    monotonic(offset()?, noted_ns)
}

/// Compares the clocks by a switch-in that was seen at `seen_ns` and noted as `noted_ns`.
#[inline(always)]
pub fn compare(seen_ns: u64, noted_ns: u64) {
    if let Some(offset) = offset().and_then(|known| learn(known, seen_ns, noted_ns))
        && let Some(shared) = SCHED_CLOCK.get_ptr_mut(0)
    {
        // SAFETY: an array's memory stays in place, and a number is written whole.
        unsafe { shared.write_volatile(offset) };
    }
}

#[inline(always)]
fn offset() -> Option<u64> {
    let offset = SCHED_CLOCK.get_ptr(0)?;
    // SAFETY: an array's memory stays in place, and a number is read whole.
    Some(unsafe { offset.read_volatile() })
}
