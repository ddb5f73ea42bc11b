//! CPU time, switches, system calls, sockets and faults of the target.
//!
//! These are facts: counts, times that were measured, and samples. `analysis::attribution` splits
//! CPU time by them.

mod frame;
mod tree;

pub use frame::{CodeAddress, Frame};

use crate::Histogram;
use crate::runtime_stats::EventLoop;
use crate::vocabulary::{RegionClass, Role};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub use tree::TreeProcess;

/// Sums over the target's threads in the window.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Process {
    /// On-CPU time without steal.
    pub on_cpu_ns: u64,
    /// Time on a virtual CPU while the hypervisor ran something else; see [`Thread::steal_ns`].
    #[serde(default)]
    pub steal_ns: u64,
    /// On-CPU time in user code; see [`Thread::user_ns`].
    #[serde(default)]
    pub user_ns: u64,
    /// On-CPU time in the kernel; see [`Thread::user_ns`].
    #[serde(default)]
    pub kernel_ns: u64,
    /// Time runnable, waiting for a CPU.
    pub run_queue_ns: u64,
    /// Time runnable, kept from running by a cgroup's CPU quota; see [`Thread::throttled_ns`].
    #[serde(default)]
    pub throttled_ns: u64,
    /// Switches because a thread blocked.
    pub voluntary_switches: u64,
    /// Switches that the kernel imposed (preemption, yield).
    pub involuntary_switches: u64,
    /// Wake-ups of the threads.
    pub wakeups: u64,
    /// Moves of the threads to another CPU.
    pub migrations: u64,
    /// Growth of the kernel's own CPU clock of the process, ended threads included. Every mode of
    /// observing has it, so the observer's cost is computed from it. Absent if the target ended
    /// before the window did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_clock_ns: Option<u64>,
}

/// A process that held a CPU while threads of the target waited for one. Waits under 50 µs are the
/// time that a switch takes and are not counted here.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunQueueBlame {
    /// The process; 0 is an idle CPU that was slow to wake.
    pub pid: u32,
    /// Its name; never trusted, renderers escape it.
    pub name: String,
    /// Whether it is the target itself.
    pub own: bool,
    /// Waits that ended when it left the CPU.
    pub count: u64,
    /// Total length of these waits.
    pub wait_ns: u64,
}

/// One thread. On-CPU + steal + run queue + throttled + off-CPU time is its lifetime inside the
/// window.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Thread {
    /// Thread id.
    pub tid: u32,
    /// The process that it belongs to; 0 where that was not recorded.
    #[serde(default)]
    pub pid: u32,
    /// Name that the thread gave itself; never trusted, renderers escape it.
    pub name: String,
    /// Role in its runtime. `analysis::annotate` writes it for readers of the file; comparing
    /// assigns it anew.
    #[serde(default)]
    pub role: Role,
    /// On-CPU time without steal.
    pub on_cpu_ns: u64,
    /// Time on a virtual CPU while the hypervisor ran something else: the part of on-CPU and
    /// run-queue time that the kernel's own account of the thread does not have, at most the host's
    /// steal time.
    #[serde(default)]
    pub steal_ns: u64,
    /// On-CPU time in user code, as `analysis::attribution` splits it. `analysis::annotate` writes
    /// it for readers of the file; comparing splits anew.
    #[serde(default)]
    pub user_ns: u64,
    /// On-CPU time in the kernel: `on_cpu_ns` − `user_ns`. Written together with it.
    #[serde(default)]
    pub kernel_ns: u64,
    /// Time inside system calls while on a CPU, measured at each entry and exit. Steal is not taken
    /// out of it.
    #[serde(default)]
    pub syscall_ns: u64,
    /// CPU-clock samples by where they found the thread.
    #[serde(default)]
    pub samples: Samples,
    /// Time runnable, waiting for a CPU.
    pub run_queue_ns: u64,
    /// Time runnable, kept from running by the CPU quota of a cgroup; not in `run_queue_ns`.
    #[serde(default)]
    pub throttled_ns: u64,
    /// Part of `run_queue_ns` that began with a preemption. Absent without recorded wake-ups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preempted_ns: Option<u64>,
    /// Time asleep or blocked.
    pub off_cpu_ns: u64,
    /// Switches because the thread blocked.
    pub voluntary_switches: u64,
    /// Switches that the kernel imposed.
    pub involuntary_switches: u64,
    /// Wake-ups of the thread.
    pub wakeups: u64,
    /// Moves of the thread to another CPU.
    pub migrations: u64,
    /// Page faults on behalf of the thread, in user and kernel mode.
    #[serde(default)]
    pub faults: u64,
    /// On-CPU time of collections outside of system calls, where probes see their begin and end.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub gc_ns: u64,
    /// Page faults in these collections.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub gc_faults: u64,
    /// Start, or joining of its process, relative to the window's start, if inside the window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_ns: Option<u64>,
    /// End, relative to the window's start, if the thread ended inside the window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exited_ns: Option<u64>,
    /// System calls of the thread, largest on-CPU time first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub syscalls: Vec<Syscall>,
    /// Iterations of the event loop, if the thread waits for events. Absent too after the first 255
    /// such threads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_loop: Option<EventLoop>,
}

