//! Arms compared: metrics, verdicts and the terms that explain a difference (`kontrast.comparison/1`).

use crate::observer::Mode;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Several arms, compared.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Always [`crate::COMPARISON_SCHEMA`].
    pub schema: String,
    /// The arms, in the order given.
    pub arms: Vec<Arm>,
    /// Every metric, for every arm and every pair.
    pub metrics: Vec<Metric>,
    /// Sentences that cite their rows, largest share first.
    pub findings: Vec<Finding>,
    /// Statements that were put to the test.
    pub claims: Vec<Claim>,
    /// What observing cost each arm, where rounds were recorded for it. No other number is corrected by it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub observer_cost: Vec<ObserverCost>,
    /// What runtimes helped to tell, in rounds that are in no other number.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub detail: Vec<DetailRound>,
    /// How resident memory grows with connections and with time, where recordings show it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub slopes: Vec<Slope>,
    /// Whether the comparison may be trusted.
    pub validity: Validity,
}

/// How fast one class of an arm's resident memory grows: the slope of a straight line through what was measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Slope {
    /// Name of the arm.
    pub arm: String,
    /// Class of the memory region; empty for all of them together, which the classes add up to.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub class: String,
    /// What it grows with: `connection` or `second`.
    pub per: String,
    /// Bytes per that, with a 95 % interval: over rounds where there are several, over the points of one otherwise.
    pub bytes: Estimate,
    /// Rounds that show it.
    pub rounds: u32,
    /// Points they have together.
    pub points: u32,
    /// As [`Finding::evidence`].
    pub evidence: Vec<String>,
}

/// One target under one workload.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Arm {
    /// Name.
    pub arm: String,
    /// Rounds recorded.
    pub rounds: u32,
    /// Paths of the recordings, relative to the comparison.
    pub recordings: Vec<String>,
}

/// One metric.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// Name, `cpu_ns_per_token` for instance.
    pub name: String,
    /// Unit of the value.
    pub unit: String,
    /// What it is per, `token` for instance; empty for totals.
    pub per: String,
    /// Value of each arm.
    pub arms: BTreeMap<String, Estimate>,
    /// Every pair, in the order of the arms.
    pub pairs: Vec<Pair>,
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
    /// What is held against it.
    pub b: String,
    /// b / a.
    pub ratio: f64,
    /// Bootstrap 95 % interval of the ratio over rounds.
    pub ci95: [f64; 2],
    /// How likely identical arms are to come out at least this far apart (two-sided, Student's t over rounds); none of a
    /// single round.
    #[serde(default)]
    pub p_value: Option<f64>,
    /// Whether there is a difference, all metrics of the two arms looked at together.
    pub verdict: Verdict,
    /// Where the difference comes from, largest first.
    pub terms: Vec<Term>,
    /// The same terms added up by cause, all roles together: what to read where roles differ between arms.
    #[serde(default)]
    pub by_cause: Vec<Term>,
    /// The same terms added up by kind of work (`receiving`, `sending`, `waiting for events`, …): what to read where arms
    /// use different system calls for the same work.
    #[serde(default)]
    pub by_work: Vec<Term>,
    /// b − a less the terms: Σ `terms.delta` + `unexplained` = b − a.
    pub unexplained: f64,
}

impl Pair {
    /// Whether the interval lies beside 1, and yet there is no verdict: among so many metrics, chance alone puts one there.
    pub fn may_be_chance(&self) -> bool {
        let [low, high] = self.ci95;
        let beside = low < high && (low > 1.0 || high < 1.0);
        beside && self.verdict == Verdict::Inconclusive
    }
}

/// Whether there is a difference, of b against a.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// b is higher.
    Higher,
    /// b is lower.
    Lower,
    /// They differ by less than what matters.
    Equivalent,
    /// The rounds do not tell.
    #[default]
    Inconclusive,
}

/// One term of a difference.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Term {
    /// What, `sendto` or `user code` for instance.
    pub cause: String,
    /// The thread role it happened in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Its part of b − a, in the metric's unit.
    pub delta: f64,
    /// Part of the delta that comes from there being more (or fewer) of it.
    pub count_effect: f64,
    /// Part of the delta that comes from each being dearer (or cheaper).
    pub unit_cost_effect: f64,
    /// `recording#json-pointer` of each number behind it.
    pub evidence: Vec<String>,
    /// Half the width of the 95 % interval that sampling leaves around `delta`, in the metric's unit; absent where all of
    /// it was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampling_error: Option<f64>,
    /// Value and count in arm a, per the metric's `per`.
    #[serde(default)]
    pub in_a: Amount,
    /// Value and count in arm b, per the metric's `per`.
    #[serde(default)]
    pub in_b: Amount,
}

