//! Functions that samples of user mode found.

use crate::vocabulary::CodeCategory;
use serde::{Deserialize, Serialize};

/// A function and its share of user time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FunctionShare {
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
