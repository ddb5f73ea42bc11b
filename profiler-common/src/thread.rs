//! One thread's time: the state machine that the scheduler's events drive.
//!
//! A thread is on a CPU, runnable, or off. Every event closes the time since the event before, so on-CPU + run
//! queue + off-CPU is the thread's lifetime inside the window by construction. What a thread did before its first
//! event follows from that event: whoever is switched in was runnable, whoever is woken was asleep, and whoever
//! does anything else was running, all since the window began.

mod unseen;

use crate::Stamp;
use crate::socket::Place;
use crate::syscall::CallTime;

/// On a CPU.
pub const ON_CPU: u32 = 1;
/// Runnable, waiting for a CPU.
pub const RUNNABLE: u32 = 2;
/// Asleep or blocked.
pub const OFF_CPU: u32 = 3;
/// Asleep or blocked, and moved to another CPU meanwhile (see [`Thread::moved`]). A state of its own, so that whoever wakes a thread
/// needs to look at its first cache line only.
pub const MOVED: u32 = 4;

/// The thread began inside the window.
pub const FLAG_BORN: u16 = 1;
/// The thread is inside a system call.
pub const FLAG_IN_SYSCALL: u16 = 2;
/// The thread is on its way out.
pub const FLAG_EXITING: u16 = 4;
/// `major_base` holds the kernel's count of major faults at first sight.
pub const FLAG_MAJOR_BASE: u16 = 8;
/// It was found running, without having been seen to get a CPU, while taken for runnable,
pub const FLAG_UNSEEN_RUNNABLE: u16 = 16;
/// and while taken for asleep.
pub const FLAG_UNSEEN_OFF: u16 = 32;
/// It got a CPU without having been seen to be woken.
pub const FLAG_UNSEEN_WAKE: u16 = 64;
/// The kernel took its CPU away, and it has not got one again.
pub const FLAG_PREEMPTED: u16 = 128;
/// Its memory is being read by a program: page faults meanwhile are the observer's, and bring nothing.
pub const FLAG_READ: u16 = 256;
/// As [`FLAG_UNSEEN_WAKE`], after a move in its sleep: what the kernel took for waiting is mostly sleep.
pub const FLAG_UNSEEN_WAKE_MOVED: u16 = 512;

/// What is known of one thread. Times are monotonic nanoseconds.
///
/// Five cache lines, in this order on purpose: whoever wakes the thread, mostly from another CPU, writes to the first one only; a
/// system call needs the second besides, a switch the third; and what happens rarely is in the last two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Thread {
    /// Thread id.
    pub tid: u32,
    /// Where it is kept: its place in the table of threads.
    pub slot: u32,
    /// Number that is never used twice in a recording, unlike `tid`.
    pub serial: u32,
    /// [`ON_CPU`], [`RUNNABLE`], [`OFF_CPU`] or [`MOVED`].
    pub state: u32,
    /// Since when it is in `state`.
    pub since_ns: u64,
    /// Time runnable, up to `since_ns`.
    pub run_queue_ns: u64,
    /// Time asleep or blocked, up to `since_ns`.
    pub off_cpu_ns: u64,
    /// Times it was woken; a wake-up that went unseen is known by what followed.
    pub wakeups: u64,
    /// When its last wake-up was decided.
    pub waking_ns: u64,
    /// Times it was moved to another CPU.
    pub migrations: u64,

    /// Bits of `FLAG_*`.
    pub flags: u16,
    /// Row of its [`crate::Ticks`], or one of `ticks::NO_ROW*`.
    pub ticks_row: u16,
    /// Number of the system call it is in.
    pub syscall_nr: u32,
    /// Time on a CPU, up to `since_ns`.
    pub on_cpu_ns: u64,
    /// Switches by its own wish.
    pub voluntary: u64,
    /// Address of the goroutine that entered the last system call (Go on x86-64), else 0.
    pub goroutine: u64,
    /// On-CPU time inside system calls that returned.
    pub syscall_ns: u64,
    /// Entry of the system call it is in.
    pub enter_ns: u64,
    /// On-CPU time at that entry.
    pub enter_on_cpu_ns: u64,
    /// Off-CPU time at that entry.
    pub enter_off_cpu_ns: u64,

    /// When it was last given a CPU.
    pub ran_ns: u64,
    /// `on_cpu_ns` when it last left a CPU.
    pub left_on_cpu_ns: u64,
    /// The kernel's own run time of the thread (`se.sum_exec_runtime`) when it last left a CPU.
    pub exec_ns: u64,
    /// The kernel's own account of the thread's waiting (`sched_info.run_delay`) when it last left a CPU.
    pub run_delay_ns: u64,
    /// The kernel's count of the thread's major faults, when first and last looked at.
    pub major_base: u32,
    /// See `major_base`.
    pub major_last: u32,
    /// Switches the kernel imposed.
    pub involuntary: u64,
    /// Of `run_queue_ns`, the time after a CPU was taken away.
    pub preempted_ns: u64,
    /// Start of the thread, or of the window if that is later.
    pub first_ns: u64,

    /// Its last receive, where a receive is paired with a send of the same thread.
    pub received: Stamp,
    /// Thread group (process) id.
    pub tgid: u32,
    /// Times it was found running without having been seen to get a CPU.
    pub unseen_switches: u32,
    /// Page faults taken in user mode.
    pub faults_user: u32,
    /// Page faults taken in the kernel, on a user address.
    pub faults_kernel: u32,
    /// CPU-clock samples that found it in user mode,
    pub samples_user: u64,
    /// in a system call,
    pub samples_syscall: u32,
    /// in the kernel outside a system call: just after it had got its CPU back,
    pub samples_switching: u32,
    /// or later.
    pub samples_fault_irq: u32,
    /// or, wherever that was, on the way into a system call or out of it.
    pub samples_crossing: u32,

    /// The kernel's own account of the thread's waiting when it left a CPU for the first time; 0 before.
    pub first_run_delay_ns: u64,
    /// `run_queue_ns` at the same moment.
    pub first_run_queue_ns: u64,
    /// When it was moved to another CPU in its sleep.
    pub moved_at_ns: u64,
    /// Time from such moves to its being woken.
    pub moved_ns: u64,
    /// The accepted socket on whose behalf it acts, see [`Thread::serve`].
    pub serving: Place,
    /// `voluntary` when it began to.
    pub serving_since: u64,
    /// CPU-clock samples that found it back from a page fault, at the instruction that caused it.
    pub samples_resuming: u32,
    /// Padding.
    pub reserved: u32,
}

