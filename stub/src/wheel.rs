//! A timer wheel: one timer for all streams of a worker.
//!
//! One timer per stream would cost a system call or a heap operation per token. The wheel rounds
//! due times up to ticks, takes out all entries of a tick together, and arms one `timerfd` for the
//! next tick with an entry. An idle stub never wakes up. tokio's timer has a resolution of 1 ms,
//! which is too coarse here.

use nix::sys::{
    time::TimeSpec,
    timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags},
};
use std::{
    collections::BTreeMap,
    io,
    os::fd::{AsFd, AsRawFd, RawFd},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::io::unix::AsyncFd;

/// Entries, sorted by due time.
pub struct TimerWheel<T> {
    epoch: Instant,
    tick_ns: u64,
    timer: AsyncFd<Timer>,
    slots: Mutex<Slots<T>>,
}

struct Timer(TimerFd);

impl AsRawFd for Timer {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_fd().as_raw_fd()
    }
}

/// Entries by tick. Only ticks with entries exist, so the map holds a few dozen keys, and its first
/// key is the next tick.
struct Slots<T> {
    due: BTreeMap<u64, Vec<T>>,
    armed: Option<u64>,
    /// Emptied lists, reused so that a tick does not allocate.
    spare: Vec<Vec<T>>,
}

impl<T> TimerWheel<T> {
    /// Creates a wheel with ticks of the given length, driven by the current tokio runtime.
    ///
    /// # Errors
    /// If the kernel refuses a timer.
    #[expect(
        deprecated,
        reason = "the replacement is unsafe; a TimerFd owns its descriptor and is never replaced"
    )]
    pub fn new(tick: Duration) -> io::Result<Self> {
        let timer = TimerFd::new(
            ClockId::CLOCK_MONOTONIC,
            TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC,
        )?;
        Ok(Self {
            epoch: Instant::now(),
            tick_ns: nanoseconds(tick).max(1),
            timer: AsyncFd::new(Timer(timer))?,
            slots: Mutex::new(Slots {
                due: BTreeMap::new(),
                armed: None,
                spare: Vec::new(),
            }),
        })
    }

    /// Waits until the timer has expired.
    ///
    /// # Errors
    /// If the timer cannot be polled.
    pub async fn expired(&self) -> io::Result<()> {
        // Arming the timer resets its expiry count, so the count is never read.
        self.timer.readable().await?.clear_ready();
        Ok(())
    }

    /// Moves the entries that are due into `batch`.
    ///
    /// # Errors
    /// If the kernel refuses to arm the timer.
    pub fn take_due(&self, batch: &mut Vec<T>) -> io::Result<()> {
        let now = nanoseconds(self.epoch.elapsed()) / self.tick_ns;
        let mut slots = self.slots();
        if slots.armed.is_none_or(|armed| armed > now) {
            return Ok(());
        }
        slots.armed = None;
        while let Some(entry) = slots.due.first_entry().filter(|entry| *entry.key() <= now) {
            let mut due = entry.remove();
            batch.append(&mut due);
            slots.spare.push(due);
        }
        match slots.due.first_key_value() {
            Some((&tick, _)) => self.arm(&mut slots, tick),
            None => Ok(()),
        }
    }

    /// Adds `entry` at the first tick that is not before `due`.
    ///
    /// # Errors
    /// If the kernel refuses to arm the timer.
    pub fn put(&self, due: Instant, entry: T) -> io::Result<()> {
        let offset = nanoseconds(due.saturating_duration_since(self.epoch));
        let tick = offset.div_ceil(self.tick_ns);
        let mut slots = self.slots();
        let Slots { due, spare, .. } = &mut *slots;
        due.entry(tick)
            .or_insert_with(|| spare.pop().unwrap_or_default())
            .push(entry);
        if slots.armed.is_none_or(|armed| tick < armed) {
            self.arm(&mut slots, tick)?;
        }
        Ok(())
    }

    fn arm(&self, slots: &mut Slots<T>, tick: u64) -> io::Result<()> {
        slots.armed = Some(tick);
        let at = self.epoch + Duration::from_nanos(tick.saturating_mul(self.tick_ns));
        // A timeout of zero would disarm the timer.
        let wait = at
            .saturating_duration_since(Instant::now())
            .max(Duration::from_nanos(1));
        let expiry = Expiration::OneShot(TimeSpec::from_duration(wait));
        Ok(self
            .timer
            .get_ref()
            .0
            .set(expiry, TimerSetTimeFlags::empty())?)
    }

    fn slots(&self) -> MutexGuard<'_, Slots<T>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn returns_entries_in_order_and_never_early() {
        let wheel = TimerWheel::new(Duration::from_micros(250)).unwrap();
        let start = Instant::now();
        // The last one asks for an earlier time than the timer is armed for.
        for millis in [30, 10, 20, 5] {
            let due = start + Duration::from_millis(millis);
            wheel.put(due, (due, millis)).unwrap();
        }
        let mut batch = Vec::new();
        let mut order = Vec::new();
        while order.len() < 4 {
            wheel.expired().await.unwrap();
            wheel.take_due(&mut batch).unwrap();
            for (due, millis) in batch.drain(..) {
                assert!(Instant::now() >= due);
                order.push(millis);
            }
        }
        assert_eq!(order, [5, 10, 20, 30]);
        assert!(wheel.slots().due.is_empty());
    }

    #[tokio::test]
    async fn keeps_entries_that_are_not_due() {
        let wheel = TimerWheel::new(Duration::from_millis(1)).unwrap();
        wheel.put(Instant::now(), "now").unwrap();
        let later = Instant::now() + Duration::from_secs(60);
        wheel.put(later, "later").unwrap();
        let mut batch = Vec::new();
        while batch.is_empty() {
            wheel.expired().await.unwrap();
            wheel.take_due(&mut batch).unwrap();
        }
        wheel.take_due(&mut batch).unwrap();
        assert_eq!(batch, ["now"]);
        assert_eq!(wheel.slots().due.len(), 1);
    }
}
