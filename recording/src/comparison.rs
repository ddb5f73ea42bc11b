//! Arms compared: metrics, verdicts, ledgers and findings (`kontrast.comparison/2`).

mod arm;
mod auto_rounds;
mod cited;
mod finding;
pub mod flame;
mod function;
mod gc;
mod instrumented;
mod observer_cost;
mod packages;
mod requests;
mod waits;
mod waste;
mod work;

pub use arm::{Arm, EventLoops, LedgerRow, MemoryGrowth};
pub use auto_rounds::{AutoEnd, AutoRounds, WidestInterval};
pub use finding::{CauseStack, Claim, ClaimVerdict, Finding, Prediction};
pub use flame::{Flame, FlameFrame, FlameGraph, FlameLevel, FlameNode, FlamePair, FlamePairNode};
pub use function::{FunctionShare, InclusiveFunction};
pub use gc::ArmGc;
pub use instrumented::{GoroutineWaits, InstrumentedEvent, InstrumentedRound};
pub use observer_cost::{BudgetVerdict, ObserverCost};
pub use packages::{PackageCosts, PackageDelta, PackageKind, PackagePair, PackageRow};
pub use requests::{ArmRequests, RoleStates};
pub use waits::{ArmWait, ArmWaitEdge, ArmWaits, WaitObject};
pub use waste::{Waste, WasteId};
pub use work::UnitOfWork;

use crate::evidence::Evidence;
use crate::vocabulary::{MetricId, Per, Role, TermKind, Unit};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Several arms, compared.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Always [`crate::COMPARISON_SCHEMA`].
    pub schema: String,
    /// The arms, in the order given, each with its own ledgers.
    pub arms: Vec<Arm>,
    /// Every metric, for every arm and every pair.
    pub metrics: Vec<Metric>,
    /// Statements that cite their rows, largest share first.
    pub findings: Vec<Finding>,
    /// Claims that were tested.
    pub claims: Vec<Claim>,
    /// Cost of observing each arm, where rounds were recorded for it. No other number is corrected
    /// by it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub observer_cost: Vec<ObserverCost>,
    /// Instrumented rounds. They enter no other number.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub instrumented: Vec<InstrumentedRound>,
    /// Growth of resident memory with connections and with time, where recordings show it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub memory_growth: Vec<MemoryGrowth>,
    /// The unit of work that costs are divided by, and how much of it the arms did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub work: Option<UnitOfWork>,
    /// How the run ended, where it chose its number of rounds (`--rounds auto`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_rounds: Option<AutoRounds>,
    /// Flame graphs of CPU time; absent where no call stacks were recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flame: Option<Flame>,
    /// Flame graphs of off-CPU time, of each arm; absent where no waits were recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub off_cpu_flame: Option<Flame>,
    /// User code by package, of each pair of arms in which a package is known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub package_pairs: Vec<PackagePair>,
    /// Whether the comparison may be trusted.
    pub validity: Validity,
}

/// One metric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// Which metric.
    pub name: MetricId,
    /// Unit of the values.
    pub unit: Unit,
    /// Denominator of the values; empty for totals.
    pub per: Per,
    /// Value of each arm.
    pub arms: BTreeMap<String, Estimate>,
    /// Every pair, in the order of the arms.
    pub pairs: Vec<Pair>,
}

impl Metric {
    /// Returns the metric without values.
    pub fn new(name: MetricId) -> Self {
        Metric {
            name,
            unit: name.unit(),
            per: name.per(),
            arms: BTreeMap::new(),
            pairs: Vec::new(),
        }
    }

    /// Returns the words for the metric, with the name of its unit of work: `CPU time per command`.
    pub fn label(&self) -> Cow<'static, str> {
        let label = self.name.label();
        match self.name.is_per_work() {
            true => label.replace("unit of work", self.per.label()).into(),
            false => label.into(),
        }
    }
}

/// A value with its 95 % interval over rounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The value.
    pub value: f64,
    /// Bootstrap 95 % interval over rounds.
    pub ci95: [f64; 2],
}

