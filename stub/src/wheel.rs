//! One timer for all streams of a worker.
//!
//! A timer for each stream would cost a system call or a heap operation for each token. Here due times are rounded up
//! to ticks, everything that falls due in one tick is taken out together, and one `timerfd` is armed for the next tick
//! that has anything in it. An idle stub is not woken at all. The kernel's timer is used because tokio's own counts in
//! milliseconds, which would be the whole error this stub allows itself.

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

/// Keeps entries until they are due.
pub struct Wheel<T> {
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

/// What is due at which tick. Only ticks with entries exist, so the map stays as small as the spread of due times (a few
/// dozen), and the next one is found without a scan.
struct Slots<T> {
    due: BTreeMap<u64, Vec<T>>,
    armed: Option<u64>,
    /// Emptied lists, kept so that a tick does not allocate.
    spare: Vec<Vec<T>>,
}

impl<T> Wheel<T> {
    /// A wheel with ticks of the given length, driven by the current tokio runtime.
    ///
    /// # Errors
    /// If the kernel refuses another timer.
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

    /// Ready when something fell due, or may have.
    ///
    /// # Errors
    /// If the timer cannot be polled any more.
    pub async fn turned(&self) -> io::Result<()> {
        // Arming the timer again also resets its expiry count, so it never needs to be read.
        self.timer.readable().await?.clear_ready();
        Ok(())
    }

    /// Takes out what is due now, into `batch`.
    ///
    /// # Errors
    /// If the timer cannot be armed any more.
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

    /// Keeps `entry` until the first tick that is not before `due`.
    ///
    /// # Errors
    /// If the timer cannot be armed any more.
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
        // A wait of zero would disarm the timer instead of firing it at once.
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
    async fn entries_come_in_order_and_never_early() {
        let wheel = Wheel::new(Duration::from_micros(250)).unwrap();
        let start = Instant::now();
        // The last one asks for an earlier time than the timer is armed for.
        for millis in [30, 10, 20, 5] {
            let due = start + Duration::from_millis(millis);
            wheel.put(due, (due, millis)).unwrap();
        }
        let mut batch = Vec::new();
        let mut order = Vec::new();
        while order.len() < 4 {
            wheel.turned().await.unwrap();
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
    async fn what_is_not_due_stays() {
        let wheel = Wheel::new(Duration::from_millis(1)).unwrap();
        wheel.put(Instant::now(), "now").unwrap();
        let later = Instant::now() + Duration::from_secs(60);
        wheel.put(later, "later").unwrap();
        let mut batch = Vec::new();
        while batch.is_empty() {
            wheel.turned().await.unwrap();
            wheel.take_due(&mut batch).unwrap();
        }
        wheel.take_due(&mut batch).unwrap();
        assert_eq!(batch, ["now"]);
        assert_eq!(wheel.slots().due.len(), 1);
    }
}
