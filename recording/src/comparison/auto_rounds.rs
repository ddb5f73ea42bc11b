//! How a run with `--rounds auto` ended.

use crate::vocabulary::MetricId;
use serde::{Deserialize, Serialize};

/// How a run with `--rounds auto` ended. The rule is in `docs/ledger.md`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AutoRounds {
    /// Rounds of each arm.
    pub rounds: u32,
    /// The reach of an interval that the run was to get below, to each side: 0.05 for 5 %.
    pub precision: f64,
    /// The widest interval of the watched metrics at the end; absent without an interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub widest: Option<WidestInterval>,
    /// Why no further round was measured.
    pub end: AutoEnd,
}

/// An interval of a watched metric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WidestInterval {
    /// The metric.
    pub metric: MetricId,
    /// The reference; absent for the interval of a single arm's value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub a: Option<String>,
    /// The arm.
    pub b: String,
    /// Its 95 % interval reaches so far to each side of the ratio: 0.05 for 5 %. Absent where it
    /// holds 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reach: Option<f64>,
}

/// Why a run with `--rounds auto` measured no further round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AutoEnd {
    /// The intervals are as narrow as asked.
    Precise,
    /// The maximum number of rounds is done.
    MaxRounds,
    /// A further round would exceed the maximum time.
    MaxTime,
}
