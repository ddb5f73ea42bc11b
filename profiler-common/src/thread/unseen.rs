//! Putting right what was booked while switches and wake-ups went unseen, by the kernel's own account.

use super::{
    FLAG_PREEMPTED, FLAG_UNSEEN_OFF, FLAG_UNSEEN_RUNNABLE, FLAG_UNSEEN_WAKE,
    FLAG_UNSEEN_WAKE_MOVED, MOVED, Thread,
};

impl Thread {
    /// The flag of a thread that sleeps, as far as is known, and yet has a CPU.
    #[inline(always)]
    pub(super) fn unseen_wake(&self) -> u16 {
        if self.state == MOVED {
            FLAG_UNSEEN_WAKE_MOVED
        } else {
            FLAG_UNSEEN_WAKE
        }
    }

    /// After a stay on the CPU whose beginning went unseen: the kernel knows how long it was, and what was booked as
    /// waiting or sleeping in the meantime is running.
    #[inline(always)]
    pub(super) fn put_stay_right(&mut self, exec_ns: u64) {
        const UNSEEN: u16 = FLAG_UNSEEN_RUNNABLE | FLAG_UNSEEN_OFF;
        if self.flags & UNSEEN != 0 {
            let ran = exec_ns.saturating_sub(self.exec_ns);
            let missed = ran.saturating_sub(self.on_cpu_ns - self.left_on_cpu_ns);
            let waiting = self.flags & FLAG_UNSEEN_RUNNABLE != 0;
            let booked = if waiting {
                &mut self.run_queue_ns
            } else {
                &mut self.off_cpu_ns
            };
            let taken = missed.min(*booked);
            *booked -= taken;
            if waiting && self.flags & FLAG_PREEMPTED != 0 {
                self.preempted_ns = self.preempted_ns.saturating_sub(taken);
            }
            if !waiting {
                self.enter_off_cpu_ns = self.enter_off_cpu_ns.saturating_sub(taken);
            }
            self.on_cpu_ns += taken;
            // It ran before the call it is in now.
            self.enter_on_cpu_ns += taken;
        }
    }

    /// After a wake-up that went unseen: the kernel knows how long the thread then waited for its CPU, and that much of
    /// what was booked as sleep is waiting. After a move in its sleep the kernel cannot tell the two apart either: all stays sleep.
    #[inline(always)]
    pub(super) fn put_wait_right(&mut self, run_delay_ns: u64) {
        let waited = run_delay_ns.saturating_sub(self.run_delay_ns);
        if self.flags & FLAG_UNSEEN_WAKE_MOVED != 0 {
            self.moved_ns += waited;
        }
        if self.flags & FLAG_UNSEEN_WAKE == 0 {
            return;
        }
        let taken = waited.min(self.off_cpu_ns);
        self.off_cpu_ns -= taken;
        self.run_queue_ns += taken;
        // It waited before the call it is in now, unless it waited in it.
        if self.enter_ns > self.ran_ns {
            self.enter_off_cpu_ns = self.enter_off_cpu_ns.saturating_sub(taken);
        }
    }
}
