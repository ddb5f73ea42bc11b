//! Kinds of ledger rows: one closed vocabulary over all metrics.

use super::{CodeCategory, RegionClass, SyscallClass, serde_by_text, vocabulary};
use std::str::FromStr;

vocabulary! {
    /// A stage on the way of data from a socket in to a socket out.
    ProxyStage {
        /// From data readable to the wake-up of the thread that receives it.
        ArrivalToWakeup = "arrival-to-wakeup", "arrival to wake-up";
        /// From the wake-up until the thread runs.
        RunQueue = "run-queue", "run queue";
        /// From running until it receives: it finishes other work first.
        LoopBusy = "loop-busy", "queued behind other work (loop busy)";
        /// From data readable until it is received, where the stages before cannot be separated.
        ArrivalToReceive = "arrival-to-receive", "arrival to receive";
        /// From receive to send: the server's own work, including handoffs between threads.
        ReceiveToSend = "receive-to-send", "receive to send";
    }
}

/// The subject of a ledger row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TermKind {
    /// System calls of one class.
    Syscall(SyscallClass),
    /// User code of one category.
    Code(CodeCategory),
    /// User code of all categories together, where only one of two arms has categories.
    UserCode,
    /// Page faults and interrupts.
    Fault,
    /// Return to user code after a preemption.
    ContextSwitch,
    /// Garbage collection, on dedicated threads or found by samples.
    Gc,
    /// JIT compilation, on dedicated threads or found by samples.
    Jit,
    /// Dedicated threads that return memory to the OS.
    MemoryReturn,
    /// Resident memory in regions of one class.
    Region(RegionClass),
    /// Page faults in regions of one class.
    FaultRegion(RegionClass),
    /// Context switches because the thread blocked.
    VoluntarySwitch,
    /// Context switches because the kernel preempted the thread.
    InvoluntarySwitch,
    /// Wake-ups.
    Wakeup,
    /// Time on a CPU.
    OnCpu,
    /// Time on a virtual CPU while the hypervisor ran something else.
    Steal,
    /// Time in the run queue.
    RunQueue,
    /// Time runnable, kept from running by a cgroup's CPU quota.
    Throttled,
    /// Off-CPU time while the thread had nothing to do.
    Idle,
    /// Off-CPU time in the middle of work.
    Blocked,
    /// Run-queue time by the process that held the CPU.
    RunQueueBlame,
    /// A stage of proxy latency.
    Proxy(ProxyStage),
    /// No kind was assigned.
    #[default]
    Unclassified,
}

/// Kinds without a parameter, with their name and label.
const PLAIN: [(TermKind, &str, &str); 17] = [
    (TermKind::UserCode, "user-code", "user code"),
    (TermKind::Fault, "fault", "page faults and interrupts"),
    (
        TermKind::ContextSwitch,
        "context-switch",
        "context-switch return (after preemption)",
    ),
    (TermKind::Gc, "gc", "garbage collection"),
    (TermKind::Jit, "jit", "JIT compilation"),
    (
        TermKind::MemoryReturn,
        "memory-return",
        "returning memory to the OS",
    ),
    (
        TermKind::VoluntarySwitch,
        "voluntary-switch",
        "voluntary switches (blocked)",
    ),
    (
        TermKind::InvoluntarySwitch,
        "involuntary-switch",
        "involuntary switches (preempted)",
    ),
    (TermKind::Wakeup, "wakeup", "wake-ups"),
    (TermKind::OnCpu, "on-cpu", "on-CPU"),
    (TermKind::Steal, "steal", "steal (hypervisor)"),
    (TermKind::RunQueue, "run-queue", "run queue"),
    (
        TermKind::Throttled,
        "throttled",
        "throttled by cgroup (CPU quota)",
    ),
    (TermKind::Idle, "idle", "idle"),
    (TermKind::Blocked, "blocked", "blocked"),
    (
        TermKind::RunQueueBlame,
        "run-queue-blame",
        "run queue, by who held the CPU",
    ),
    (TermKind::Unclassified, "unclassified", "unclassified"),
];

impl TermKind {
    /// Returns the name that files use: `fault`, `syscall:send`, `code:gc`.
    pub fn name(self) -> String {
        match self {
            TermKind::Syscall(class) => format!("syscall:{}", class.name()),
            TermKind::Code(category) => format!("code:{}", category.name()),
            TermKind::Region(class) => format!("region:{}", class.name()),
            TermKind::FaultRegion(class) => format!("fault-region:{}", class.name()),
            TermKind::Proxy(stage) => format!("proxy:{}", stage.name()),
            plain => {
                let known = PLAIN.iter().find(|(kind, _, _)| *kind == plain);
                known.map_or_else(String::new, |(_, name, _)| (*name).into())
            }
        }
    }

    /// Returns the words that people read.
    pub fn label(self) -> &'static str {
        match self {
            TermKind::Syscall(class) => class.label(),
            TermKind::Code(category) => category.label(),
            TermKind::Region(class) | TermKind::FaultRegion(class) => class.label(),
            TermKind::Proxy(stage) => stage.label(),
            plain => {
                let known = PLAIN.iter().find(|(kind, _, _)| *kind == plain);
                known.map_or("", |(_, _, label)| label)
            }
        }
    }

    /// Returns whether the row is time in user code.
    pub fn is_user_code(self) -> bool {
        matches!(self, TermKind::Code(_) | TermKind::UserCode)
    }

    /// Returns whether the row is system calls.
    pub fn is_syscall(self) -> bool {
        matches!(self, TermKind::Syscall(_))
    }

    /// Returns whether the row's size is known from samples rather than measured.
    pub fn is_sampled(self) -> bool {
        self.is_user_code() || matches!(self, TermKind::Fault | TermKind::ContextSwitch)
    }
}

impl std::fmt::Display for TermKind {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.pad(self.label())
    }
}

/// Text that names no kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no kind of ledger row")]
pub struct UnknownKind(pub String);

impl FromStr for TermKind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unknown = || UnknownKind(text.into());
        let Some((family, member)) = text.split_once(':') else {
            let known = PLAIN.iter().find(|(_, name, _)| *name == text);
            return known.map(|(kind, _, _)| *kind).ok_or_else(unknown);
        };
        match family {
            "syscall" => member.parse().ok().map(TermKind::Syscall),
            "code" => member.parse().ok().map(TermKind::Code),
            "region" => member.parse().ok().map(TermKind::Region),
            "fault-region" => member.parse().ok().map(TermKind::FaultRegion),
            "proxy" => member.parse().ok().map(TermKind::Proxy),
            _ => None,
        }
        .ok_or_else(unknown)
    }
}

serde_by_text!(TermKind, |kind: &TermKind| kind.name());