const _: () = assert!(size_of::<Thread>() == 5 * 64);

/// A thread that ended, as it goes through the ring buffer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct ThreadExit {
    /// The thread at its last switch.
    pub thread: Thread,
    /// The kernel's own run time of the thread (`se.sum_exec_runtime`), since it began.
    pub kernel_exec_ns: u64,
    /// The kernel's own account of the time it waited for a CPU (`sched_info.run_delay`), since it began.
    pub kernel_run_delay_ns: u64,
    /// The kernel's own count of voluntary switches.
    pub kernel_voluntary: u64,
    /// The kernel's own count of involuntary switches.
    pub kernel_involuntary: u64,
    /// Name.
    pub comm: [u8; 16],
}

const _: () = assert!(size_of::<ThreadExit>() == size_of::<Thread>() + 48);

/// The kernel's own account of a thread, since it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Run time (`se.sum_exec_runtime`).
    pub exec_ns: u64,
    /// Waiting for a CPU (`sched_info.run_delay`).
    pub run_delay_ns: u64,
}

/// From getting a CPU to being back in user mode, a thread that was preempted outside a system call takes about a
/// microsecond.
const SWITCHING_NS: u64 = 5_000;

impl Thread {
    /// A thread that has been in `state` since `since_ns`.
    #[inline(always)]
    pub fn new(tgid: u32, tid: u32, serial: u32, state: u32, since_ns: u64) -> Self {
        Thread {
            tgid,
            tid,
            serial,
            state,
            first_ns: since_ns,
            since_ns,
            ..Self::default()
        }
    }

    /// Closes the time since the last event at `now`; returns its length.
    #[inline(always)]
    pub fn advance(&mut self, now: u64) -> u64 {
        let spent = now.saturating_sub(self.since_ns);
        match self.state {
            ON_CPU => self.on_cpu_ns += spent,
            RUNNABLE => {
                self.run_queue_ns += spent;
                if self.flags & FLAG_PREEMPTED != 0 {
                    self.preempted_ns += spent;
                }
            }
            _ => self.off_cpu_ns += spent,
        }
        self.since_ns = now;
        spent
    }

    /// Was given a CPU. Returns the time it waited, if it was runnable.
    #[inline(always)]
    pub fn switch_in(&mut self, now: u64) -> Option<u64> {
        let waited = self.state == RUNNABLE;
        if self.state != RUNNABLE && self.state != ON_CPU {
            self.flags |= self.unseen_wake();
            self.wakeups += 1;
        }
        let spent = self.advance(now);
        self.state = ON_CPU;
        self.ran_ns = now;
        waited.then_some(spent)
    }

    /// Left the CPU: by its own wish, or imposed; `kernel` is the account at this moment.
    #[inline(always)]
    pub fn switch_out(&mut self, now: u64, voluntary: bool, kernel: Account) {
        self.is_running(now);
        self.advance(now);
        if self.exec_ns != 0 {
            self.put_stay_right(kernel.exec_ns);
            self.put_wait_right(kernel.run_delay_ns);
        } else {
            self.first_run_delay_ns = kernel.run_delay_ns;
            self.first_run_queue_ns = self.run_queue_ns;
        }
        self.flags &= !(FLAG_UNSEEN_RUNNABLE
            | FLAG_UNSEEN_OFF
            | FLAG_UNSEEN_WAKE
            | FLAG_UNSEEN_WAKE_MOVED
            | FLAG_PREEMPTED);
        self.exec_ns = kernel.exec_ns;
        self.run_delay_ns = kernel.run_delay_ns;
        self.left_on_cpu_ns = self.on_cpu_ns;
        if voluntary {
            self.voluntary += 1;
            self.state = OFF_CPU;
        } else {
            self.involuntary += 1;
            self.flags |= FLAG_PREEMPTED;
            self.state = RUNNABLE;
        }
    }

