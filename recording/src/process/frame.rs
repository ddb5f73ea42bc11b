//! Frames of call stacks outside of CPU samples.

use crate::vocabulary::{CodePlace, RegionClass};
use serde::{Deserialize, Serialize};

/// A frame of a call stack.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Frame {
    /// Function, as the symbols of its file name it; empty where they do not. Never trusted,
    /// renderers escape it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub function: String,
    /// Name of the file that the code was mapped from; empty where it comes from no file. Never
    /// trusted either.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub file: String,
    /// Where the code lies.
    pub class: CodePlace,
    /// The code, where no symbol names it: a debug file that is found later does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<CodeAddress>,
}

/// A place in the code of a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CodeAddress {
    /// GNU build id of the file in hexadecimal digits.
    pub build_id: String,
    /// Start of the function, as an unwinding table has it, otherwise the code itself; in the
    /// file's own address space.
    pub address: u64,
}

impl Frame {
    /// Returns the frame without the place of its code: calls of one file without names are one.
    pub fn without_code(&self) -> Self {
        Frame {
            code: None,
            ..self.clone()
        }
    }

    /// Returns whether the frame says more than the file or region that its code is in.
    pub fn is_named(&self) -> bool {
        !self.function.is_empty() || self.class == CodePlace::Region(RegionClass::JitCode)
    }
}
