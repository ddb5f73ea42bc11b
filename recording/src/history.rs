//! Metrics over many stored results, and where they changed (`kontrast.history/1`).

use crate::vocabulary::{MetricId, Per, Role, TermKind, Unit};
use serde::{Deserialize, Serialize};

/// The schema of a history.
pub const HISTORY_SCHEMA: &str = "kontrast.history/1";

/// Metrics over many stored results.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// Always [`HISTORY_SCHEMA`].
    pub schema: String,
    /// Changes are reported where chance alone shows as large a one with at most this probability.
    pub significance: f64,
    /// Changes by a smaller share are not reported: 0.03 for 3 %.
    pub min_change: f64,
    /// The stored results, oldest first.
    pub points: Vec<Point>,
    /// One series for each arm and metric.
    pub series: Vec<Series>,
}

/// A stored result.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Its directory.
    pub dir: String,
    /// When its first recording began, in nanoseconds since 1970.
    pub start_unix_ns: u64,
}

/// One metric of one arm over time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// The arm.
    pub arm: String,
    /// The arm of the same result that values are divided by; absent for plain values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub against: Option<String>,
    /// The metric.
    pub metric: MetricId,
    /// Unit of the values, unless they are ratios.
    pub unit: Unit,
    /// Denominator of the values.
    pub per: Per,
    /// The values, oldest first.
    pub values: Vec<SeriesValue>,
    /// Changes, oldest first.
    pub changes: Vec<Change>,
}

/// One value of a series.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SeriesValue {
    /// Index into [`History::points`].
    pub point: usize,
    /// The value, or the ratio.
    pub value: f64,
}

/// A change of level.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The first value of the new level, as an index into [`Series::values`].
    pub at: usize,
    /// The directory of its result.
    pub dir: String,
    /// Geometric mean of the values between the change before and this one.
    pub before: f64,
    /// Geometric mean of the values between this change and the next one.
    pub after: f64,
    /// `after` divided by `before`.
    pub ratio: f64,
    /// Probability that values in random order show as large a change.
    pub p_value: f64,
    /// Differences of the arm's ledger, largest first. Empty without a ledger.
    pub rows: Vec<ChangeRow>,
    /// The difference of the arm's mean values minus the rows; absent without a ledger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unaccounted: Option<f64>,
}

/// A row of the arm's ledger before and after a change: means over the results on either side.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ChangeRow {
    /// Kind of the row.
    pub kind: TermKind,
    /// Words for the row.
    pub cause: String,
    /// Role of the threads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// The function with most of it, in the newest result that has the row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// Value before, in the metric's unit.
    pub before: f64,
    /// Value after.
    pub after: f64,
    /// `after` − `before`.
    pub delta: f64,
    /// Occurrences before, per the metric's `per`; 0 where the row has no count.
    pub count_before: f64,
    /// Occurrences after.
    pub count_after: f64,
}
