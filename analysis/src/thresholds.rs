//! Every threshold of rules, findings and conditions, with its value and where the value comes
//! from.
//!
//! A threshold that decides must not decide by its last digit: a test halves and doubles each of
//! them and finds the same causes for all planted faults. `docs/ledger.md` shows the table.

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
    /// Share of events that may be lost.
    LostShare,
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

use Scaling::{FromOne, Value};

/// Every threshold, in the order of [`Limit`].
pub const TABLE: [Entry; 33] = [
    entry(
        Limit::ReportedShare,
        0.05,
        Value,
        "share of a difference that a cause or a part needs to be reported",
        "judgement: near the ±3 % that count as equal",
    ),
    entry(
        Limit::CallSiteShare,
        0.1,
        Value,
        "share of its events that a call site needs to be named",
        "judgement: a smaller one is not the reason for its row",
    ),
    entry(
        Limit::ReasonShare,
        2.0 / 3.0,
        FromOne,
        "share of its row that count or unit cost needs to be the reason",
        "judgement: twice as much as the other effect",
    ),
    entry(
        Limit::LoopStallNs,
        1_000.0,
        Value,
        "difference of loop stalls per token, in ns",
        "1/20,000 of the 20 ms between tokens of the reference load",
    ),
    entry(
        Limit::FaultRatio,
        1.5,
        FromOne,
        "ratio of page faults, for allocation churn",
        "judgement: half as many again; time alone decides nothing, because it includes interrupts",
    ),
    entry(
        Limit::Faults,
        0.001,
        Value,
        "page faults per token, for allocation churn",
        "judgement: at about 1 µs each they are 1 ns per token",
    ),
    entry(
        Limit::FaultCodeNs,
        200.0,
        Value,
        "user code around one page fault, in ns",
        "judgement: some cache misses on the new page",
    ),
    entry(
        Limit::PollCodeNs,
        100.0,
        Value,
        "user code around one empty poll, in ns",
        "judgement: one turn of a loop that finds nothing",
    ),
    entry(
        Limit::SendCodeNs,
        1_000.0,
        Value,
        "user code around one send, in ns",
        "judgement: framing, and the program's way to the call",
    ),
    entry(
        Limit::HandoffCodeNs,
        1_000.0,
        Value,
        "user code around one thread handoff, in ns",
        "judgement: a queue or a lock on both sides",
    ),
    entry(
        Limit::HandoffShare,
        0.9,
        FromOne,
        "share of its syscalls that a thread of handoffs makes for them",
        "judgement: nearly all",
    ),
    entry(
        Limit::HandoffWorkNs,
        3_000.0,
        Value,
        "user code between two handoffs of a thread with no other work, in ns",
        "judgement: about the cost of the wake-up and the switch that a handoff causes",
    ),
    entry(
        Limit::TimerWorkNs,
        50_000.0,
        Value,
        "user code between two sleeps of a thread that only looks, in ns",
        "the default timer slack of Linux (PR_SET_TIMERSLACK)",
    ),
    entry(
        Limit::ConnectionRatio,
        1.5,
        FromOne,
        "ratio of new connections, for connection churn",
        "judgement: half as many again",
    ),
    entry(
        Limit::SendSizeShare,
        0.8,
        FromOne,
        "size of sends against the baseline, for small writes",
        "judgement: a fifth smaller",
    ),
    entry(
        Limit::SameCountShare,
        0.05,
        Value,
        "difference of counts and sizes that are the same, for higher unit cost",
        "judgement: near the ±3 % that count as equal",
    ),
    entry(
        Limit::UnitCostRatio,
        1.05,
        FromOne,
        "ratio of unit costs, for higher unit cost",
        "judgement: near the ±3 % that count as equal",
    ),
    entry(
        Limit::UnitCostAgreement,
        0.8,
        FromOne,
        "share of same syscalls that must cost more, for higher unit cost",
        "judgement: one syscall that changed for its own reason must not decide",
    ),
    entry(
        Limit::LeakPace,
        0.5,
        Value,
        "growth in the second half of a round against the first, for a leak",
        "a warm-up that halves every quarter of a round gives 0.25, steady growth gives 1",
    ),
    entry(
        Limit::LeakShare,
        0.25,
        Value,
        "share of the difference that grew while recorded, for a leak",
        "judgement: a large part",
    ),
    entry(
        Limit::RelayShare,
        0.9,
        FromOne,
        "share of tokens with known proxy latency, below which it is said",
        "judgement: sends without a receive before them (headers) are few",
    ),
    entry(
        Limit::GrowthShare,
        0.05,
        Value,
        "growth of memory in the second half of a round",
        "judgement: more than the ±3 % that count as equal",
    ),
    entry(
        Limit::RunQueueShare,
        0.2,
        Value,
        "run-queue time against on-CPU time",
        "judgement: a fifth as long as it ran",
    ),
    entry(
        Limit::SaturatedShare,
        0.9,
        FromOne,
        "share of the window that a thread is on a CPU",
        "a queue at 90 % load is nine times as long as at 50 % (M/M/1)",
    ),
    entry(
        Limit::NagleShare,
        0.01,
        Value,
        "share of sends that Nagle's algorithm delays",
        "a larger share reaches the 99th percentile",
    ),
    entry(
        Limit::StealShare,
        0.01,
        Value,
        "share of all CPU time that the hypervisor took",
        "a third of the ±3 % that count as equal",
    ),
    entry(
        Limit::LostShare,
        0.001,
        Value,
        "share of events that may be lost",
        "a tenth of the 1 % that checks of counts allow",
    ),
    entry(
        Limit::WasteShare,
        0.02,
        Value,
        "share of an arm's CPU time from which waste is listed",
        "judgement: less is not worth a change",
    ),
    entry(
        Limit::WasteCount,
        0.3,
        Value,
        "occurrences per token from which waste is listed, at any share",
        "judgement: once in three tokens is a habit",
    ),
    entry(
        Limit::KeptConnections,
        0.5,
        Value,
        "new upstream connections per request, for waste",
        "judgement: every second request opens one",
    ),
    entry(
        Limit::FaultCycle,
        0.01,
        Value,
        "syscalls that return memory per page fault, for waste",
        "judgement: growth faults without returning memory",
    ),
    entry(
        Limit::UnnamedShare,
        0.2,
        Value,
        "share of user code without a name up to which categories are compared",
        "judgement: a larger rest may hold most of a category",
    ),
    entry(
        Limit::SteadyConnections,
        0.1,
        Value,
        "change of connections that counts as steady, for memory growth",
        "judgement: about the change of a closed loop between two reads",
    ),
];

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
            Value => entry.value * factor,
            FromOne => 1.0 + (entry.value - 1.0) * factor,
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
