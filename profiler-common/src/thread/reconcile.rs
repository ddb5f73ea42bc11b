//! Corrects what was booked while switches and wake-ups were missed, by the kernel's accounting.

use super::{
    FLAG_MISSED_OFF, FLAG_MISSED_RUNNABLE, FLAG_MISSED_WAKE, FLAG_MISSED_WAKE_MIGRATED,
    FLAG_PREEMPTED, OFF_CPU_MIGRATED, Thread,
};
use crate::slot::Slot;

impl Slot<'_, Thread> {
    /// Returns the flag of a thread that has a CPU while taken for asleep.
    #[inline(always)]
    pub(super) fn missed_wake(self) -> u16 {
        if self.state().get() == OFF_CPU_MIGRATED {
            FLAG_MISSED_WAKE_MIGRATED
        } else {
            FLAG_MISSED_WAKE
        }
    }

    /// Corrects the time of a stay on a CPU whose switch-in was missed. The kernel knows how long
    /// the stay was: that much of the run queue or off-CPU time booked meanwhile was on-CPU time.
    #[inline(always)]
    pub(super) fn reconcile_on_cpu(self, exec_ns: u64) {
        if !self.has(FLAG_MISSED_RUNNABLE | FLAG_MISSED_OFF) {
            return;
        }
        let ran = exec_ns.saturating_sub(self.exec_ns().get());
        let seen = self.on_cpu_ns().get() - self.on_cpu_at_switch_out_ns().get();
        let missed = ran.saturating_sub(seen);
        let taken = if self.has(FLAG_MISSED_RUNNABLE) {
            let taken = self.run_queue_ns().take_up_to(missed);
            if self.has(FLAG_PREEMPTED) {
                self.preempted_ns().take_up_to(taken);
            }
            taken
        } else {
            let taken = self.off_cpu_ns().take_up_to(missed);
            self.enter_off_cpu_ns().take_up_to(taken);
            taken
        };
        self.on_cpu_ns().add(taken);
        // The stay was before the system call that the thread is in now.
        self.enter_on_cpu_ns().add(taken);
    }

    /// Corrects the time after a missed wake-up. The kernel knows how long the thread then waited:
    /// that much of the off-CPU time booked meanwhile was run queue time. After a migration in its
    /// sleep the kernel cannot separate the two either, and all of it stays off-CPU time.
    #[inline(always)]
    pub(super) fn reconcile_run_delay(self, run_delay_ns: u64) {
        let waited = run_delay_ns.saturating_sub(self.run_delay_ns().get());
        if self.has(FLAG_MISSED_WAKE_MIGRATED) {
            self.delayed_dequeue_ns().add(waited);
        }
        if !self.has(FLAG_MISSED_WAKE) {
            return;
        }
        let taken = self.off_cpu_ns().take_up_to(waited);
        self.run_queue_ns().add(taken);
        // It waited before the system call that it is in now, unless it waited in it.
        if self.enter_ns().get() > self.switched_in_ns().get() {
            self.enter_off_cpu_ns().take_up_to(taken);
        }
    }
}
