//! CPU time, switches, system calls, sockets and faults of the target.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The target's threads added up over the window.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Process {
    /// Time on a CPU that was there.
    pub on_cpu_ns: u64,
    /// Time on a CPU that the hypervisor had taken away; see [`Thread::stolen_ns`].
    #[serde(default)]
    pub stolen_ns: u64,
    /// On-CPU time in user mode; see [`Thread::user_ns`] for how it is told apart.
    pub user_ns: u64,
    /// On-CPU time in the kernel: system calls, faults and interrupts.
    pub kernel_ns: u64,
    /// Time runnable, waiting for a CPU.
    pub run_queue_ns: u64,
    /// Switches by the thread's own wish (it blocked).
    pub voluntary_switches: u64,
    /// Switches the kernel imposed (preemption, yield).
    pub involuntary_switches: u64,
    /// Times one of the threads was woken.
    pub wakeups: u64,
    /// Times one of the threads was moved to another CPU.
    pub migrations: u64,
    /// Growth of the kernel's own CPU clock of the process, ended threads included: the same source however much is
    /// observed, so that what observing cost can be told by it. Absent where the target ended before the window did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_clock_ns: Option<u64>,
}

/// A process that had a CPU while threads of the target waited for it. Waits of less than 50 µs are the way to a CPU
/// rather than waiting for anybody, and are not in it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WaitedFor {
    /// The process; 0 is an idle CPU that was slow to wake.
    pub pid: u32,
    /// Its name; never trusted, renderers escape it.
    pub name: String,
    /// Whether it is the target itself.
    pub own: bool,
    /// Waits that ended when it left the CPU.
    pub count: u64,
    /// How long they were.
    pub wait_ns: u64,
}

/// One thread. On-CPU + stolen + run queue + off-CPU is its lifetime inside the window.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Thread {
    /// Thread id.
    pub tid: u32,
    /// Name the thread gave itself; never trusted, renderers escape it.
    pub name: String,
    /// What the thread does for the runtime, as the runtime's rules say; see `analysis::runtime`.
    pub role: String,
    /// Time on a CPU that was there.
    pub on_cpu_ns: u64,
    /// Time on a CPU that the hypervisor had taken away, by the kernel's account of the thread; see docs/recording.md.
    #[serde(default)]
    pub stolen_ns: u64,
    /// On-CPU time in user mode: time outside system calls less the estimated shares of switching, faults and interrupts.
    pub user_ns: u64,
    /// On-CPU time in the kernel: `syscall_ns` + `crossing_ns` + `switching_ns` + `fault_irq_ns`.
    pub kernel_ns: u64,
    /// On-CPU time inside system calls, measured at every entry and exit.
    #[serde(default)]
    pub syscall_ns: u64,
    /// On-CPU time in the kernel outside system calls (faults, interrupts): time outside system calls ×
    /// share of the samples taken there that found the CPU in kernel mode. An estimate; see `samples`.
    #[serde(default)]
    pub fault_irq_ns: u64,
    /// On-CPU time in the kernel outside system calls, on the way back to user mode after it had been preempted. An estimate
    /// by the same samples.
    #[serde(default)]
    pub switching_ns: u64,
    /// On-CPU time on the way into a system call, before its entry is seen, and on the way out after its exit is: what observing
    /// them costs included. An estimate by the same samples; 0 where they do not tell it from the rest.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub crossing_ns: u64,
    /// CPU-clock samples behind that split.
    #[serde(default)]
    pub samples: Samples,
    /// The samples of user mode by the class of memory region that their code lies in, `jit code` for instance.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub user_code: BTreeMap<String, u64>,
    /// Time runnable, waiting for a CPU.
    pub run_queue_ns: u64,
    /// Of that, the time after the kernel took its CPU away; the rest is after wake-ups. Absent from older recordings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preempted_ns: Option<u64>,
    /// Time asleep or blocked.
    pub off_cpu_ns: u64,
    /// Switches by the thread's own wish.
    pub voluntary_switches: u64,
    /// Switches the kernel imposed.
    pub involuntary_switches: u64,
    /// Times the thread was woken.
    pub wakeups: u64,
    /// Times the thread was moved to another CPU.
    pub migrations: u64,
    /// Page faults on behalf of the thread, user and kernel mode.
    #[serde(default)]
    pub faults: u64,
    /// Start, relative to the window's start, if the thread began inside the window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_ns: Option<u64>,
    /// End, relative to the window's start, if the thread ended inside the window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exited_ns: Option<u64>,
    /// The thread's system calls.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub syscalls: Vec<Syscall>,
    /// How it went round its loop, if it waits for events. Absent too where more than 255 threads had done so before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits: Option<crate::activity::Waits>,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Samples {
    /// Outside system calls.
    pub fn outside_syscalls(&self) -> u64 {
        self.user + self.faults() + self.crossing + self.switching
    }

    /// In faults and interrupts, the way back included.
    pub fn faults(&self) -> u64 {
        self.fault_irq + self.resuming
    }
}

