//! Instrumented rounds of a comparison.

use super::Estimate;
use crate::evidence::Evidence;
use crate::instrumented::CompiledSymbols;
use crate::vocabulary::CodeCategory;
use serde::{Deserialize, Serialize};

/// A round in which the runtime was instrumented: its findings, and its cost.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct InstrumentedRound {
    /// Name of the arm.
    pub arm: String,
    /// Symbols that the runtime wrote of the code that it compiled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compiled: Option<CompiledSymbols>,
    /// CPU time per token in this round, ns; absent without tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_ns_per_token: Option<f64>,
    /// The same in the measured rounds, where there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured_cpu_ns_per_token: Option<Estimate>,
    /// Samples of user mode, from which the shares are computed.
    pub samples: u64,
    /// Functions by their share of user time, largest first; smaller ones are left out.
    pub functions: Vec<InstrumentedFunction>,
    /// Calls of the runtime's own functions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<InstrumentedEvent>,
    /// Data that is missing or doubtful, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// The numbers behind it.
    pub evidence: Vec<Evidence>,
}

/// A function that samples found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InstrumentedFunction {
    /// Name; empty where no symbol has it. Never trusted, renderers escape it.
    pub name: String,
    /// File or class of region that it is in. Never trusted either.
    pub place: String,
    /// Category of its work.
    pub category: CodeCategory,
    /// Share of user time, 0 to 1.
    pub share: f64,
    /// Half the width of the 95 % interval of `share` that sampling causes.
    pub error: f64,
    /// Samples.
    pub samples: u64,
}

/// Calls of one function of a runtime.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct InstrumentedEvent {
    /// Meaning of a call, `goroutines created` for instance.
    pub name: String,
    /// Calls in the window.
    pub count: u64,
    /// Calls per token; absent without tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_token: Option<f64>,
}
