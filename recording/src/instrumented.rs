//! Instrumented rounds: recordings in which the runtime writes symbols and Go's runtime functions
//! carry probes.

use serde::{Deserialize, Serialize};

/// Name of the event that adds up the sizes that allocations ask for.
pub const ALLOCATED_BYTES: &str = "bytes allocated";
/// Name of the event that counts garbage collections.
pub const COLLECTIONS: &str = "garbage collections";

/// Data that only an instrumented round has. Instrumentation costs CPU time that no other round
/// pays, so such a recording enters no metric, ledger, verdict or validity check.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Instrumented {
    /// Symbols of compiled code; absent where the runtime wrote none. The names are in
    /// [`crate::process::CodeSamples::function`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compiled: Option<CompiledSymbols>,
    /// Calls of the runtime's own functions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<RuntimeEvent>,
    /// Data that could not be recorded, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// Symbols that a runtime wrote of the code that it compiled.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompiledSymbols {
    /// Their format: `JIT dump`, `perf map`.
    pub source: String,
    /// Pieces of code with a symbol, from the start of the process on.
    pub pieces: u64,
}

/// Calls of one function of a runtime in the window.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuntimeEvent {
    /// Meaning of a call, `goroutines created` for instance.
    pub name: String,
    /// Calls.
    pub count: u64,
}