/// Arm `b` against arm `a`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Pair {
    /// The reference.
    pub a: String,
    /// The arm that is compared with it.
    pub b: String,
    /// Value of b divided by that of a.
    pub ratio: f64,
    /// Bootstrap 95 % interval of the ratio over rounds.
    pub ci95: [f64; 2],
    /// Probability that identical arms differ at least this much (two-sided, Student's t over
    /// rounds); absent for a single round.
    #[serde(default)]
    pub p_value: Option<f64>,
    /// Whether there is a difference, with all metrics of the two arms considered together.
    pub verdict: Verdict,
    /// Why the two values do not belong together: the arms may have done different amounts of work.
    /// The verdict is then inconclusive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incomparable: Option<String>,
    /// Further rounds of each arm that would resolve a 5 % difference, where `verdict` is
    /// inconclusive: the least number of rounds n for which Student's t over √n narrows `ci95` to
    /// 5 % to each side. Absent for a single round, which has no interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub more_rounds: Option<u64>,
    /// Rows of the difference, largest first.
    pub terms: Vec<Term>,
    /// The same rows added up by cause over all roles, for arms whose roles differ.
    #[serde(default)]
    pub by_cause: Vec<Term>,
    /// The same rows added up by kind, for arms that use different system calls for the same work.
    #[serde(default)]
    pub by_kind: Vec<Term>,
    /// The part of b − a that no term has: Σ `terms.delta` + `unexplained` = b − a.
    pub unexplained: f64,
    /// Share of |b − a| that rows have, 0 to 1. Absent for a metric without a ledger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accounted: Option<f64>,
    /// Share of |b − a| that has a name, 0 to 1: rows of a cause or category that a developer can
    /// act on. User code without a name does not count, nor does code of which only the caller is
    /// known. Absent for a metric without a ledger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub named: Option<f64>,
    /// The function that most of a difference of CPU time lies in, callees included. Absent where
    /// call stacks show none, and for other metrics.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inclusive: Option<InclusiveFunction>,
}

impl Pair {
    /// Returns whether the interval excludes 1 although there is no verdict: among so many metrics,
    /// chance alone puts one there.
    pub fn may_be_chance(&self) -> bool {
        let [low, high] = self.ci95;
        let excludes_one = low < high && (low > 1.0 || high < 1.0);
        excludes_one && self.verdict == Verdict::Inconclusive
    }
}

/// Whether there is a difference, of b against a.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Arm b is higher.
    Higher,
    /// Arm b is lower.
    Lower,
    /// They differ by less than the margin.
    Equivalent,
    /// No verdict: the rounds are too noisy.
    #[default]
    Inconclusive,
}

/// One row of a difference.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Term {
    /// Kind of the row.
    pub kind: TermKind,
    /// Words for the row, `sendto` for instance.
    pub cause: String,
    /// The function with most of it in the arm that takes more, where samples found one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// Role of the threads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Part of b − a, in the metric's unit.
    pub delta: f64,
    /// Part of `delta` that comes from a different count.
    pub count_effect: f64,
    /// Part of `delta` that comes from a different cost of each occurrence.
    pub unit_cost_effect: f64,
    /// The numbers behind it.
    pub evidence: Vec<Evidence>,
    /// Half the width of the 95 % interval of `delta` that sampling causes, in the metric's unit;
    /// absent where everything was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampling_error: Option<f64>,
    /// Value and count in arm a, per the metric's `per`.
    #[serde(default)]
    pub in_a: Amount,
    /// Value and count in arm b, per the metric's `per`.
    #[serde(default)]
    pub in_b: Amount,
}

/// A value and the number of occurrences behind it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Amount {
    /// In the metric's unit.
    pub value: f64,
    /// Occurrences; 0 where the row has no count.
    pub count: f64,
    /// Half the width of the 95 % interval of `value` that sampling causes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampling_error: Option<f64>,
}

/// Whether the comparison may be trusted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validity {
    /// No reason against it.
    pub ok: bool,
    /// Reasons against it.
    pub reasons: Vec<String>,
}
