//! The kernel's accounting of a thread: where it stood when the window opened, and how it corrects
//! what was booked while switches and wake-ups were missed.

use super::{
    Accounting, FLAG_BASE, FLAG_MISSED_OFF, FLAG_MISSED_RUNNABLE, FLAG_MISSED_WAKE,
    FLAG_MISSED_WAKE_MIGRATED, FLAG_PREEMPTED, OFF_CPU_MIGRATED, Thread,
};
use crate::slot::Slot;

impl Slot<'_, Thread> {
    /// Notes the kernel's accounting before the thread's first stay on a CPU in the window: it is
    /// what it was when the window opened.
    #[inline(always)]
    pub fn note_base(self, kernel: Accounting) {
        self.base_exec_ns().set(kernel.exec_ns);
        self.base_run_delay_ns().set(kernel.run_delay_ns);
        self.base_voluntary().set(kernel.voluntary);
        self.base_involuntary().set(kernel.involuntary);
        self.change_flags(FLAG_BASE, 0);
    }

    /// Notes it after that stay, if the thread had its CPU when the window opened: without the run
    /// time since then, and without the switch that ends the stay.
    #[inline(always)]
    pub(super) fn note_base_of_running(self, voluntary: bool, kernel: Accounting) {
        if self.has(FLAG_BASE) {
            return;
        }
        self.note_base(Accounting {
            exec_ns: kernel.exec_ns.saturating_sub(self.on_cpu_ns().get()),
            run_delay_ns: kernel.run_delay_ns,
            voluntary: kernel.voluntary.wrapping_sub(voluntary.into()),
            involuntary: kernel.involuntary.wrapping_sub((!voluntary).into()),
        });
    }

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
