//! Findings and claims: statements that cite the numbers they rest on.

use crate::evidence::Evidence;
use crate::vocabulary::MetricId;
use serde::{Deserialize, Serialize};

/// A statement about a difference or an arm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Stable name of the rule that wrote it.
    pub id: String,
    /// The metric that it explains.
    pub metric: MetricId,
    /// The two arms; absent where it is about one arm alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pair: Option<[String; 2]>,
    /// The field's term for it, `Allocation churn` for instance.
    #[serde(default)]
    pub title: String,
    /// One sentence with the numbers.
    pub text: String,
    /// One sentence of meaning; empty where the text needs none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub meaning: String,
    /// One sentence of advice; empty without one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub advice: String,
    /// Share of the difference that it explains, 0 to 1 (above 1 where other causes run against
    /// it).
    pub share: f64,
    /// Whether it is a consequence of the other causes rather than a cause itself. Files leave it
    /// out where not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub consequence: bool,
    /// The saving if the cause were gone; absent where that cannot be computed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predicted: Option<Prediction>,
    /// The numbers behind it.
    pub evidence: Vec<Evidence>,
    /// The costliest call stacks of the rows of CPU time that it cites, costliest first; empty
    /// where none were recorded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stacks: Vec<CauseStack>,
}

/// A call stack behind a finding: time in its innermost frame, called in this very way.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CauseStack {
    /// The arm in which the rows of the finding take more.
    pub arm: String,
    /// Time of the arm in the stack, in the metric's unit.
    pub value: f64,
    /// Samples of all rounds that found it.
    pub samples: u64,
    /// Indexes of its frames in `flame.frames`: role of the threads, kind of the row, its cause
    /// where it has a more precise one, then functions from the outermost inward.
    pub frames: Vec<usize>,
}

/// A predicted change of a metric.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// Change of the costly arm's value, in the metric's unit; negative where it saves.
    pub delta: f64,
    /// Its 95 % interval.
    pub ci95: [f64; 2],
}

/// A claim that was tested.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Claim {
    /// Who made it.
    pub source: String,
    /// The claim.
    pub text: String,
    /// Result of the test.
    pub verdict: ClaimVerdict,
    /// The measurement, in words.
    pub measured: String,
    /// The numbers behind it.
    pub evidence: Vec<Evidence>,
}

/// Result of testing a claim.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClaimVerdict {
    /// It holds here.
    Confirmed,
    /// It does not hold here.
    Refuted,
    /// The measurement is too noisy to decide.
    Inconclusive,
    /// Nothing that was run tests it.
    #[default]
    #[serde(rename = "not tested")]
    NotTested,
}
