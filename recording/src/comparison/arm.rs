//! One arm alone: its rounds and its own ledgers.

use super::{Amount, ArmGc, ArmRequests, ArmWaits, Estimate, FunctionShare, PackageCosts, Waste};
use crate::evidence::Evidence;
use crate::vocabulary::{MetricId, Per, RegionClass, Role, TermKind};
use crate::{Histogram, Tokens};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One target under one workload.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Arm {
    /// Name.
    pub arm: String,
    /// Rounds recorded.
    pub rounds: u32,
    /// Paths of the recordings, relative to the comparison.
    pub recordings: Vec<String>,
    /// The arm's own ledger of each metric that has one, rows largest first. The rows of a metric
    /// add up to its value, except for the part that no row explains.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub ledger: BTreeMap<MetricId, Vec<LedgerRow>>,
    /// The same rows added up by cause over all roles. Their evidence is that of the largest rows.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub by_cause: BTreeMap<MetricId, Vec<LedgerRow>>,
    /// The same rows added up by kind over all roles. Their cause is the kind's label.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub by_kind: BTreeMap<MetricId, Vec<LedgerRow>>,
    /// Share of its CPU time that rows of the ledger have, 0 to 1; absent without CPU time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accounted: Option<f64>,
    /// Share of its CPU time that has a name, 0 to 1: system calls, faults and the like, and user
    /// code with a symbol or a category that says what is done. Absent without CPU time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub named: Option<f64>,
    /// Work that the server could do without, costliest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waste: Vec<Waste>,
    /// Garbage collection; absent where it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gc: Option<ArmGc>,
    /// Samples of user mode in all rounds, from which `functions` are computed.
    #[serde(default)]
    pub samples: u64,
    /// Functions of user code by their share of user time, largest first; smaller ones are left
    /// out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub functions: Vec<FunctionShare>,
    /// Event loops by role, the main loop first; empty where iterations were not recorded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub event_loops: Vec<EventLoops>,
    /// Waits; absent where they were not recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits: Option<ArmWaits>,
    /// Single tokens; absent where they were not recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<Tokens>,
    /// Requests in flight; absent where they were not recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests: Option<ArmRequests>,
    /// User code by package; absent without call stacks, or where no package is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packages: Option<PackageCosts>,
}

/// Event loops of one role: all threads and rounds of an arm together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EventLoops {
    /// Role of the threads.
    pub role: Role,
    /// Threads, of all rounds.
    pub threads: u64,
    /// Lengths of the iterations, ns of wall-clock time; their number is its count.
    pub iterations: Histogram,
    /// Lengths of the iterations after which events were ready at once, ns: an upper bound of how
    /// long these waited.
    pub lag_bound: Histogram,
    /// CPU time outside of the calls that wait for events.
    pub work_ns: u64,
    /// Waits that returned no event.
    pub empty_polls: u64,
    /// Empty polls that did not sleep either.
    pub busy_polls: u64,
}

/// One row of an arm's own ledger, per the metric's `per`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LedgerRow {
    /// Kind of the row.
    pub kind: TermKind,
    /// Words for the row, `sendto` for instance.
    pub cause: String,
    /// The function with most of it, where samples found one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// Role of the threads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Value and count.
    #[serde(flatten)]
    pub amount: Amount,
    /// The numbers behind it.
    pub evidence: Vec<Evidence>,
}

/// Growth of one class of an arm's resident memory: the slope of a least-squares line.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MemoryGrowth {
    /// Name of the arm.
    pub arm: String,
    /// Class of the memory region; absent for all classes together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<RegionClass>,
    /// A connection or a second: memory grows with their number.
    pub per: Per,
    /// Bytes per that, with a 95 % interval: over rounds where there are several, else over the
    /// points of the round.
    pub bytes: Estimate,
    /// Rounds that show it.
    pub rounds: u32,
    /// Points of all these rounds.
    pub points: u32,
    /// The numbers behind it.
    pub evidence: Vec<Evidence>,
}
