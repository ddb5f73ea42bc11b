//! Instrumented rounds of a comparison.

use super::{Estimate, FunctionShare};
use crate::evidence::Evidence;
use crate::instrumented::CompiledSymbols;
use crate::process::is_zero;
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
    pub functions: Vec<FunctionShare>,
    /// Calls of the runtime's own functions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<InstrumentedEvent>,
    /// Waits of goroutines, longest first; shorter ones are left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub goroutine_waits: Vec<GoroutineWaits>,
    /// Data that is missing or doubtful, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// The numbers behind it.
    pub evidence: Vec<Evidence>,
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
    /// Of bytes: how many from one garbage collection to the next; absent for other events, and
    /// without a collection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_collection: Option<f64>,
}

/// Waits of goroutines for one reason in one place, which goroutines in one place ended.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GoroutineWaits {
    /// Go's own word for the reason.
    pub reason: String,
    /// Functions that waited, innermost first, without those of the runtime and of its locks: up to
    /// three. Never trusted, renderers escape them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub place: Vec<String>,
    /// Functions of the goroutine that ended the wait, likewise; empty where the runtime did. Never
    /// trusted either.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by: Vec<String>,
    /// Waits in the window.
    pub count: u64,
    /// Of these, waits that had not ended when the window did.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub open: u64,
    /// Their length, ns.
    pub wait_ns: u64,
    /// Waits per token; absent without tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_token: Option<f64>,
}
