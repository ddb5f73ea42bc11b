//! How a thread goes round its loop: from where a call that waits for events returns to where the next is entered.

use crate::histogram::{BUCKETS, bucket_of};

/// Threads whose ticks are kept. A server has one loop or a few, and threads of a pool that wait for events.
pub const ROWS: u32 = 256;
/// [`crate::Thread::ticks_row`] of a thread that has not waited for events yet: no row has this number.
pub const NO_ROW: u16 = 0;
/// [`crate::Thread::ticks_row`] of a thread for which no row was left.
pub const NO_ROW_LEFT: u16 = u16::MAX;

/// Whether a call waits for events (x86-64 numbers) and returns how many there are. `io_uring_enter` returns what it
/// submitted instead, and waits only if it is asked to.
#[inline(always)]
pub fn waits_for_events(nr: u32) -> bool {
    matches!(
        nr,
        7 // poll
        | 23 // select
        | 232 // epoll_wait
        | 270 // pselect6
        | 271 // ppoll
        | 281 // epoll_pwait
        | 441 // epoll_pwait2
    )
}

/// The ticks of one thread. Times are monotonic nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Ticks {
    /// The thread's serial number; 0 while the row belongs to nobody.
    pub serial: u32,
    /// Padding.
    pub reserved: u32,
    /// When the tick under way began; 0 in a call that waits.
    pub since_ns: u64,
    /// How long the tick before this wait was.
    pub last_ns: u64,
    /// Waits that brought no event,
    pub empty: u64,
    /// and, of these, those that did not sleep either.
    pub spun: u64,
    /// Ticks by the bucket of their length.
    pub lengths: [u32; BUCKETS],
    /// Of these, those at whose end events were there already: how long these had waited, at most.
    pub late: [u32; BUCKETS],
}

const _: () = assert!(size_of::<Ticks>() == 40 + 8 * BUCKETS);

impl Default for Ticks {
    fn default() -> Self {
        Ticks {
            serial: 0,
            reserved: 0,
            since_ns: 0,
            last_ns: 0,
            empty: 0,
            spun: 0,
            lengths: [0; BUCKETS],
            late: [0; BUCKETS],
        }
    }
}

impl Ticks {
    /// A wait returned at `now` with so many events (nothing if it failed): a tick begins.
    #[inline(always)]
    pub fn begin(&mut self, now: u64, events: Option<u64>, slept: bool) {
        self.since_ns = now;
        match events {
            Some(0) => {
                self.empty += 1;
                self.spun += u64::from(!slept);
            }
            Some(_) if !slept && self.last_ns != 0 => bump(&mut self.late, self.last_ns),
            _ => (),
        }
    }

    /// The next wait is entered at `now`: the tick ends. What came before the first wait that returned is none.
    #[inline(always)]
    pub fn end(&mut self, now: u64) {
        if self.since_ns != 0 {
            // The clock may stand still, or step back between CPUs.
            self.last_ns = now.saturating_sub(self.since_ns).max(1);
            self.since_ns = 0;
            bump(&mut self.lengths, self.last_ns);
        }
    }
}

#[inline(always)]
fn bump(counts: &mut [u32; BUCKETS], value: u64) {
    if let Some(count) = counts.get_mut(bucket_of(value)) {
        *count += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(counts: &[u32; BUCKETS], value: u64) -> (u32, u32) {
        (counts[bucket_of(value)], counts.iter().sum())
    }

    #[test]
    fn a_tick_is_from_a_wait_to_the_next() {
        let mut ticks = Ticks::default();
        // Entered before it was first seen.
        ticks.end(50);
        ticks.begin(100, Some(1), true);
        ticks.end(700);
        ticks.begin(1000, Some(2), true);
        ticks.end(1600);
        assert_eq!(counted(&ticks.lengths, 600), (2, 2));
        assert_eq!(counted(&ticks.late, 600), (0, 0));
        assert_eq!((ticks.empty, ticks.spun), (0, 0));
    }

    #[test]
    fn events_that_were_there_already_had_waited_for_the_tick_at_most() {
        let mut ticks = Ticks::default();
        // Nobody knows what it did before the first.
        ticks.begin(100, Some(1), false);
        ticks.end(5100);
        ticks.begin(5200, Some(3), false);
        ticks.end(5300);
        ticks.begin(9000, Some(1), true);
        assert_eq!(counted(&ticks.late, 5000), (1, 1));
        assert_eq!(counted(&ticks.lengths, 5000), (1, 2));
    }

    #[test]
    fn waits_that_bring_nothing_slept_or_did_not() {
        let mut ticks = Ticks::default();
        for (events, slept) in [
            (Some(0), true),
            (Some(0), false),
            (Some(0), false),
            (None, false),
            (Some(1), true),
        ] {
            ticks.begin(100, events, slept);
            ticks.end(200);
        }
        assert_eq!((ticks.empty, ticks.spun), (3, 2));
        assert_eq!(counted(&ticks.lengths, 100), (5, 5));
    }

    #[test]
    fn a_clock_that_steps_back_makes_no_long_tick() {
        let mut ticks = Ticks::default();
        ticks.begin(100, Some(1), true);
        ticks.end(90);
        assert_eq!(counted(&ticks.lengths, 1), (1, 1));
    }
}
