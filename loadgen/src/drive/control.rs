//! When to begin, when to begin nothing more, when to cut.

use crate::clock::{nanos, now_ns};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;
use tokio::sync::watch;

/// Shared by all threads of a run.
#[derive(Debug)]
pub struct Control {
    /// When the load began, as [`now_ns`] counts.
    pub start_ns: u64,
    end_ns: AtomicU64,
    graceful_ns: u64,
    /// Requests that may still begin.
    left: AtomicU64,
    cut: watch::Sender<bool>,
}

impl Control {
    /// A run that begins now and ends after `length_ns` or `requests`, whichever is reached first.
    pub fn new(length_ns: u64, requests: Option<u64>, graceful: Duration) -> Self {
        let start_ns = now_ns();
        Self {
            start_ns,
            end_ns: AtomicU64::new(start_ns.saturating_add(length_ns)),
            graceful_ns: nanos(graceful),
            left: AtomicU64::new(requests.unwrap_or(u64::MAX)),
            cut: watch::Sender::new(false),
        }
    }

    /// When the last request may begin.
    pub fn end_ns(&self) -> u64 {
        self.end_ns.load(Relaxed)
    }

    /// Whether requests may begin.
    pub fn open(&self) -> bool {
        now_ns() < self.end_ns()
    }

    /// Takes leave to begin one request.
    pub fn claim(&self) -> bool {
        let take = |left: u64| left.checked_sub(1);
        self.open() && self.left.fetch_update(Relaxed, Relaxed, take).is_ok()
    }

    /// Nanoseconds since the load began.
    pub fn elapsed_ns(&self) -> u64 {
        now_ns() - self.start_ns
    }

    /// How long load was or will be offered.
    pub fn offered_ns(&self) -> u64 {
        self.end_ns() - self.start_ns
    }

    /// When streams still under way are cut.
    pub fn cut_ns(&self) -> u64 {
        self.end_ns().saturating_add(self.graceful_ns)
    }

    /// Begins nothing more.
    pub fn stop(&self) {
        self.end_ns.fetch_min(now_ns(), Relaxed);
    }

    /// Cuts what is under way.
    pub fn cut(&self) {
        self.stop();
        self.cut.send_replace(true);
    }

    /// Whether what was under way has been cut.
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

    #[tokio::test]
    async fn stopping_closes_and_cutting_tells() {
        let control = Control::new(u64::MAX, Some(1), Duration::from_secs(3));
        assert!(control.open() && control.claim() && !control.claim());
        control.stop();
        assert!(!control.open());
        assert_eq!(control.cut_ns(), control.end_ns() + 3_000_000_000);
        control.cut();
        control.cut_off().await;
    }
}
