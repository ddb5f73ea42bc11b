//! Bursts of wake-ups: threads that exist to collect garbage are woken together, work, and go back to sleep.

/// Wake-ups further apart than this, ns, belong to two bursts. With less, one collection of JavaScriptCore falls into
/// several; see docs/recording.md.
pub const GAP_NS: u64 = 3_000_000;

/// Bursts of wake-ups of threads of one name. Times are monotonic nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Bursts {
    /// First wake-up of the last burst; 0 if there was none.
    pub first_ns: u64,
    /// Last wake-up.
    pub woken_ns: u64,
    /// When one of the threads last left a CPU.
    pub left_ns: u64,
    /// Wake-ups.
    pub wakeups: u64,
    /// How long the bursts before the last were, together.
    pub span_ns: u64,
}

const _: () = assert!(size_of::<Bursts>() == 40);

impl Bursts {
    /// One of the threads is woken. Returns how long the burst before was, if this begins another.
    #[inline(always)]
    pub fn wake(&mut self, now: u64) -> Option<u64> {
        let before = *self;
        self.woken_ns = now;
        self.wakeups += 1;
        if before.first_ns == 0 {
            self.first_ns = now;
            return None;
        }
        if now.saturating_sub(before.woken_ns) <= GAP_NS {
            return None;
        }
        self.first_ns = now;
        let span = before.last_span_ns()?;
        self.span_ns += span;
        Some(span)
    }

    /// One of the threads leaves the CPU that it has had since `ran_ns`. Where that began long after anything else, its
    /// wake-up went unseen, and the time in between is no part of the burst.
    #[inline(always)]
    pub fn leave(&mut self, ran_ns: u64, now: u64) {
        if ran_ns <= self.left_ns.max(self.woken_ns) + GAP_NS {
            self.left_ns = now;
        }
    }

    /// How long the last burst was: from its first wake-up until a thread last left a CPU.
    #[inline(always)]
    pub fn last_span_ns(&self) -> Option<u64> {
        let end = self.left_ns.max(self.woken_ns);
        (self.first_ns != 0).then(|| end.saturating_sub(self.first_ns))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    #[test]
    fn wake_ups_close_together_are_one_burst() {
        let mut bursts = Bursts::default();
        assert_eq!(bursts.last_span_ns(), None);
        assert_eq!(bursts.wake(MS), None);
        assert_eq!(bursts.wake(2 * MS), None);
        bursts.leave(MS, 2 * MS + 10);
        bursts.leave(2 * MS, 2 * MS + 50);
        assert_eq!(bursts.wake(7 * MS), Some(MS + 50));
        bursts.leave(7 * MS, 8 * MS);
        assert_eq!(bursts.last_span_ns(), Some(MS));
        assert_eq!((bursts.wakeups, bursts.span_ns), (3, MS + 50));
    }

    #[test]
    fn a_thread_that_still_runs_has_been_at_it_since_its_wake_up_at_least() {
        let mut bursts = Bursts::default();
        bursts.leave(0, MS);
        bursts.wake(10 * MS);
        bursts.wake(11 * MS);
        assert_eq!(bursts.last_span_ns(), Some(MS));
    }

    #[test]
    fn a_wake_up_that_went_unseen_makes_no_burst_longer() {
        let mut bursts = Bursts::default();
        bursts.wake(10 * MS);
        bursts.leave(10 * MS, 12 * MS);
        bursts.leave(110 * MS, 111 * MS);
        assert_eq!(bursts.last_span_ns(), Some(2 * MS));
    }
}
