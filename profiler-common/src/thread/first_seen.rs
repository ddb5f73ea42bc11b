//! The time from the start of the window until a thread was first seen, by the kernel's notes.
//!
//! The kernel may hide switches and wake-ups from the programs, for instance those in which a
//! hidden process has the CPU. Then the first event of a thread is not its wake-up from the sleep
//! in which the window found it.

use super::{FLAG_FOUND_ASLEEP, FLAG_MISSED_OFF, FLAG_MISSED_RUNNABLE, ON_CPU, RUNNABLE, Thread};
use crate::slot::Slot;

/// Error of a note on the monotonic clock, ns. A CPU or wake-up that a thread got so shortly after
/// the start of the window may have come before it.
const NOTE_ERROR_NS: u64 = 500_000;

impl Slot<'_, Thread> {
    /// Corrects a thread that was first seen with a CPU: the kernel gave it that CPU at
    /// `arrived_ns`. Its switch-out would have been seen, so that it slept before.
    #[inline(always)]
    pub fn arrived(self, arrived_ns: u64) {
        if self.state().get() == ON_CPU && self.slept_until(arrived_ns) {
            self.switched_in_ns().set(arrived_ns);
            self.missed_switches().add(1);
        }
    }

    /// Corrects a thread that was first seen runnable: the kernel put it on a run queue at
    /// `queued_ns`. It slept before.
    #[inline(always)]
    pub fn queued(self, queued_ns: u64) {
        if self.state().get() == RUNNABLE {
            self.slept_until(queued_ns);
        }
    }

    /// Books the time since the start of the window as sleep, unless the sleep ended before it;
    /// returns whether it did not. Another CPU may have seen the thread at the same moment and
    /// booked that time already.
    #[inline(always)]
    fn slept_until(self, woken_ns: u64) -> bool {
        let since_ns = self.since_ns().get();
        if since_ns != self.first_seen_ns().get() || woken_ns <= since_ns + NOTE_ERROR_NS {
            return false;
        }
        self.off_cpu_ns().add(woken_ns - since_ns);
        self.since_ns().set(woken_ns);
        self.wakeups().add_shared(1);
        self.change_flags(FLAG_FOUND_ASLEEP, 0);
        true
    }

    /// Returns when the thread was given the CPU that it has, if a program saw that.
    #[inline(always)]
    pub fn seen_switch_in(self) -> Option<u64> {
        let missed = self.has(FLAG_MISSED_RUNNABLE | FLAG_MISSED_OFF);
        let seen_ns = self.switched_in_ns().get();
        (self.state().get() == ON_CPU && !missed && seen_ns != 0).then_some(seen_ns)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Accounting, OFF_CPU};
    use super::*;

    fn on(thread: &mut Thread) -> Slot<'_, Thread> {
        Slot::exclusive(thread)
    }

    /// A thread first seen at 5 ms, in a window that began at 1 ms.
    fn first_seen(state: u32) -> Thread {
        Thread::new(1, 1, 0, state, 1_000_000)
    }

    #[test]
    fn books_sleep_before_a_switch_in_that_no_program_saw() {
        let mut thread = first_seen(ON_CPU);
        on(&mut thread).arrived(4_000_000);
        assert!(on(&mut thread).returns(), "it slept in a system call");
        let took = on(&mut thread).exit(5_000_000);
        assert_eq!((took.on_cpu_ns, took.blocked_ns), (1_000_000, 3_000_000));
        let kernel = Accounting {
            exec_ns: 9_000_000,
            voluntary: 8,
            ..Accounting::default()
        };
        on(&mut thread).switch_out(6_000_000, true, kernel);
        assert_eq!(
            (thread.on_cpu_ns, thread.off_cpu_ns, thread.run_queue_ns),
            (2_000_000, 3_000_000, 0)
        );
        assert_eq!((thread.wakeups, thread.missed_switches), (1, 1));
        assert_eq!((thread.base_exec_ns, thread.base_voluntary), (7_000_000, 7));
    }

    #[test]
    fn books_sleep_before_a_wake_up_that_no_program_saw() {
        let mut thread = first_seen(RUNNABLE);
        on(&mut thread).queued(4_000_000);
        assert_eq!(on(&mut thread).switch_in(5_000_000), Some(1_000_000));
        assert_eq!(
            (thread.off_cpu_ns, thread.run_queue_ns, thread.wakeups),
            (3_000_000, 1_000_000, 1)
        );
        assert_eq!(thread.missed_switches, 0);
    }

    #[test]
    fn keeps_a_thread_that_had_its_cpu_or_its_place_at_the_start() {
        for noted_ns in [500_000, 1_000_000, 1_400_000] {
            let (mut running, mut waiting) = (first_seen(ON_CPU), first_seen(RUNNABLE));
            on(&mut running).arrived(noted_ns);
            on(&mut waiting).queued(noted_ns);
            assert_eq!(
                (running, waiting),
                (first_seen(ON_CPU), first_seen(RUNNABLE))
            );
        }
        let mut asleep = first_seen(OFF_CPU);
        on(&mut asleep).arrived(4_000_000);
        on(&mut asleep).queued(4_000_000);
        assert_eq!(asleep, first_seen(OFF_CPU), "another CPU saw its wake-up");
    }

    #[test]
    fn compares_clocks_by_switch_ins_that_were_seen() {
        let mut thread = first_seen(ON_CPU);
        assert_eq!(on(&mut thread).seen_switch_in(), None);
        on(&mut thread).switch_out(2_000_000, true, Accounting::default());
        assert_eq!(on(&mut thread).seen_switch_in(), None);
        on(&mut thread).switch_in(3_000_000);
        assert_eq!(on(&mut thread).seen_switch_in(), Some(3_000_000));
        on(&mut thread).switch_out(4_000_000, true, Accounting::default());
        on(&mut thread).enter(0, 5_000_000);
        assert_eq!(on(&mut thread).seen_switch_in(), None, "it was missed");
    }
}