/// Returns whether a number is zero, for fields that files leave out then.
pub(crate) fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Thread {
    /// Returns on-CPU time and steal together: the time that the probes measured.
    pub fn seen_on_cpu_ns(&self) -> u64 {
        self.on_cpu_ns + self.steal_ns
    }
}

/// CPU-clock samples of a thread, by where they found it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Samples {
    /// In user mode.
    pub user: u64,
    /// In the kernel, inside a system call.
    pub syscall: u64,
    /// In the kernel, outside a system call: page fault or interrupt.
    pub fault_irq: u64,
    /// Likewise, within 5 µs after the thread got its CPU back: the context switch.
    #[serde(default)]
    pub ctx_switch: u64,
    /// At the edge of a system call: before its entry was seen, or after its exit.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub syscall_edge: u64,
    /// Back from a page fault, at the instruction that caused it, before that instruction ran.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub fault_return: u64,
}

impl Samples {
    /// Returns the samples outside system calls.
    pub fn outside_syscalls(&self) -> u64 {
        self.user + self.faults() + self.syscall_edge + self.ctx_switch
    }

    /// Returns the samples in faults and interrupts, the return from a fault included.
    pub fn faults(&self) -> u64 {
        self.fault_irq + self.fault_return
    }
}

/// CPU-clock samples of user mode in one function, of one thread.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeSamples {
    /// Index of the thread in `threads`.
    pub thread: usize,
    /// The function, as the symbols of its file name it; empty where they do not. Never trusted,
    /// renderers escape it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub function: String,
    /// Name of the file that the code was mapped from; empty where it comes from no file. Never
    /// trusted either.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub file: String,
    /// Class of the memory region that holds the code.
    pub class: RegionClass,
    /// Samples.
    pub samples: u64,
}

/// Who woke a thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WakeSource {
    /// A thread of the target: its index in `threads`.
    Thread(usize),
    /// An interrupt or the idle task.
    Interrupt,
    /// The time limit of the wait.
    Timer,
    /// A thread of another process.
    #[default]
    OtherProcess,
    /// A thread of the target that is not in `threads`.
    EndedThread,
    /// Not recorded: there were more pairs of threads than the recorder has room for.
    Unknown,
}

