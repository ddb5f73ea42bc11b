//! One thread's time: the state machine that the scheduler's events drive.
//!
//! A thread is on a CPU, runnable, or off. Every event closes the time since the event before. So
//! on-CPU + run queue + off-CPU time is the thread's lifetime inside the window by construction.
//!
//! The first event also says how the thread spent the window until then. A thread that is switched
//! in was runnable, one that is woken was asleep, and any other event finds it on a CPU.

mod faults;
mod first_seen;
pub mod quota;
mod reconcile;
mod state;

use crate::RecvStamp;
use crate::slot::slotted;
use crate::socket::SockRef;

/// On a CPU.
pub const ON_CPU: u32 = 1;
/// Runnable, waiting for a CPU.
pub const RUNNABLE: u32 = 2;
/// Asleep or blocked.
pub const OFF_CPU: u32 = 3;
/// Asleep or blocked, and migrated to another CPU meanwhile. A state rather than a flag, so that a
/// waker writes to the first cache line of a thread only.
pub const OFF_CPU_MIGRATED: u32 = 4;

/// The thread began inside the window.
pub const FLAG_BORN: u16 = 1;
/// The thread is inside a system call.
pub const FLAG_IN_SYSCALL: u16 = 2;
/// The thread is exiting.
pub const FLAG_EXITING: u16 = 4;
/// `major_base` holds the kernel's count of major faults when first looked at.
pub const FLAG_MAJOR_BASE: u16 = 8;
/// The thread was found running while taken for runnable: its switch-in was missed.
pub const FLAG_MISSED_RUNNABLE: u16 = 16;
/// The thread was found running while taken for asleep: its wake-up and switch-in were missed.
pub const FLAG_MISSED_OFF: u16 = 32;
/// The thread was switched in without a wake-up that was seen.
pub const FLAG_MISSED_WAKE: u16 = 64;
/// The thread was preempted and has not run since.
pub const FLAG_PREEMPTED: u16 = 128;
/// A program is reading the thread's memory. A page fault meanwhile is the observer's.
pub const FLAG_READ: u16 = 256;
/// As [`FLAG_MISSED_WAKE`], after a migration in its sleep. Most of what the kernel then counts as
/// run delay is sleep.
pub const FLAG_MISSED_WAKE_MIGRATED: u16 = 512;
/// The thread was asleep when first seen, most likely in a system call entered before.
pub const FLAG_FOUND_ASLEEP: u16 = 1024;
/// The thread took a page fault that the kernel had not counted when last looked at.
pub const FLAG_FAULT_OPEN: u16 = 2048;
/// With [`FLAG_FAULT_OPEN`]: the fault was taken in user mode.
pub const FLAG_FAULT_USER: u16 = 4096;
/// The thread was in a system call since the kernel's count of faults was last looked at.
pub const FLAG_CALLED: u16 = 8192;
/// `faults_base` holds the kernel's count of faults when first looked at.
pub const FLAG_FAULTS_BASE: u16 = 16384;
/// `base` holds the kernel's accounting when the window opened.
pub const FLAG_BASE: u16 = 32768;

