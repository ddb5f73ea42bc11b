//! Instrumented rounds: recordings in which the runtime writes symbols and Go's runtime functions
//! carry probes.

use crate::process::is_zero;
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
    /// Waits of goroutines that began in the window, by reason and stacks, longest first: the first
    /// 200.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub goroutine_waits: Vec<GoroutineWait>,
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

/// Waits of goroutines in one place, which goroutines in one place ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoroutineWait {
    /// Go's own word for it, `sync.Mutex.Lock` for instance; `wait reason N` where the executable
    /// does not show its words.
    pub reason: String,
    /// Waits.
    pub count: u64,
    /// Of these, waits that had not ended when the window did.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub open: u64,
    /// Their length, until the goroutine was ready to run. A wait that no goroutine ended, for the
    /// network for instance, lasts until it runs.
    pub wait_ns: u64,
    /// Functions of the goroutine that waited, innermost first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stack: Vec<String>,
    /// Functions of the goroutine that made it ready, innermost first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by: Vec<String>,
}