impl Thread {
    /// On-CPU time outside system calls, measured; user code, switching, faults and interrupts together.
    pub fn outside_syscalls_ns(&self) -> u64 {
        self.on_cpu_ns.saturating_sub(self.syscall_ns)
    }
}

/// CPU-clock samples of a thread, by where they found it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Samples {
    /// In user mode.
    pub user: u64,
    /// In the kernel, inside a system call.
    pub syscall: u64,
    /// In the kernel, outside a system call: fault or interrupt.
    pub fault_irq: u64,
    /// Likewise, within 5 µs of getting its CPU back: the switch.
    #[serde(default)]
    pub switching: u64,
    /// On the way into a system call or out of it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub crossing: u64,
    /// Back from a page fault, at the instruction that caused it, before that has run.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub resuming: u64,
}

/// CPU-clock samples of user mode in one function, of all threads of a role. Those of a role add up to the role's
/// [`Thread::user_code`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CodeSamples {
    /// Role of the threads.
    pub role: String,
    /// The function, as its file's symbols name it; empty where they do not. Never trusted, renderers escape it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub function: String,
    /// Name of the file that the code was mapped from; empty where it comes from no file. Never trusted either.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub file: String,
    /// Class of the memory region, as [`crate::memory::Region::class`].
    pub class: String,
    /// How many.
    pub samples: u64,
}

/// Wake-ups from one role to another.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Waker {
    /// Role of the waking thread; `other process` and `idle/interrupt` for wakers outside the target.
    pub from_role: String,
    /// Role of the woken thread.
    pub to_role: String,
    /// How often.
    pub count: u64,
}

/// One system call, by name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Syscall {
    /// Name, or `syscall_N` for a number without one.
    pub name: String,
    /// Calls that returned inside the window.
    pub count: u64,
    /// Failed calls by errno name. At process level only.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub errors: BTreeMap<String, u64>,
    /// On-CPU time inside the call, switching included.
    pub on_cpu_ns: u64,
    /// Time asleep inside the call; of a thread, also in the call that it had not come back from when the window ended.
    pub blocked_ns: u64,
    /// Time runnable inside the call, waiting for a CPU.
    #[serde(default)]
    pub run_queue_ns: u64,
    /// Bytes moved, for calls whose result is a byte count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Events that the calls brought, for calls that wait for events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<u64>,
}

/// Socket activity (IPv4 and IPv6 stream sockets).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sockets {
    /// Send calls that moved bytes.
    pub send_calls: u64,
    /// Bytes sent.
    pub send_bytes: u64,
    /// Receive calls that moved bytes.
    pub recv_calls: u64,
    /// Bytes received.
    pub recv_bytes: u64,
    /// Connections accepted.
    pub accepted: u64,
    /// Connections opened.
    pub connected: u64,
    /// Connections closed.
    pub closed: u64,
    /// Segments sent again.
    pub retransmits: u64,
    /// Sends that could be paired with the receive that caused them.
    #[serde(default)]
    pub forwards_matched: u64,
    /// Sends on accepted connections without a receive to pair with.
    #[serde(default)]
    pub forwards_unmatched: u64,
    /// Sends on accepted connections of which the kernel kept a part, smaller than a segment, until the client acknowledges what came
    /// before (Nagle's algorithm).
    #[serde(default)]
    pub held_sends: u64,
    /// Sizes of single sends, in bytes.
    #[serde(default)]
    pub send_sizes: crate::Histogram,
    /// Sizes of single receives, in bytes.
    #[serde(default)]
    pub recv_sizes: crate::Histogram,
}

/// Page faults.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Faults {
    /// Served without I/O.
    pub minor: u64,
    /// Served with I/O.
    pub major: u64,
    /// Taken in user mode.
    pub user: u64,
    /// Taken in the kernel, on a user address (copying to or from the process).
    pub kernel: u64,
    /// By class of memory region, as [`crate::memory::Region::class`].
    #[serde(default)]
    pub regions: Vec<FaultRegion>,
}

/// Faults in one class of memory region.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FaultRegion {
    /// Class of the region; `unmapped since` where it was gone when the window ended.
    pub class: String,
    /// How many.
    pub count: u64,
}

/// CPU time over time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cpu {
    /// One entry a second: growth since the entry before.
    pub series: Vec<CpuPoint>,
}

/// CPU time between the entry before and this one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CpuPoint {
    /// End of the interval, relative to the window's start.
    pub t_ns: u64,
    /// Time on a CPU in the interval.
    pub on_cpu_ns: u64,
    /// Thereof outside system calls (faults and interrupts included: the split is not known per second).
    pub user_ns: u64,
    /// Thereof inside system calls.
    pub kernel_ns: u64,
}
