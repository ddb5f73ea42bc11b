//! A timer of the kernel's own resolution. tokio's counts in milliseconds, and what a request begins late is part of its
//! latency in an open loop.

use crate::clock::now_ns;
use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};
use std::io;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::time::Duration;
use tokio::io::unix::AsyncFd;

/// Wakes one task at one moment at a time.
pub struct Timer(AsyncFd<Descriptor>);

struct Descriptor(TimerFd);

impl AsRawFd for Descriptor {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_fd().as_raw_fd()
    }
}

impl Timer {
    /// One that the current runtime drives.
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
    /// If the timer cannot be set or waited for any more.
    pub async fn until(&self, ns: u64) -> io::Result<()> {
        loop {
            let wait = ns.saturating_sub(now_ns());
            if wait == 0 {
                return Ok(());
            }
            let wait = TimeSpec::from_duration(Duration::from_nanos(wait));
            let timer = &self.0.get_ref().0;
            timer.set(Expiration::OneShot(wait), TimerSetTimeFlags::empty())?;
            // Setting it anew also resets its count of expiries, so that it never has to be read.
            self.0.readable().await?.clear_ready();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_is_never_early_and_can_be_used_again() {
        let timer = Timer::new().unwrap();
        for wait in [0, 1, 300_000, 50_000] {
            let due = now_ns() + wait;
            timer.until(due).await.unwrap();
            assert!(now_ns() >= due);
        }
        timer.until(0).await.unwrap();
    }
}
