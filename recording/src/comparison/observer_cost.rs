//! Cost of observing an arm.

use super::Estimate;
use crate::evidence::Evidence;
use crate::observer::Mode;
use serde::{Deserialize, Serialize};

/// One arm observed in one mode, compared with the same arm without any probe.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ObserverCost {
    /// Name of the arm.
    pub arm: String,
    /// Which probes were attached.
    pub mode: Mode,
    /// Intervals in this mode, or rounds of recordings that were in one mode throughout.
    pub rounds: u32,
    /// CPU time per token in this mode, ns, by the kernel's own CPU clock of the process.
    pub cpu_ns_per_token: Estimate,
    /// That over the same without probes, and its 95 % interval; 1 without probes.
    pub ratio: Estimate,
    /// Budget for the ratio; absent for the mode without probes, which is the reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<f64>,
    /// Whether the ratio stays within the budget.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<BudgetVerdict>,
    /// The numbers behind it.
    pub evidence: Vec<Evidence>,
}

/// Whether a cost stays within its budget.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BudgetVerdict {
    /// The whole interval is within.
    Within,
    /// The whole interval is over.
    Over,
    /// The intervals are too noisy to decide.
    #[default]
    Inconclusive,
}
