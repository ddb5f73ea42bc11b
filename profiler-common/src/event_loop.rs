//! Iterations of a thread's event loop: from the return of a call that waits for events to the
//! entry of the next.

use crate::histogram::{BUCKETS, bucket_of};
use crate::numbers::{EPOLL_PWAIT, EPOLL_PWAIT2, EPOLL_WAIT, POLL, PPOLL, PSELECT6, SELECT};
use crate::slot::{Field, Slot, slotted};

/// Threads whose iterations are counted. A server has one loop or a few, and threads of a pool that
/// wait for events.
pub const ROWS: u32 = 256;
/// [`crate::Thread::event_loop_row`] of a thread that has not waited for events yet: no thread has
/// this row.
pub const NO_ROW: u16 = 0;
/// [`crate::Thread::event_loop_row`] of a thread for which no row was left.
pub const NO_ROW_LEFT: u16 = u16::MAX;

/// Whether a call waits for events and returns their number. `io_uring_enter` returns the number of
/// submissions instead, and waits only on request.
#[inline(always)]
pub fn waits_for_events(nr: u32) -> bool {
    matches!(
        nr,
        POLL | SELECT | EPOLL_WAIT | PSELECT6 | PPOLL | EPOLL_PWAIT | EPOLL_PWAIT2
    )
}

slotted! {
    /// The iterations of one thread's loop. Times are monotonic nanoseconds.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    #[repr(C)]
    pub struct EventLoop {
        /// The thread's serial number; 0 while the row is free.
        pub serial: u32,
        /// Padding.
        pub reserved: u32,
        /// Start of the iteration under way; 0 in a call that waits.
        pub iteration_since_ns: u64,
        /// Length of the iteration before this wait.
        pub last_iteration_ns: u64,
        /// Waits that returned no event.
        pub empty_polls: u64,
        /// Share of `empty_polls` that did not sleep either.
        pub busy_polls: u64,
        /// Iterations by the bucket of their length.
        pub iterations: [u32; BUCKETS],
        /// Iterations after which events were pending already, by the bucket of their length: an
        /// upper bound of how long these events had waited.
        pub lag_bound: [u32; BUCKETS],
    }
}

const _: () = assert!(size_of::<EventLoop>() == 40 + 8 * BUCKETS);

impl Default for EventLoop {
    fn default() -> Self {
        EventLoop {
            serial: 0,
            reserved: 0,
            iteration_since_ns: 0,
            last_iteration_ns: 0,
            empty_polls: 0,
            busy_polls: 0,
            iterations: [0; BUCKETS],
            lag_bound: [0; BUCKETS],
        }
    }
}

impl Slot<'_, EventLoop> {
    /// Begins an iteration: a wait returned at `now` with so many events (`None` if it failed).
    #[inline(always)]
    pub fn begin_iteration(self, now: u64, events: Option<u64>, slept: bool) {
        self.iteration_since_ns().set(now);
        let last = self.last_iteration_ns().get();
        match events {
            Some(0) => {
                self.empty_polls().add(1);
                self.busy_polls().add(u64::from(!slept));
            }
            Some(_) if !slept && last != 0 => count(self.lag_bound(), last),
            _ => (),
        }
    }

    /// Ends the iteration: the next wait is entered at `now`. Time before the first wait that
    /// returned is no iteration.
    #[inline(always)]
    pub fn end_iteration(self, now: u64) {
        let since = self.iteration_since_ns().replace(0);
        if since != 0 {
            // The clock may stand still, or step back between CPUs.
            let length = now.saturating_sub(since).max(1);
            self.last_iteration_ns().set(length);
            count(self.iterations(), length);
        }
    }
}

#[inline(always)]
fn count(buckets: Field<'_, [u32; BUCKETS]>, value: u64) {
    if let Some(count) = buckets.at(bucket_of(value)) {
        count.add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(counts: &[u32; BUCKETS], value: u64) -> (u32, u32) {
        (counts[bucket_of(value)], counts.iter().sum())
    }

    #[test]
    fn counts_an_iteration_from_wait_to_wait() {
        let mut event_loop = EventLoop::default();
        let slot = Slot::exclusive(&mut event_loop);
        // Entered before it was first seen.
        slot.end_iteration(50);
        slot.begin_iteration(100, Some(1), true);
        slot.end_iteration(700);
        slot.begin_iteration(1000, Some(2), true);
        slot.end_iteration(1600);
        assert_eq!(counted(&event_loop.iterations, 600), (2, 2));
        assert_eq!(counted(&event_loop.lag_bound, 600), (0, 0));
        assert_eq!((event_loop.empty_polls, event_loop.busy_polls), (0, 0));
    }

    #[test]
    fn bounds_the_lag_of_pending_events_by_the_iteration_before() {
        let mut event_loop = EventLoop::default();
        let slot = Slot::exclusive(&mut event_loop);
        // Nothing is known of the time before the first wait.
        slot.begin_iteration(100, Some(1), false);
        slot.end_iteration(5100);
        slot.begin_iteration(5200, Some(3), false);
        slot.end_iteration(5300);
        slot.begin_iteration(9000, Some(1), true);
        assert_eq!(counted(&event_loop.lag_bound, 5000), (1, 1));
        assert_eq!(counted(&event_loop.iterations, 5000), (1, 2));
    }

    #[test]
    fn distinguishes_empty_polls_that_slept_from_busy_ones() {
        let mut event_loop = EventLoop::default();
        let slot = Slot::exclusive(&mut event_loop);
        for (events, slept) in [
            (Some(0), true),
            (Some(0), false),
            (Some(0), false),
            (None, false),
            (Some(1), true),
        ] {
            slot.begin_iteration(100, events, slept);
            slot.end_iteration(200);
        }
        assert_eq!((event_loop.empty_polls, event_loop.busy_polls), (3, 2));
        assert_eq!(counted(&event_loop.iterations, 100), (5, 5));
    }

    #[test]
    fn ignores_a_clock_that_steps_back() {
        let mut event_loop = EventLoop::default();
        let slot = Slot::exclusive(&mut event_loop);
        slot.begin_iteration(100, Some(1), true);
        slot.end_iteration(90);
        assert_eq!(counted(&event_loop.iterations, 1), (1, 1));
    }
}