    /// Was woken. Returns how long it was off, if it was. A thread that had not left its CPU yet stays on it.
    #[inline(always)]
    pub fn wake(&mut self, now: u64) -> Option<u64> {
        self.wakeups += 1;
        match self.state {
            OFF_CPU => (),
            MOVED => self.moved_ns += now.saturating_sub(self.moved_at_ns),
            _ => return None,
        }
        let off = self.advance(now);
        self.state = RUNNABLE;
        Some(off)
    }

    /// Acts for the client behind an accepted socket, from now on until it sleeps.
    #[inline(always)]
    pub fn serve(&mut self, client: Place) {
        self.serving = client;
        self.serving_since = self.voluntary;
    }

    /// The accepted socket of the client that it acts for, as far as is known.
    #[inline(always)]
    pub fn serves(&self) -> Place {
        if self.serving_since == self.voluntary {
            self.serving
        } else {
            Place::default()
        }
    }

    /// Was moved to another CPU. Mostly its wake-up does that; but Linux leaves a thread that has gone to sleep on the run queue for a
    /// while (delayed dequeue, since 6.12), and one that is moved from there in order to balance load is taken for waiting by
    /// the kernel's account (`sched_info.run_delay`) until it next gets a CPU. The time is asked for in that case only.
    #[inline(always)]
    pub fn moved(&mut self, now: impl FnOnce() -> u64) {
        self.migrations += 1;
        if self.state == OFF_CPU && self.waking_ns <= self.since_ns {
            self.state = MOVED;
            self.moved_at_ns = now();
        }
    }

    /// On-CPU time up to `now`, while it runs.
    #[inline(always)]
    pub fn on_cpu_at(&self, now: u64) -> u64 {
        self.on_cpu_ns + now.saturating_sub(self.since_ns)
    }

    /// Whoever makes a system call, or leaves a CPU, is running, whatever was missed of how it came to.
    #[inline(always)]
    fn is_running(&mut self, now: u64) {
        if self.state != ON_CPU {
            self.flags |= match self.state {
                RUNNABLE => FLAG_UNSEEN_RUNNABLE,
                _ => {
                    self.wakeups += 1;
                    FLAG_UNSEEN_OFF | self.unseen_wake()
                }
            };
            self.advance(now);
            self.state = ON_CPU;
            self.unseen_switches += 1;
        }
    }

    /// Enters system call `nr`.
    #[inline(always)]
    pub fn enter(&mut self, nr: u32, now: u64) {
        self.is_running(now);
        self.syscall_nr = nr;
        self.flags |= FLAG_IN_SYSCALL;
        self.enter_ns = now;
        self.enter_on_cpu_ns = self.on_cpu_at(now);
        self.enter_off_cpu_ns = self.off_cpu_ns;
    }

    /// Returns from the system call it is in. Without an entry seen, it was in it since its first sight: the
    /// fields that an entry sets are still zero, which says just that once `enter_ns` is `first_ns`.
    #[inline(always)]
    pub fn exit(&mut self, now: u64) -> CallTime {
        self.is_running(now);
        let entered = if self.enter_ns == 0 {
            self.first_ns
        } else {
            self.enter_ns
        };
        let on_cpu_ns = self.on_cpu_at(now).saturating_sub(self.enter_on_cpu_ns);
        let blocked_ns = self.off_cpu_ns.saturating_sub(self.enter_off_cpu_ns);
        let wall = now.saturating_sub(entered);
        self.flags &= !FLAG_IN_SYSCALL;
        self.syscall_ns += on_cpu_ns;
        CallTime {
            on_cpu_ns,
            blocked_ns,
            run_queue_ns: wall.saturating_sub(on_cpu_ns + blocked_ns),
        }
    }

    /// Is on its way out, and runs no code of its own any more.
    #[inline(always)]
    pub fn begin_to_end(&mut self, now: u64) {
        self.is_running(now);
        self.advance(now);
        self.flags |= FLAG_EXITING;
    }

    /// Notes a CPU-clock sample that found it in the kernel.
    ///
    /// The switch itself runs with interrupts off, so that its sample is taken when it is over: in the thread that was
    /// switched to. `by_call` says whether a system call brought it into the kernel.
    #[inline(always)]
    pub fn sampled_in_kernel(&mut self, now: u64, by_call: bool) {
        if self.flags & FLAG_IN_SYSCALL != 0 {
            self.samples_syscall += 1;
        } else if by_call {
            self.samples_crossing += 1;
        } else if now.saturating_sub(self.ran_ns) < SWITCHING_NS {
            self.samples_switching += 1;
        } else {
            self.samples_fault_irq += 1;
        }
    }

    /// Major faults since first sight.
    pub fn major(&self) -> u64 {
        self.major_last.wrapping_sub(self.major_base).into()
    }
}

#[cfg(test)]
mod tests;
