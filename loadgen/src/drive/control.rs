//! Start and end of the load, shared by all threads.

use crate::clock::{instant, nanos, now_ns};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;
use tokio::sync::watch;

/// Start and end of the load.
#[derive(Debug)]
pub struct Control {
    /// Start of the load on the clock of [`now_ns`].
    pub start_ns: u64,
    end_ns: AtomicU64,
    graceful_ns: u64,
    /// Requests that may still begin.
    left: AtomicU64,
    /// Whether no further request may begin.
    closed: watch::Sender<bool>,
    cut: watch::Sender<bool>,
}

impl Control {
    /// Returns the control of a load that begins now and ends after `length_ns`, or after
    /// `requests` if that is sooner.
    pub fn new(length_ns: u64, requests: Option<u64>, graceful: Duration) -> Self {
        let start_ns = now_ns();
        Self {
            start_ns,
            end_ns: AtomicU64::new(start_ns.saturating_add(length_ns)),
            graceful_ns: nanos(graceful),
            left: AtomicU64::new(requests.unwrap_or(u64::MAX)),
            closed: watch::Sender::new(false),
            cut: watch::Sender::new(false),
        }
    }

    /// Returns the moment from which no request may begin.
    pub fn end_ns(&self) -> u64 {
        self.end_ns.load(Relaxed)
    }

    /// Returns whether requests may begin.
    pub fn open(&self) -> bool {
        now_ns() < self.end_ns()
    }

    /// Takes one of the requests that may still begin, and that is due at `due_ns`; false if no
    /// request is left, or if the load ends before that moment.
    pub fn claim(&self, due_ns: u64) -> bool {
        let take = |left: u64| left.checked_sub(1);
        let left = match due_ns < self.end_ns() {
            true => self.left.fetch_update(Relaxed, Relaxed, take).ok(),
            false => None,
        };
        // After the last request, users that pause need not wait for the end of the load.
        if matches!(left, None | Some(1)) {
            self.closed.send_replace(true);
        }
        left.is_some()
    }

    /// Waits for `length`, or until no request may begin any more.
    pub async fn pause(&self, length: Duration) {
        let wake_ns = now_ns().saturating_add(nanos(length)).min(self.end_ns());
        let mut closed = self.closed.subscribe();
        tokio::select! {
            () = tokio::time::sleep_until(instant(wake_ns)) => {}
            // The sender lives in `self`, so waiting cannot fail.
            _ = closed.wait_for(|closed| *closed) => {}
        }
    }

    /// Returns nanoseconds since the load began.
    pub fn elapsed_ns(&self) -> u64 {
        now_ns() - self.start_ns
    }

    /// Returns how long load was or will be offered.
    pub fn offered_ns(&self) -> u64 {
        self.end_ns() - self.start_ns
    }

    /// Returns the moment at which open streams are cut.
    pub fn cut_ns(&self) -> u64 {
        self.end_ns().saturating_add(self.graceful_ns)
    }

    /// Ends the load: no further request begins.
    pub fn stop(&self) {
        self.end_ns.fetch_min(now_ns(), Relaxed);
        self.closed.send_replace(true);
    }

    /// Ends the load and cuts open streams.
    pub fn cut(&self) {
        self.stop();
        self.cut.send_replace(true);
    }

    /// Returns whether open streams have been cut.
    pub fn is_cut(&self) -> bool {
        *self.cut.borrow()
    }

    /// Waits for [`Control::cut`].
    pub async fn cut_off(&self) {
        let mut cut = self.cut.subscribe();
        // The sender lives in `self`, so waiting cannot fail.
        let _ = cut.wait_for(|cut| *cut).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRACEFUL: Duration = Duration::from_secs(3);

    #[tokio::test]
    async fn closes_when_stopped_and_notifies_when_cut() {
        let control = Control::new(u64::MAX, Some(1), GRACEFUL);
        assert!(control.open() && control.claim(now_ns()) && !control.claim(now_ns()));
        control.stop();
        assert!(!control.open());
        assert_eq!(control.cut_ns(), control.end_ns() + 3_000_000_000);
        control.cut();
        control.cut_off().await;
    }

    #[test]
    fn begins_a_request_that_was_due_in_time_after_the_end() {
        let control = Control::new(1, None, GRACEFUL);
        while control.open() {}
        assert!(control.claim(control.start_ns) && !control.claim(control.end_ns()));
        let stopped = Control::new(u64::MAX, None, GRACEFUL);
        stopped.stop();
        assert!(!stopped.claim(now_ns()));
    }

    #[tokio::test]
    async fn ends_a_pause_once_no_request_may_begin() {
        let hour = Duration::from_secs(3600);
        let stopped = Control::new(u64::MAX, None, GRACEFUL);
        tokio::join!(stopped.pause(hour), async { stopped.stop() });
        let exhausted = Control::new(u64::MAX, Some(0), GRACEFUL);
        assert!(!exhausted.claim(now_ns()));
        exhausted.pause(hour).await;
        let last = Control::new(u64::MAX, Some(1), GRACEFUL);
        assert!(last.claim(now_ns()));
        last.pause(hour).await;
        let short = Control::new(1_000_000, None, GRACEFUL);
        short.pause(hour).await;
    }
}