slotted! {
    /// The state of one thread. Times are monotonic nanoseconds.
    ///
    /// Seven cache lines, ordered by writer and frequency. A waker, mostly on another CPU, writes
    /// to the first only. A system call needs the second besides, a switch the third. Rare events
    /// use the others.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    #[repr(C)]
    pub struct Thread {
        /// Thread id.
        pub tid: u32,
        /// Index in the table of threads.
        pub slot: u32,
        /// Serial number: never used twice in a recording, unlike `tid`.
        pub serial: u32,
        /// [`ON_CPU`], [`RUNNABLE`], [`OFF_CPU`] or [`OFF_CPU_MIGRATED`].
        pub state: u32,
        /// Time of the last change of `state`.
        pub since_ns: u64,
        /// Time runnable, up to `since_ns`, throttled time included.
        pub run_queue_ns: u64,
        /// Time asleep or blocked, up to `since_ns`.
        pub off_cpu_ns: u64,
        /// Wake-ups, missed ones included: later events of the thread prove those.
        pub wakeups: u64,
        /// Time of the last `sched_waking`.
        pub waking_ns: u64,
        /// Migrations to another CPU.
        pub migrations: u64,

        /// Bits of `FLAG_*`.
        pub flags: u16,
        /// Row of its [`crate::EventLoop`], or one of `event_loop::NO_ROW*`.
        pub event_loop_row: u16,
        /// Number of the last system call.
        pub syscall_nr: u32,
        /// Time on a CPU, up to `since_ns`.
        pub on_cpu_ns: u64,
        /// Voluntary switches.
        pub voluntary: u64,
        /// Address of the goroutine that entered the last system call (Go on x86-64), else 0.
        pub goroutine: u64,
        /// On-CPU time inside system calls that returned.
        pub syscall_ns: u64,
        /// Time of the last system call's entry.
        pub enter_ns: u64,
        /// `on_cpu_ns` at that entry.
        pub enter_on_cpu_ns: u64,
        /// `off_cpu_ns` at that entry.
        pub enter_off_cpu_ns: u64,

        /// Time of the last switch-in.
        pub switched_in_ns: u64,
        /// `on_cpu_ns` at the last switch-out.
        pub on_cpu_at_switch_out_ns: u64,
        /// The kernel's run time (`se.sum_exec_runtime`) at the last switch-out.
        pub exec_ns: u64,
        /// The kernel's run delay (`sched_info.run_delay`) at the last switch-out.
        pub run_delay_ns: u64,
        /// The kernel's count of voluntary switches (lower half of `nvcsw`) at the last switch-out.
        pub kernel_voluntary: u32,
        /// The kernel's count of involuntary switches (`nivcsw`) likewise.
        pub kernel_involuntary: u32,
        /// Involuntary switches.
        pub involuntary: u64,
        /// Share of `run_queue_ns` after preemption, throttled time excluded.
        pub preempted_ns: u64,
        /// The kernel's count of major faults when first looked at.
        pub major_base: u32,
        /// The kernel's count of major faults when last looked at.
        pub major_last: u32,

        /// The last receive, where a receive is paired with a send of the same thread.
        pub received: RecvStamp,
        /// Thread group (process) id.
        pub tgid: u32,
        /// Times the thread was found running without a switch-in that was seen.
        pub missed_switches: u32,
        /// Page faults taken in user mode.
        pub faults_user: u32,
        /// Page faults taken in the kernel, on a user address.
        pub faults_kernel: u32,
        /// CPU samples in user mode.
        pub samples_user: u64,
        /// CPU samples in a system call.
        pub samples_syscall: u32,
        /// CPU samples in the kernel outside a system call, just after a switch-in.
        pub samples_switching: u32,
        /// CPU samples elsewhere in the kernel outside a system call.
        pub samples_fault_irq: u32,
        /// CPU samples on the way into a system call or out of it.
        pub samples_syscall_edge: u32,

        /// `run_delay_ns` at the first switch-out; 0 before.
        pub first_run_delay_ns: u64,
        /// `run_queue_ns` at the first switch-out.
        pub first_run_queue_ns: u64,
        /// Time of the migration that [`OFF_CPU_MIGRATED`] stands for.
        pub migrated_at_ns: u64,
        /// Sleep after such migrations, which the kernel counts as run delay.
        pub delayed_dequeue_ns: u64,
        /// The accepted socket on whose behalf the thread acts, see `serve`.
        pub serving: SockRef,
        /// `voluntary` when it began to.
        pub serving_since: u64,
        /// CPU samples at the instruction that a page fault returned to.
        pub samples_fault_return: u32,
        /// Thread id when first seen: `exec` gives a thread the id of its process.
        pub first_tid: u32,

        /// Address of the kernel's `task_struct`, which stays the same when the id changes.
        pub task: u64,
        /// Address of the CFS run queue at the last switch-out.
        pub cfs_rq: u64,
        /// Time that run queue had been throttled by then, since it was made.
        pub cfs_throttled_ns: u64,
        /// Share of `run_queue_ns` in which a cgroup's CPU quota kept the thread from running.
        pub throttled_ns: u64,
        /// The kernel's count of faults (`min_flt` + `maj_flt`) when first looked at.
        pub faults_base: u32,
        /// The kernel's count of faults when last looked at.
        pub faults_accounted: u32,
        /// Pages that the kernel populated in system calls, without a fault of the thread.
        pub faults_populated: u32,
        /// Page faults in user mode that ended in a signal.
        pub faults_signalled: u32,
        /// Page faults in the kernel that failed, so that the system call did (`EFAULT`).
        pub faults_refused: u32,
        /// Wake-ups that are counted without their waker.
        pub unpaired_wakes: u32,
        /// Bytes that the system call under way has moved as datagrams whose peer only its
        /// arguments name.
        pub datagram_bytes: u32,
        /// Their protocol, see [`crate::peer`].
        pub datagram_protocol: u32,

        /// Start of the thread, or of the window if that is later.
        pub first_seen_ns: u64,
        /// The kernel's run time when the window opened, see [`FLAG_BASE`].
        pub base_exec_ns: u64,
        /// The kernel's run delay then.
        pub base_run_delay_ns: u64,
        /// The kernel's count of voluntary switches then (its lower half).
        pub base_voluntary: u32,
        /// The kernel's count of involuntary switches then (its lower half).
        pub base_involuntary: u32,
        /// On-CPU time in collections that the thread ran, outside of system calls. Only those
        /// count whose beginning and end a probe sees.
        pub gc_ns: u64,
        /// Page faults in these collections.
        pub gc_faults: u64,
        /// Padding to a cache line.
        pub padding: [u64; 2],
    }
}

