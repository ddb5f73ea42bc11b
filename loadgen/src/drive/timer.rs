//! Timer with the kernel's resolution (`timerfd`). tokio's timers count in milliseconds, which an
//! open loop would see as latency of its requests.

use crate::clock::now_ns;
use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};
use std::io;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::time::Duration;
use tokio::io::unix::AsyncFd;

/// Timer of one task.
pub struct Timer(AsyncFd<Descriptor>);

struct Descriptor(TimerFd);

impl AsRawFd for Descriptor {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_fd().as_raw_fd()
    }
}

impl Timer {
    /// Returns a timer that the current runtime drives.
    ///
    /// # Errors
    /// If the kernel refuses another timer.
    #[expect(
        deprecated,
        reason = "the replacement is unsafe; a TimerFd owns its descriptor and is never replaced"
    )]
    pub fn new() -> io::Result<Self> {
        let flags = TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC;
        let timer = TimerFd::new(ClockId::CLOCK_MONOTONIC, flags)?;
        Ok(Self(AsyncFd::new(Descriptor(timer))?))
    }

    /// Waits for the moment `ns` of [`now_ns`].
    ///
    /// # Errors
    /// If the kernel refuses to set the timer or to wait for it.
    pub async fn until(&self, ns: u64) -> io::Result<()> {
        loop {
            let wait = ns.saturating_sub(now_ns());
            if wait == 0 {
                return Ok(());
            }
            let wait = TimeSpec::from_duration(Duration::from_nanos(wait));
            let timer = &self.0.get_ref().0;
            timer.set(Expiration::OneShot(wait), TimerSetTimeFlags::empty())?;
            // Setting the timer again resets its expiry count, so it never needs to be read.
            self.0.readable().await?.clear_ready();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn fires_no_earlier_than_due_and_is_reusable() {
        let timer = Timer::new().unwrap();
        for wait in [0, 1, 300_000, 50_000] {
            let due = now_ns() + wait;
            timer.until(due).await.unwrap();
            assert!(now_ns() >= due);
        }
        timer.until(0).await.unwrap();
    }
}
