//! The clock every stamp is taken from: nanoseconds on the monotonic clock since the process first asked.
//!
//! One `u64` fits an atomic, which lets the socket stamp a read that the parser looks at later.

use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A millisecond in the clock's unit.
pub const MILLISECOND: u64 = 1_000_000;
/// A second in the clock's unit.
pub const SECOND: u64 = 1_000_000_000;

/// `count` a second over `ns`; 0 over no time. What was asked and what was done go through this one division, so that as
/// many of both are the same number to the last bit.
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

/// Nanoseconds since the process first asked.
pub fn now_ns() -> u64 {
    nanos(base().elapsed())
}

/// The moment `ns` as tokio's timers want it.
pub fn instant(ns: u64) -> tokio::time::Instant {
    (base() + Duration::from_nanos(ns)).into()
}

/// A duration in nanoseconds; 584 years and more are all the same to a load test.
pub fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// What has to be added to a stamp of this clock to get nanoseconds since the Unix epoch.
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
    fn stamps_and_timers_share_one_origin() {
        let before = now_ns();
        let timer = instant(now_ns());
        assert!(timer.into_std() >= base() + Duration::from_nanos(before));
        assert!(timer <= instant(now_ns()));
    }

    #[test]
    fn a_stamp_can_be_told_as_wall_clock_time() {
        let wall = nanos(SystemTime::now().duration_since(UNIX_EPOCH).unwrap());
        let told = unix_offset_ns() + now_ns();
        assert!(told.abs_diff(wall) < SECOND, "{told} against {wall}");
    }
}