/// How much, and how many occurrences made it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Amount {
    /// In the metric's unit.
    pub value: f64,
    /// Occurrences; 0 where the term has no count.
    pub count: f64,
    /// As [`Term::sampling_error`], around `value`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampling_error: Option<f64>,
}

/// A sentence that cites its rows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Stable name of the rule that wrote it.
    pub id: String,
    /// The metric it explains.
    pub metric: String,
    /// The arms it holds against each other; none where it is about one arm alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pair: Option<[String; 2]>,
    /// The sentence.
    pub text: String,
    /// Share of the difference it explains, 0 to 1 (above 1 where others run against it).
    pub share: f64,
    /// Whether that follows from the other causes, and is none of its own. Absent where it does not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub follows: bool,
    /// `recording#json-pointer` or `comparison#json-pointer` of what it rests on.
    pub evidence: Vec<String>,
}

/// A statement that was put to the test.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Claim {
    /// Who says so.
    pub source: String,
    /// What is said.
    pub text: String,
    /// What the measurement says.
    pub verdict: ClaimVerdict,
    /// What was measured, in words.
    pub measured: String,
    /// As [`Finding::evidence`].
    pub evidence: Vec<String>,
}

/// What the measurement says of a claim.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClaimVerdict {
    /// It holds here.
    Confirmed,
    /// It does not hold here.
    Refuted,
    /// The measurement does not tell.
    Inconclusive,
    /// Nothing that was run tests it.
    #[default]
    #[serde(rename = "not tested")]
    NotTested,
}

/// One arm in one mode of observing, held against the same arm without any program.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ObserverCost {
    /// Name of the arm.
    pub arm: String,
    /// How much was observed.
    pub mode: Mode,
    /// Turns in this mode, or rounds of recordings that were in one mode throughout.
    pub rounds: u32,
    /// CPU time per token in it, ns, by the kernel's own CPU clock of the process.
    pub cpu_ns_per_token: Estimate,
    /// That over the same without programs, and its 95 % interval over those; 1 without programs.
    pub ratio: Estimate,
    /// The ratio that observing may come to; absent for the mode without programs, which is what the others are held
    /// against.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<f64>,
    /// Whether it stays within.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<BudgetVerdict>,
    /// As [`Finding::evidence`].
    pub evidence: Vec<String>,
}

/// Whether a cost stays within its budget.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BudgetVerdict {
    /// The whole interval is within.
    Within,
    /// The whole interval is over.
    Over,
    /// The rounds do not tell.
    #[default]
    Inconclusive,
}

/// A round in which a runtime helped: what that told, and what it cost.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DetailRound {
    /// Name of the arm.
    pub arm: String,
    /// What the runtime wrote about code that it compiled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compiled: Option<crate::detail::Compiled>,
    /// CPU time per token in this round, ns; absent without tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_ns_per_token: Option<f64>,
    /// The same in the rounds that were measured, where there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured_cpu_ns_per_token: Option<Estimate>,
    /// Samples of user mode, which is what shares of it are known from.
    pub samples: u64,
    /// Functions by their share of user time, largest first; the rest is cut off.
    pub functions: Vec<DetailFunction>,
    /// What the runtime's own functions were seen doing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<DetailEvent>,
    /// What could not be had, or is in doubt, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// As [`Finding::evidence`].
    pub evidence: Vec<String>,
}

/// A function that samples found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DetailFunction {
    /// Its name; empty where nothing tells. Never trusted, renderers escape it.
    pub name: String,
    /// The file or the class of region that it is in. Never trusted either.
    pub place: String,
    /// What it does, as `code` of the ledger calls it.
    pub kind: String,
    /// Share of user time, 0 to 1.
    pub share: f64,
    /// Half the width of the 95 % interval that sampling leaves around the share.
    pub error: f64,
    /// Samples that found it.
    pub samples: u64,
}

/// How often something happened.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DetailEvent {
    /// What, `goroutines made` for instance.
    pub what: String,
    /// How often in the window.
    pub count: u64,
    /// How often per token; absent without tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_token: Option<f64>,
}

/// Whether the comparison may be trusted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Validity {
    /// No reason against it.
    pub ok: bool,
    /// What speaks against it.
    pub reasons: Vec<String>,
}
