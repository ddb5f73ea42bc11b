//! Waste: work of one arm that its server could do without, whether or not another arm does the
//! same.

use crate::evidence::Evidence;
use crate::vocabulary::vocabulary;
use serde::{Deserialize, Serialize};

vocabulary! {
    /// A kind of waste.
    WasteId {
        /// Reads of sockets that have no data.
        EagainReads = "eagain-reads", "reads that return EAGAIN";
        /// Event polls that return no event.
        EmptyPolls = "empty-polls", "empty event polls";
        /// Clock reads that enter the kernel.
        ClockSyscalls = "clock-syscalls", "clock reads as syscalls";
        /// Wake-ups by a timer, Go's sysmon included.
        TimerWakeups = "timer-wakeups", "timer wake-ups";
        /// New upstream connections where kept connections would serve.
        UpstreamConnections = "upstream-connections", "new upstream connections";
        /// Synchronization with garbage collection threads.
        GcSync = "gc-sync", "synchronization with GC threads";
        /// Handoffs of work between other threads.
        ThreadHandoffs = "thread-handoffs", "thread handoffs";
        /// Sends beyond one a token.
        SmallWrites = "small-writes", "small writes";
        /// Pages that are returned to the OS and faulted in again.
        FaultCycles = "fault-cycles", "page fault and madvise cycles";
    }
}

/// One kind of waste of one arm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Waste {
    /// Kind.
    pub id: WasteId,
    /// Occurrences per unit: per token of the load, or per second where there is no load.
    pub count_per_unit: f64,
    /// CPU time per unit, ns.
    pub cost_per_unit: f64,
    /// Share of the arm's CPU time, 0 to 1.
    pub share: f64,
    /// One sentence with the numbers.
    pub text: String,
    /// One sentence of advice.
    pub advice: String,
    /// The numbers behind it.
    pub evidence: Vec<Evidence>,
}
