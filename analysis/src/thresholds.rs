//! Every threshold of rules, findings and conditions, with its value and where the value comes
//! from.
//!
//! A threshold that decides must not decide by its last digit: a test halves and doubles each of
//! them and finds the same causes for all planted faults. `docs/ledger.md` shows the table.

mod table;

pub use table::TABLE;

use std::ops::Index;

/// A threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Share of a difference that a cause or a part needs to be reported.
    ReportedShare,
    /// Share of its events that a call site needs to be named.
    CallSiteShare,
    /// Share of its row that count or unit cost needs to be the reason.
    ReasonShare,
    /// Difference of loop stalls per token, in ns.
    LoopStallNs,
    /// Ratio of page faults, for allocation churn.
    FaultRatio,
    /// Page faults per token, for allocation churn.
    Faults,
    /// User code around one page fault, in ns.
    FaultCodeNs,
    /// User code around one empty poll, in ns.
    PollCodeNs,
    /// User code around one send, in ns.
    SendCodeNs,
    /// User code around one thread handoff, in ns.
    HandoffCodeNs,
    /// Share of its syscalls that a thread of handoffs makes for them.
    HandoffShare,
    /// User code between two handoffs of a thread with no other work, in ns.
    HandoffWorkNs,
    /// User code between two sleeps of a thread that only looks, in ns.
    TimerWorkNs,
    /// Ratio of new connections, for connection churn.
    ConnectionRatio,
    /// Size of sends against the baseline, for small writes.
    SendSizeShare,
    /// Difference of counts and sizes that are the same, for higher unit cost.
    SameCountShare,
    /// Ratio of unit costs, for higher unit cost.
    UnitCostRatio,
    /// Share of same syscalls that must cost more, for higher unit cost.
    UnitCostAgreement,
    /// Growth in the second half of a round against the first, for a leak.
    LeakPace,
    /// Share of the difference that grew while recorded, for a leak.
    LeakShare,
    /// Share of tokens with known proxy latency, below which it is said.
    RelayShare,
    /// Growth of memory in the second half of a round.
    GrowthShare,
    /// Run-queue time against on-CPU time.
    RunQueueShare,
    /// Share of the window that a thread is on a CPU.
    SaturatedShare,
    /// Share of sends that Nagle's algorithm delays.
    NagleShare,
    /// Share of all CPU time that the hypervisor took.
    StealShare,
    /// Throttled time against on-CPU time.
    ThrottledShare,
    /// Time that the program stands still for its collector, as a share of the round.
    PauseShare,
    /// Time that threads wait for locks, as a share of that and of their on-CPU time.
    LockShare,
    /// Time that threads wait for files, as a share of that and of their on-CPU time.
    FileShare,
    /// Time that threads wait for peers, as a share of that and of their on-CPU time.
    UpstreamShare,
    /// Share of events that may be lost.
    LostShare,
    /// Difference of rates that count as equal, where costs are per second or per request of the
    /// kernel.
    RateDifference,
    /// Difference of bytes received per request that count as equal, where the kernel counted the
    /// requests.
    RequestSizeDifference,
    /// Share of an arm's CPU time from which waste is listed.
    WasteShare,
    /// Occurrences per token from which waste is listed, at any share.
    WasteCount,
    /// New upstream connections per request, for waste.
    KeptConnections,
    /// Syscalls that return memory per page fault, for waste.
    FaultCycle,
    /// Share of user code without a name up to which categories are compared.
    UnnamedShare,
    /// Change of connections that counts as steady, for memory growth.
    SteadyConnections,
}

/// How a threshold is halved or doubled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scaling {
    /// The value.
    Value,
    /// The distance from 1, of a ratio or of a share that is nearly all.
    FromOne,
}

/// A line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Which threshold.
    pub limit: Limit,
    /// Its value.
    pub value: f64,
    /// How it is halved or doubled.
    pub scaling: Scaling,
    /// Quantity that is compared with it.
    pub quantity: &'static str,
    /// Where the value comes from.
    pub source: &'static str,
}

const fn entry(
    limit: Limit,
    value: f64,
    scaling: Scaling,
    quantity: &'static str,
    source: &'static str,
) -> Entry {
    Entry {
        limit,
        value,
        scaling,
        quantity,
        source,
    }
}

/// Values of all thresholds.
#[derive(Clone, Debug, PartialEq)]
pub struct Thresholds([f64; TABLE.len()]);

impl Default for Thresholds {
    fn default() -> Self {
        Thresholds(TABLE.map(|entry| entry.value))
    }
}

impl Index<Limit> for Thresholds {
    type Output = f64;

    fn index(&self, limit: Limit) -> &f64 {
        &self.0[limit as usize]
    }
}

#[cfg(test)]
impl Thresholds {
    /// Returns the thresholds with one of them multiplied by a factor, as its [`Scaling`] says.
    pub fn with(entry: &Entry, factor: f64) -> Self {
        let mut thresholds = Thresholds::default();
        thresholds.0[entry.limit as usize] = match entry.scaling {
            Scaling::Value => entry.value * factor,
            Scaling::FromOne => 1.0 + (entry.value - 1.0) * factor,
        };
        thresholds
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write;

    #[test]
    fn lists_thresholds_in_their_order() {
        for (place, entry) in TABLE.iter().enumerate() {
            assert_eq!(entry.limit as usize, place, "{:?}", entry.limit);
        }
    }

    #[test]
    fn documents_every_threshold() {
        let mut table =
            String::from("| quantity | threshold | where it comes from |\n|---|---|---|\n");
        for entry in &TABLE {
            let value = recording::format::number(entry.value);
            let (quantity, source) = (entry.quantity, entry.source);
            writeln!(table, "| {quantity} | {value} | {source} |").expect("a string takes all");
        }
        let documented = include_str!("../../docs/ledger.md");
        assert!(
            documented.contains(&table),
            "docs/ledger.md needs:\n{table}"
        );
    }
}
