//! Costs and counts of threads.

use analysis::attribution::ThreadTime;
use recording::process::Thread;
use serde::Serialize;

/// Costs and counts of a thread, or of several. The four parts of on-CPU time exclude each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Cost {
    /// On-CPU time in user code.
    pub user_ns: u64,
    /// On-CPU time in system calls, entry and exit included.
    pub syscall_ns: u64,
    /// On-CPU time in page faults, interrupts and returns from context switches.
    pub fault_ns: u64,
    /// On-CPU time in user code of threads that only collect garbage, and of others in collections
    /// whose beginning and end a probe sees.
    pub gc_ns: u64,
    /// Time runnable, waiting for a CPU, throttled time included.
    pub run_queue_ns: u64,
    /// Time asleep or blocked.
    pub blocked_ns: u64,
    /// Context switches.
    pub switches: u64,
    /// System calls that returned.
    pub syscalls: u64,
    /// Bytes that system calls moved, files included.
    pub bytes: u64,
}

impl Cost {
    /// Returns the on-CPU time.
    pub fn on_cpu_ns(&self) -> u64 {
        self.user_ns + self.syscall_ns + self.fault_ns + self.gc_ns
    }

    /// Adds another cost.
    pub fn add(&mut self, other: &Self) {
        self.user_ns += other.user_ns;
        self.syscall_ns += other.syscall_ns;
        self.fault_ns += other.fault_ns;
        self.gc_ns += other.gc_ns;
        self.run_queue_ns += other.run_queue_ns;
        self.blocked_ns += other.blocked_ns;
        self.switches += other.switches;
        self.syscalls += other.syscalls;
        self.bytes += other.bytes;
    }

    /// Splits the growth of a thread in a frame of that length. `entry_exit_ns` is the calibrated
    /// cost of kernel entry and exit.
    pub fn of(thread: &Thread, entry_exit_ns: f64, length_ns: u64) -> Self {
        let time = ThreadTime::of(thread, entry_exit_ns);
        let gc_ns = match thread.role.is_gc() {
            true => time.user_ns,
            false => collecting_ns(thread, &time),
        };
        let in_syscalls: u64 = time.in_syscall_ns.iter().sum();
        let entry_exit: u64 = time.entry_exit_ns.iter().sum();
        let calls = &thread.syscalls;
        Cost {
            user_ns: time.user_ns - gc_ns,
            gc_ns,
            syscall_ns: in_syscalls + entry_exit + time.unfinished_ns,
            fault_ns: time.fault_ns + time.ctx_switch_ns,
            run_queue_ns: thread.run_queue_ns + thread.throttled_ns,
            // The first event of a thread shows how it spent the time before.
            blocked_ns: thread.off_cpu_ns.min(length_ns),
            switches: thread.voluntary_switches + thread.involuntary_switches,
            syscalls: calls.iter().map(|call| call.count).sum(),
            bytes: calls.iter().filter_map(|call| call.bytes).sum(),
        }
    }
}

/// Returns the time in user code of the collections that a thread ran. The time of their page
/// faults is their share of all faults. A collection counts when it ends, with all of its time.
fn collecting_ns(thread: &Thread, time: &ThreadTime) -> u64 {
    let share = thread.gc_faults as f64 / thread.faults.max(1) as f64;
    let in_faults = time.fault_ns as f64 * share.min(1.0);
    let user_ns = thread.gc_ns.saturating_sub(in_faults as u64);
    user_ns.min(time.user_ns)
}