/// Wake-ups of one thread by one source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waker {
    /// Who woke it.
    pub from: WakeSource,
    /// Index of the woken thread in `threads`.
    pub to: usize,
    /// Role of the source, written like [`Thread::role`].
    #[serde(default)]
    pub from_role: Role,
    /// Role of the woken thread, written like [`Thread::role`].
    #[serde(default)]
    pub to_role: Role,
    /// Wake-ups.
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
    /// Time inside the call while on a CPU, context switches included. Steal is not taken out of
    /// it.
    pub on_cpu_ns: u64,
    /// Time asleep inside the call. Of a thread it includes the call that was still open when the
    /// window ended.
    pub blocked_ns: u64,
    /// Time runnable inside the call, waiting for a CPU.
    #[serde(default)]
    pub run_queue_ns: u64,
    /// Bytes moved, for calls whose result is a byte count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Events that the calls returned, for calls that wait for events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<u64>,
    /// Calls so far, an entry a second. At process level only, and only of the calls that `--work`
    /// counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub series: Vec<SyscallPoint>,
}

/// Calls of one system call from the window's start until an instant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyscallPoint {
    /// Instant, relative to the window's start.
    pub t_ns: u64,
    /// Calls that returned.
    pub count: u64,
    /// Share of `count` that failed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub failed: u64,
}

/// Socket activity (IPv4 and IPv6 TCP).
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
    /// Requests: turns from receive to send on accepted connections. Requests that came together
    /// (pipelined) and were answered together are one turn.
    #[serde(default)]
    pub requests: u64,
    /// Relays: sends on accepted connections that were paired with the receive that caused them.
    #[serde(default)]
    pub relays_matched: u64,
    /// Sends on accepted connections without a receive to pair with.
    #[serde(default)]
    pub relays_unmatched: u64,
    /// Sends on accepted connections of which the kernel held back a part, smaller than a segment,
    /// until the client acknowledged the data before it (Nagle's algorithm, RFC 896).
    #[serde(default)]
    pub nagle_delayed_sends: u64,
    /// Sizes of single sends, in bytes.
    #[serde(default)]
    pub send_sizes: Histogram,
    /// Sizes of single receives, in bytes.
    #[serde(default)]
    pub recv_sizes: Histogram,
    /// Requests and bytes so far, an entry a second.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub series: Vec<SocketPoint>,
}

/// Socket activity from the window's start until an instant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SocketPoint {
    /// Instant, relative to the window's start.
    pub t_ns: u64,
    /// Requests, as [`Sockets::requests`] counts them.
    pub requests: u64,
    /// Bytes sent and received.
    pub bytes: u64,
}

/// Page faults.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Faults {
    /// Served without I/O.
    pub minor: u64,
    /// Served with I/O.
    pub major: u64,
    /// Taken in user mode.
    pub user: u64,
    /// Taken in the kernel, on a user address (copying to or from the process).
    pub kernel: u64,
    /// Pages that the kernel populated in a system call (`MAP_POPULATE`, `mlock`), without a fault
    /// of a thread. Part of `minor` and `major`, not of `user` and `kernel`.
    #[serde(default)]
    pub populated: u64,
    /// Part of `user` that ended in a signal (`SIGSEGV`, `SIGBUS`). Not part of `minor` and
    /// `major`.
    #[serde(default)]
    pub signalled: u64,
    /// Part of `kernel` that made the system call fail (`EFAULT`). Not part of `minor` and `major`.
    #[serde(default)]
    pub refused: u64,
    /// Faults by class of memory region.
    #[serde(default)]
    pub regions: Vec<FaultRegion>,
}

/// Faults in memory regions of one class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultRegion {
    /// Class of the regions; [`RegionClass::Unmapped`] where the region was gone when the window
    /// ended.
    pub class: RegionClass,
    /// Faults.
    pub count: u64,
}

/// CPU time over time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cpu {
    /// One entry a second: growth since the entry before.
    pub series: Vec<CpuPoint>,
}

/// CPU time between the entry before and this one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CpuPoint {
    /// End of the interval, relative to the window's start.
    pub t_ns: u64,
    /// On-CPU time in the interval.
    pub on_cpu_ns: u64,
    /// On-CPU time outside system calls, faults and interrupts included: samples are too few to
    /// split a second.
    pub user_ns: u64,
    /// On-CPU time inside system calls.
    pub kernel_ns: u64,
}