const _: () = assert!(size_of::<Thread>() == 7 * 64);

/// A thread that ended, as the ring buffer carries it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct ThreadExit {
    /// The thread at its last switch.
    pub thread: Thread,
    /// The kernel's run time of the thread (`se.sum_exec_runtime`).
    pub kernel_exec_ns: u64,
    /// The kernel's run delay of the thread (`sched_info.run_delay`).
    pub kernel_run_delay_ns: u64,
    /// The kernel's count of voluntary switches.
    pub kernel_voluntary: u64,
    /// The kernel's count of involuntary switches.
    pub kernel_involuntary: u64,
    /// The kernel's count of faults (`min_flt` + `maj_flt`).
    pub kernel_faults: u64,
    /// Name.
    pub comm: [u8; 16],
}

const _: () = assert!(size_of::<ThreadExit>() == size_of::<Thread>() + 56);

/// The kernel's accounting of a thread at a switch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Accounting {
    /// Run time (`se.sum_exec_runtime`).
    pub exec_ns: u64,
    /// Run delay (`sched_info.run_delay`).
    pub run_delay_ns: u64,
    /// Voluntary switches, this one included (lower half of `nvcsw`).
    pub voluntary: u32,
    /// Involuntary switches likewise (`nivcsw`).
    pub involuntary: u32,
}

impl Thread {
    /// A thread that has been in `state` since `since_ns`.
    #[inline(always)]
    pub fn new(tgid: u32, tid: u32, serial: u32, state: u32, since_ns: u64) -> Self {
        let found_asleep = if state == OFF_CPU {
            FLAG_FOUND_ASLEEP
        } else {
            0
        };
        Thread {
            tgid,
            tid,
            first_tid: tid,
            serial,
            state,
            flags: found_asleep,
            first_seen_ns: since_ns,
            since_ns,
            ..Self::default()
        }
    }

    /// On-CPU time up to `now`, if the thread runs.
    pub fn on_cpu_at(&self, now: u64) -> u64 {
        self.on_cpu_ns + now.saturating_sub(self.since_ns)
    }

    /// Major faults since first looked at.
    pub fn major(&self) -> u64 {
        self.major_last.wrapping_sub(self.major_base).into()
    }
}

#[cfg(test)]
mod tests;
