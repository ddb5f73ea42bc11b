//! Bursts of wake-ups: threads that exist to collect garbage are woken together, work, and sleep.

use crate::slot::{Slot, slotted};

/// Wake-ups further apart than this, ns, belong to two bursts. With less, one collection of
/// JavaScriptCore splits into several; see docs/recording.md.
pub const GAP_NS: u64 = 3_000_000;

slotted! {
    /// Bursts of wake-ups of threads of one name. Times are monotonic nanoseconds.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    #[repr(C)]
    pub struct GcBursts {
        /// First wake-up of the last burst; 0 if there was none.
        pub burst_start_ns: u64,
        /// Last wake-up.
        pub woken_ns: u64,
        /// Time of the last switch-out of one of the threads.
        pub left_ns: u64,
        /// Wake-ups.
        pub wakeups: u64,
        /// Length of the bursts before the last, added up.
        pub span_ns: u64,
        /// Threads that were woken and have not blocked since, as a sum in two's complement. It can
        /// become negative: threads that were already awake at the first wake-up seen also block.
        pub awake: u64,
    }
}

const _: () = assert!(size_of::<GcBursts>() == 48);

impl Slot<'_, GcBursts> {
    /// Counts a wake-up of one of the threads. Returns the length of the burst before, in ns, if
    /// this begins another.
    #[inline(always)]
    pub fn wake(self, now: u64) -> Option<u64> {
        let before = self.woken_ns().replace(now);
        self.wakeups().add_shared(1);
        if self.burst_start_ns().get() == 0 {
            self.burst_start_ns().set(now);
            return None;
        }
        if now.saturating_sub(before) <= GAP_NS {
            return None;
        }
        let end = self.left_ns().get().max(before);
        let span = end.saturating_sub(self.burst_start_ns().replace(now));
        self.span_ns().add(span);
        Some(span)
    }

    /// One of the threads is no longer blocked.
    #[inline(always)]
    pub fn unblock(self) {
        self.awake().add_shared(1);
    }

    /// One of the threads blocks.
    #[inline(always)]
    pub fn block(self) {
        self.awake().add_shared(u64::MAX);
    }

    /// Whether one of the threads is awake: a collection is under way.
    #[inline(always)]
    pub fn is_active(self) -> bool {
        self.awake().get().cast_signed() > 0
    }

    /// One of the threads leaves the CPU that it has had since `switched_in_ns`. Where that was
    /// long after anything else, its wake-up was missed, and the time between is no part of a
    /// burst.
    #[inline(always)]
    pub fn leave(self, switched_in_ns: u64, now: u64) {
        let last = self.left_ns().get().max(self.woken_ns().get());
        if switched_in_ns <= last + GAP_NS {
            self.left_ns().set(now);
        }
    }
}

impl GcBursts {
    /// Returns the length of the last burst, ns: from its first wake-up to the last switch-out.
    pub fn last_span_ns(&self) -> Option<u64> {
        let end = self.left_ns.max(self.woken_ns);
        (self.burst_start_ns != 0).then(|| end.saturating_sub(self.burst_start_ns))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    #[test]
    fn joins_wake_ups_close_together() {
        let mut bursts = GcBursts::default();
        assert_eq!(bursts.last_span_ns(), None);
        let slot = Slot::exclusive(&mut bursts);
        assert_eq!(slot.wake(MS), None);
        assert_eq!(slot.wake(2 * MS), None);
        slot.leave(MS, 2 * MS + 10);
        slot.leave(2 * MS, 2 * MS + 50);
        assert_eq!(slot.wake(7 * MS), Some(MS + 50));
        slot.leave(7 * MS, 8 * MS);
        assert_eq!(bursts.last_span_ns(), Some(MS));
        assert_eq!((bursts.wakeups, bursts.span_ns), (3, MS + 50));
    }

    #[test]
    fn counts_a_running_thread_up_to_its_last_wake_up() {
        let mut bursts = GcBursts::default();
        let slot = Slot::exclusive(&mut bursts);
        slot.leave(0, MS);
        slot.wake(10 * MS);
        slot.wake(11 * MS);
        assert_eq!(bursts.last_span_ns(), Some(MS));
    }

    #[test]
    fn is_active_while_a_thread_is_awake() {
        let mut bursts = GcBursts::default();
        let slot = Slot::exclusive(&mut bursts);
        assert!(!slot.is_active());
        slot.unblock();
        slot.unblock();
        slot.block();
        assert!(slot.is_active());
        slot.block();
        assert!(!slot.is_active());
        slot.block();
        assert!(!slot.is_active(), "it was awake before the window opened");
    }

    #[test]
    fn ignores_a_stay_whose_wake_up_was_missed() {
        let mut bursts = GcBursts::default();
        let slot = Slot::exclusive(&mut bursts);
        slot.wake(10 * MS);
        slot.leave(10 * MS, 12 * MS);
        slot.leave(110 * MS, 111 * MS);
        assert_eq!(bursts.last_span_ns(), Some(2 * MS));
    }
}
