//! Evidence of the work of functions that no symbol names.

use crate::process::is_zero;
use serde::{Deserialize, Serialize};

/// Evidence, found in its file, of the work of a function that no symbol names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeHint {
    /// Index of the frame in `stacks.frames`.
    pub frame: usize,
    /// Source file that the function's code refers to, as assertions and panics do. With
    /// `neighbours`, the file or the folder (ending in `/`) of the functions around it. Empty where
    /// nothing is known. Never trusted, renderers escape it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// How `source` was concluded from functions before and behind; absent where the function
    /// itself refers to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub neighbours: Option<Neighbours>,
    /// Texts that the function's code refers to, such as messages and names of methods: the first
    /// few, cut. Never trusted either.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub texts: Vec<String>,
    /// The function begins with taking the first block off a list of its thread, as allocators do.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub takes_block: bool,
    /// Much of the function looks up shapes of JavaScript objects, as JavaScriptCore does.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub examines_objects: bool,
    /// Samples whose instruction writes one value over and over (`rep stos`).
    #[serde(default, skip_serializing_if = "is_zero")]
    pub clearing: u64,
    /// Samples whose instruction copies memory (`rep movs`).
    #[serde(default, skip_serializing_if = "is_zero")]
    pub copying: u64,
    /// Samples of user code whose innermost frame it is.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub innermost: u64,
}

impl CodeHint {
    /// Returns whether there is any evidence of the function's work.
    pub fn says_something(&self) -> bool {
        let by_references = !self.source.is_empty() || !self.texts.is_empty();
        let by_function = self.takes_block || self.examines_objects;
        by_references || by_function || self.clearing + self.copying > 0
    }
}

/// How often a conclusion from neighbours is right in the same file. A linker keeps the functions
/// of one source file together, so a function between two of one folder is of that folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Neighbours {
    /// Functions with a known source whose neighbours are both of the folder.
    pub tried: u64,
    /// Those of them that are of the folder as well.
    pub right: u64,
}
