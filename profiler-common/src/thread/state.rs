//! The events of a thread, and how each books the time since the event before.

use super::{
    Accounting, FLAG_CALLED, FLAG_EXITING, FLAG_FOUND_ASLEEP, FLAG_IN_SYSCALL, FLAG_MISSED_OFF,
    FLAG_MISSED_RUNNABLE, FLAG_MISSED_WAKE, FLAG_MISSED_WAKE_MIGRATED, FLAG_PREEMPTED, FLAG_READ,
    OFF_CPU, OFF_CPU_MIGRATED, ON_CPU, RUNNABLE, Thread,
};
use crate::slot::Slot;
use crate::socket::SockRef;
use crate::syscall::CallTime;

/// A thread preempted outside a system call is back in user mode about a microsecond after its
/// switch-in.
const SWITCHING_NS: u64 = 5_000;

impl Slot<'_, Thread> {
    /// Sets and clears bits of `flags`.
    #[inline(always)]
    pub fn change_flags(self, set: u16, clear: u16) {
        self.flags().set((self.flags().get() & !clear) | set);
    }

    /// Marks that a program reads this thread's memory: page faults of the read are not the
    /// thread's. Returns the mark from before, for [`Self::end_read`].
    #[inline(always)]
    pub fn begin_read(self) -> u16 {
        let before = self.flags().get() & FLAG_READ;
        self.change_flags(FLAG_READ, 0);
        before
    }

    /// Restores the mark that [`Self::begin_read`] returned. A CPU sample may interrupt a program
    /// that reads too, so it must not end the read of that program.
    #[inline(always)]
    pub fn end_read(self, before: u16) {
        self.change_flags(before, FLAG_READ);
    }

    /// Whether any of these bits of `flags` is set.
    #[inline(always)]
    pub fn has(self, flags: u16) -> bool {
        self.flags().get() & flags != 0
    }

    /// Closes the time since the last event at `now`; returns its length in ns.
    #[inline(always)]
    pub fn advance(self, now: u64) -> u64 {
        let spent = now.saturating_sub(self.since_ns().get());
        match self.state().get() {
            ON_CPU => self.on_cpu_ns().add(spent),
            RUNNABLE => {
                self.run_queue_ns().add(spent);
                if self.has(FLAG_PREEMPTED) {
                    self.preempted_ns().add(spent);
                }
            }
            _ => self.off_cpu_ns().add(spent),
        }
        self.since_ns().set(now);
        spent
    }

    /// Was given a CPU. Returns how long it waited, in ns, if it was runnable.
    #[inline(always)]
    pub fn switch_in(self, now: u64) -> Option<u64> {
        let state = self.state().get();
        if state != RUNNABLE && state != ON_CPU {
            self.change_flags(self.missed_wake(), 0);
            self.wakeups().add_shared(1);
        }
        let spent = self.advance(now);
        self.state().set(ON_CPU);
        self.switched_in_ns().set(now);
        (state == RUNNABLE).then_some(spent)
    }

    /// Left its CPU, voluntarily or not. `kernel` is the kernel's accounting at this moment.
    #[inline(always)]
    pub fn switch_out(self, now: u64, voluntary: bool, kernel: Accounting) {
        self.found_running(now);
        self.advance(now);
        self.note_base_of_running(voluntary, kernel);
        if self.exec_ns().get() != 0 {
            self.reconcile_on_cpu(kernel.exec_ns);
            self.reconcile_run_delay(kernel.run_delay_ns);
        } else {
            self.first_run_delay_ns().set(kernel.run_delay_ns);
            self.first_run_queue_ns().set(self.run_queue_ns().get());
        }
        const MISSED: u16 =
            FLAG_MISSED_RUNNABLE | FLAG_MISSED_OFF | FLAG_MISSED_WAKE | FLAG_MISSED_WAKE_MIGRATED;
        self.exec_ns().set(kernel.exec_ns);
        self.run_delay_ns().set(kernel.run_delay_ns);
        self.kernel_voluntary().set(kernel.voluntary);
        self.kernel_involuntary().set(kernel.involuntary);
        self.on_cpu_at_switch_out_ns().set(self.on_cpu_ns().get());
        if voluntary {
            self.voluntary().add(1);
            self.change_flags(0, MISSED | FLAG_PREEMPTED);
            self.state().set(OFF_CPU);
        } else {
            self.involuntary().add(1);
            self.change_flags(FLAG_PREEMPTED, MISSED);
            self.state().set(RUNNABLE);
        }
    }

    /// Was woken. Returns how long it was off, in ns. A thread that had not left its CPU yet stays
    /// on it.
    #[inline(always)]
    pub fn wake(self, now: u64) -> Option<u64> {
        // The thread may be running, and book a missed wake-up at the same moment.
        self.wakeups().add_shared(1);
        match self.state().get() {
            OFF_CPU => (),
            OFF_CPU_MIGRATED => {
                let slept = now.saturating_sub(self.migrated_at_ns().get());
                self.delayed_dequeue_ns().add(slept);
            }
            _ => return None,
        }
        let off = self.advance(now);
        self.state().set(RUNNABLE);
        Some(off)
    }

    /// Acts for the client behind an accepted socket, from now on until it sleeps.
    #[inline(always)]
    pub fn serve(self, downstream: SockRef) {
        self.serving().set(downstream);
        self.serving_since().set(self.voluntary().get());
    }

    /// Returns the accepted socket of the client that it acts for, as far as is known.
    #[inline(always)]
    pub fn serves(self) -> SockRef {
        if self.serving_since().get() == self.voluntary().get() {
            self.serving().get()
        } else {
            SockRef::default()
        }
    }

    /// Was migrated to another CPU, mostly by its wake-up.
    ///
    /// Since Linux 6.12 a thread that has gone to sleep may stay on the run queue for a while
    /// (delayed dequeue). When load balancing migrates it from there, the kernel counts its sleep
    /// as run delay until its next switch-in. `now` is called in that case only.
    #[inline(always)]
    pub fn migrated(self, now: impl FnOnce() -> u64) {
        self.migrations().add(1);
        let asleep = self.state().get() == OFF_CPU;
        if asleep && self.waking_ns().get() <= self.since_ns().get() {
            self.state().set(OFF_CPU_MIGRATED);
            self.migrated_at_ns().set(now());
        }
    }

    /// On-CPU time up to `now`, if the thread runs.
    #[inline(always)]
    pub fn on_cpu_at(self, now: u64) -> u64 {
        self.on_cpu_ns().get() + now.saturating_sub(self.since_ns().get())
    }

    /// Notes that the thread runs: a system call or a switch-out proves it, even where its
    /// switch-in was missed.
    #[inline(always)]
    fn found_running(self, now: u64) {
        let state = self.state().get();
        if state == ON_CPU {
            return;
        }
        if state == RUNNABLE {
            self.change_flags(FLAG_MISSED_RUNNABLE, 0);
        } else {
            self.wakeups().add_shared(1);
            self.change_flags(FLAG_MISSED_OFF | self.missed_wake(), 0);
        }
        self.advance(now);
        self.state().set(ON_CPU);
        self.missed_switches().add(1);
    }

    /// Enters system call `nr`.
    #[inline(always)]
    pub fn enter(self, nr: u32, now: u64) {
        self.found_running(now);
        self.syscall_nr().set(nr);
        self.change_flags(FLAG_IN_SYSCALL | FLAG_CALLED, FLAG_FOUND_ASLEEP);
        self.enter_ns().set(now);
        self.enter_on_cpu_ns().set(self.on_cpu_at(now));
        self.enter_off_cpu_ns().set(self.off_cpu_ns().get());
    }

    /// Whether a return from a system call ends a call of the thread.
    ///
    /// Two returns do not: that of a new thread or process from the call that made it, and that of
    /// a call that seccomp refused, which the kernel never enters. A thread that was asleep when
    /// first seen was in a call, whose entry came before the window.
    #[inline(always)]
    pub fn returns(self) -> bool {
        self.has(FLAG_IN_SYSCALL | FLAG_FOUND_ASLEEP)
    }

    /// Returns from the system call it is in. Without an entry that was seen, it was in the call
    /// since it was first seen.
    #[inline(always)]
    pub fn exit(self, now: u64) -> CallTime {
        self.found_running(now);
        let entered = match self.enter_ns().get() {
            0 => self.first_seen_ns().get(),
            entered => entered,
        };
        let on_cpu_ns = self
            .on_cpu_at(now)
            .saturating_sub(self.enter_on_cpu_ns().get());
        let off_cpu_ns = self.off_cpu_ns().get();
        let blocked_ns = off_cpu_ns.saturating_sub(self.enter_off_cpu_ns().get());
        let wall = now.saturating_sub(entered);
        self.change_flags(0, FLAG_IN_SYSCALL | FLAG_FOUND_ASLEEP);
        self.syscall_ns().add(on_cpu_ns);
        CallTime {
            on_cpu_ns,
            blocked_ns,
            run_queue_ns: wall.saturating_sub(on_cpu_ns + blocked_ns),
        }
    }

    /// Begins to exit, and runs no code of the program any more.
    #[inline(always)]
    pub fn begin_exit(self, now: u64) {
        self.found_running(now);
        self.advance(now);
        self.change_flags(FLAG_EXITING, 0);
    }

    /// Counts a CPU sample that found the thread in the kernel. `by_call` says whether a system
    /// call brought it there.
    ///
    /// A switch runs with interrupts off. A sample due meanwhile comes when it is over, in the
    /// thread that was switched in.
    #[inline(always)]
    pub fn sampled_in_kernel(self, now: u64, by_call: bool) {
        let since_switch = now.saturating_sub(self.switched_in_ns().get());
        if self.has(FLAG_IN_SYSCALL) {
            self.samples_syscall().add(1);
        } else if by_call {
            self.samples_syscall_edge().add(1);
        } else if since_switch < SWITCHING_NS {
            self.samples_switching().add(1);
        } else {
            self.samples_fault_irq().add(1);
        }
    }
}
