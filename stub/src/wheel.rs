//! One timer for all streams of a worker.
//!
//! A timer for each stream would cost a system call or a heap operation for each token. Here due times are rounded up
//! to ticks, everything that falls due in one tick is woken together, and one `timerfd` is armed for the next tick that
//! has anything in it. An idle stub is not woken at all. The kernel's timer is used because tokio's own counts in
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
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};
use tokio::io::unix::AsyncFd;

/// Wakes tasks at their due times, in batches.
pub struct Wheel {
    epoch: Instant,
    tick_ns: u64,
    timer: AsyncFd<Timer>,
    slots: Mutex<Slots>,
}

struct Timer(TimerFd);

impl AsRawFd for Timer {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_fd().as_raw_fd()
    }
}

/// Who is woken at which tick. Only ticks that someone waits for exist, so the map stays as small as the spread of due
/// times (a few dozen entries), and the next one is found without a scan.
#[derive(Default)]
struct Slots {
    due: BTreeMap<u64, Vec<Waker>>,
    armed: Option<u64>,
    /// Emptied lists, kept so that a tick does not allocate.
    spare: Vec<Vec<Waker>>,
}

impl Wheel {
    /// A wheel with ticks of the given length, driven by the current tokio runtime once [`Wheel::turn`] is awaited.
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
            slots: Mutex::default(),
        })
    }

    /// Wakes waiting tasks for as long as it is awaited.
    ///
    /// # Errors
    /// If the timer cannot be read or armed any more.
    pub async fn turn(&self) -> io::Result<()> {
        let mut woken = Vec::new();
        loop {
            // Arming the timer again also resets its expiry count, so it never needs to be read.
            self.timer.readable().await?.clear_ready();
            self.collect_due(&mut woken)?;
            woken.drain(..).for_each(Waker::wake);
        }
    }

    fn collect_due(&self, woken: &mut Vec<Waker>) -> io::Result<()> {
        let now = nanoseconds(self.epoch.elapsed()) / self.tick_ns;
        let mut slots = self.slots();
        slots.armed = None;
        while let Some(entry) = slots.due.first_entry().filter(|entry| *entry.key() <= now) {
            let mut wakers = entry.remove();
            woken.append(&mut wakers);
            slots.spare.push(wakers);
        }
        match slots.due.first_key_value() {
            Some((&tick, _)) => self.arm(&mut slots, tick),
            None => Ok(()),
        }
    }

    /// Wakes `waker` at the first tick that is not before `due`.
    fn wake_at(&self, due: Instant, waker: Waker) -> io::Result<()> {
        let offset = nanoseconds(due.saturating_duration_since(self.epoch));
        let tick = offset.div_ceil(self.tick_ns);
        let mut slots = self.slots();
        let Slots { due, spare, .. } = &mut *slots;
        due.entry(tick)
            .or_insert_with(|| spare.pop().unwrap_or_default())
            .push(waker);
        if slots.armed.is_none_or(|armed| tick < armed) {
            self.arm(&mut slots, tick)?;
        }
        Ok(())
    }

    fn arm(&self, slots: &mut Slots, tick: u64) -> io::Result<()> {
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

    fn slots(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// One task's wait for a due time; it asks the wheel only once however often it is polled.
#[derive(Default)]
pub struct Alarm {
    set: Option<(Instant, Waker)>,
}

impl Alarm {
    /// Ready once `due` has come, with the lateness if this was waited for. Who comes after the due time (because its
    /// reader was slow, say) has no lateness that were the wheel's.
    pub fn poll_until(
        &mut self,
        wheel: &Wheel,
        due: Instant,
        cx: &Context<'_>,
    ) -> Poll<Option<Duration>> {
        let now = Instant::now();
        if now >= due {
            let waited = self.set.take().is_some_and(|(at, _)| at == due);
            return Poll::Ready(waited.then(|| now - due));
        }
        let already = |(at, waker): &(Instant, Waker)| *at == due && waker.will_wake(cx.waker());
        if !self.set.as_ref().is_some_and(already) {
            self.set = Some((due, cx.waker().clone()));
            if wheel.wake_at(due, cx.waker().clone()).is_err() {
                // Without a timer the task must not sleep for ever: it is asked again at once.
                cx.waker().wake_by_ref();
            }
        }
        Poll::Pending
    }

    /// Waits until `due`.
    pub async fn until(mut self, wheel: &Wheel, due: Instant) {
        let _ = std::future::poll_fn(|cx| self.poll_until(wheel, due, cx)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[tokio::test]
    async fn wakes_in_order_and_never_early() {
        let wheel = Arc::new(Wheel::new(Duration::from_micros(250)).unwrap());
        let ticker = tokio::spawn({
            let wheel = wheel.clone();
            async move { wheel.turn().await }
        });
        let start = Instant::now();
        let mut woken = Vec::new();
        let order = Arc::new(Mutex::new(Vec::new()));
        // The last one asks for an earlier time than the timer is armed for.
        for millis in [30, 10, 20, 5] {
            let (wheel, order) = (wheel.clone(), order.clone());
            woken.push(tokio::spawn(async move {
                let due = start + Duration::from_millis(millis);
                Alarm::default().until(&wheel, due).await;
                assert!(Instant::now() >= due);
                order.lock().unwrap().push(millis);
            }));
        }
        for task in woken {
            task.await.unwrap();
        }
        assert_eq!(*order.lock().unwrap(), [5, 10, 20, 30]);
        assert!(wheel.slots().due.is_empty());
        ticker.abort();
    }

    #[tokio::test]
    async fn polling_again_does_not_queue_again() {
        let wheel = Wheel::new(Duration::from_millis(1)).unwrap();
        let due = Instant::now() + Duration::from_secs(60);
        let mut alarm = Alarm::default();
        std::future::poll_fn(|cx| {
            for _ in 0..3 {
                assert!(alarm.poll_until(&wheel, due, cx).is_pending());
            }
            Poll::Ready(())
        })
        .await;
        assert_eq!(wheel.slots().due.values().map(Vec::len).sum::<usize>(), 1);
    }
}
