//! Monotonic clock of all stamps: nanoseconds since its first use in the process.
//!
//! A stamp is one `u64`, which fits an atomic: the socket stores it, and the parser reads it later.

use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Nanoseconds of a millisecond.
pub const MILLISECOND: u64 = 1_000_000;
/// Nanoseconds of a second.
pub const SECOND: u64 = 1_000_000_000;

/// Returns `count` a second over `ns`; 0 over no time. Requested and achieved rates both use this
/// division, so that equal counts give equal rates.
pub fn per_second(count: u64, ns: u64) -> f64 {
    match ns {
        0 => 0.0,
        ns => count as f64 * SECOND as f64 / ns as f64,
    }
}

fn base() -> Instant {
    static BASE: OnceLock<Instant> = OnceLock::new();
    *BASE.get_or_init(Instant::now)
}

/// Returns the current time.
pub fn now_ns() -> u64 {
    nanos(base().elapsed())
}

/// Converts a stamp for tokio's timers.
pub fn instant(ns: u64) -> tokio::time::Instant {
    (base() + Duration::from_nanos(ns)).into()
}

/// Converts a duration to nanoseconds, at most `u64::MAX` (584 years).
pub fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Returns the difference between nanoseconds since the Unix epoch and stamps of this clock.
pub fn unix_offset_ns() -> u64 {
    let unix = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    nanos(unix).saturating_sub(now_ns())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_one_origin_with_timers() {
        let before = now_ns();
        let timer = instant(now_ns());
        assert!(timer.into_std() >= base() + Duration::from_nanos(before));
        assert!(timer <= instant(now_ns()));
    }

    #[test]
    fn converts_a_stamp_to_wall_clock_time() {
        let wall = nanos(SystemTime::now().duration_since(UNIX_EPOCH).unwrap());
        let converted = unix_offset_ns() + now_ns();
        assert!(
            converted.abs_diff(wall) < SECOND,
            "{converted} against {wall}"
        );
    }
}
