//! Which code takes memory from the kernel and gives it back.

use serde::{Deserialize, Serialize};

/// Page faults, or calls that manage memory, from one place in the code, of all threads of a role.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MemorySite {
    /// Role of the threads; empty for what [`MemorySite::stack`] calls the rest.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub role: String,
    /// `page fault`; or what a call did: `mmap`, `mmap PROT_NONE` (addresses only), `munmap`, `mremap`, `brk`,
    /// `madvise DONTNEED`, `madvise FREE`, or `madvise` for other advice.
    pub kind: String,
    /// Faults, or calls that succeeded.
    pub count: u64,
    /// Bytes that the calls asked for, taken less given back: addresses, whether there was memory behind them or not. 0 for
    /// faults, since the kernel does not say how large a page they brought.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub bytes: i64,
    /// Innermost first: of a fault the code that touched the page, or the system call in which the kernel did; of a call the
    /// code that made it, and its callers as far as frame pointers lead. Empty for the rest: smaller sites together, and what
    /// there was no room to keep the code of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stack: Vec<Frame>,
}

/// The [`MemorySite::kind`] of page faults.
pub const PAGE_FAULT: &str = "page fault";
/// The [`Frame::class`] of system calls.
pub const SYSTEM_CALL: &str = "system call";

/// A function in a stack.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Frame {
    /// Its name, as its file's symbols have it; empty where they do not. Never trusted, renderers escape it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub function: String,
    /// Name of the file that the code was mapped from; empty where it comes from no file. Never trusted either.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub file: String,
    /// Class of the memory region, as [`crate::memory::Region::class`]; [`SYSTEM_CALL`] where `function` is one, or `kernel`.
    pub class: String,
}

fn is_zero(bytes: &i64) -> bool {
    *bytes == 0
}

impl Frame {
    /// Whether it says more than which file or region the code is in.
    pub fn is_named(&self) -> bool {
        !self.function.is_empty() || self.class == "jit code"
    }
}

impl MemorySite {
    /// Pages taken or given back, 4 KiB each, at least one an event: what sites are ranked by.
    pub fn weight(&self) -> u64 {
        const PAGE: u64 = 4096;
        self.count.max(self.bytes.unsigned_abs() / PAGE)
    }
}
