//! What a runtime helped to tell, in a round that was recorded for that alone.

use serde::{Deserialize, Serialize};

/// What a runtime helped to tell. A recording that has it is a *detail round*: the help costs what no other round has to
/// pay, so it enters no metric, ledger, verdict or judgement of validity.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Detail {
    /// What the runtime wrote about code that it compiled; absent where it wrote nothing. The names themselves are in
    /// [`crate::process::CodeSamples::function`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compiled: Option<Compiled>,
    /// What the runtime's own functions were seen doing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<RuntimeEvent>,
    /// What could not be had, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// What a runtime wrote about code that it compiled.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compiled {
    /// The form it was written in: `JIT dump`, `perf map`.
    pub source: String,
    /// Pieces of code that it named, from the start of the process on.
    pub pieces: u64,
}

/// How often a runtime's function was entered in the window.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuntimeEvent {
    /// What that means, `goroutines made` for instance.
    pub what: String,
    /// How often.
    pub count: u64,
}
