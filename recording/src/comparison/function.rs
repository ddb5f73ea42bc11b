//! Functions that samples of user mode found.

use crate::vocabulary::CodeCategory;
use serde::{Deserialize, Serialize};

/// A function and its share of user time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FunctionShare {
    /// Name; empty where no symbol has it. Never trusted, renderers escape it.
    pub name: String,
    /// File or class of region that it is in. Never trusted either.
    pub place: String,
    /// `bun+0x5c633f0`: file and address of its start, where no symbol names it; empty otherwise.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub address: String,
    /// Source file, or folder of sources, that evidence names; empty without evidence. Never
    /// trusted either.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// The function that called it in most samples; empty where that is unknown. Never trusted
    /// either.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub caller: String,
    /// Category of its work.
    pub category: CodeCategory,
    /// Share of user time, 0 to 1.
    pub share: f64,
    /// Half the width of the 95 % interval of `share` that sampling causes.
    pub error: f64,
    /// Samples.
    pub samples: u64,
}

/// The function that a difference of CPU time lies in: its time, with all that it calls, comes
/// closest to the difference.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct InclusiveFunction {
    /// Its name, or its file and address where no symbol has it. Never trusted, renderers escape
    /// it.
    pub name: String,
    /// Part of b − a that is time of the function and of all that it calls, in the metric's unit.
    pub delta: f64,
    /// That part divided by b − a, about 0.5 to 1. Above 1 where the rest runs against it.
    pub share: f64,
}

impl FunctionShare {
    /// Returns the words for it: its name, or its address, or the file or region that it is in.
    pub fn label(&self) -> &str {
        let words = [&self.name, &self.address, &self.place];
        let known = words.into_iter().find(|words| !words.is_empty());
        known.map_or("", String::as_str)
    }
}
