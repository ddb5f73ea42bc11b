//! Classes of memory regions, places of code, and events of memory management.

use super::{serde_by_text, vocabulary};

vocabulary! {
    /// The use of a memory region, by its mapping.
    #[derive(Default)]
    RegionClass {
        /// Code of the executable.
        BinaryText = "binary-text", "binary text";
        /// Data of the executable.
        BinaryData = "binary-data", "binary data";
        /// Anonymous memory that the allocator or the runtime manages.
        RuntimeHeap = "runtime-heap", "runtime heap";
        /// Anonymous memory that may be executed.
        JitCode = "jit-code", "JIT code";
        /// Stacks of threads.
        ThreadStacks = "thread-stacks", "thread stacks";
        /// Shared libraries, code and data.
        Libraries = "libraries", "shared libraries";
        /// Other mapped files.
        FileMaps = "file-maps", "mapped files";
        /// Regions of the kernel and those that no other class describes.
        #[default]
        Other = "other", "other regions";
        /// Addresses that were no longer mapped when the window ended.
        Unmapped = "unmapped", "unmapped since";
    }
}

vocabulary! {
    /// How memory was taken from the kernel or returned to it.
    #[derive(Default)]
    MemoryEvent {
        /// A page fault.
        #[default]
        PageFault = "page-fault", "page fault";
        /// `mmap` of memory that may be accessed.
        Map = "mmap", "mmap";
        /// `mmap` with `PROT_NONE`: reserves addresses only.
        Reserve = "mmap-prot-none", "mmap PROT_NONE";
        /// `munmap`.
        Unmap = "munmap", "munmap";
        /// `mremap`.
        Remap = "mremap", "mremap";
        /// `brk`.
        Brk = "brk", "brk";
        /// `madvise` with `MADV_DONTNEED`.
        DontNeed = "madvise-dontneed", "madvise DONTNEED";
        /// `madvise` with `MADV_FREE`.
        Free = "madvise-free", "madvise FREE";
        /// `madvise` with other advice.
        Advice = "madvise", "madvise";
        /// Calls whose kind was lost because the map was full.
        Lost = "lost", "calls of unknown kind";
    }
}

/// Where a frame of a call stack lies: in a memory region of the process, in a system call, or in
/// the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CodePlace {
    /// In user code, in a region of this class.
    Region(RegionClass),
    /// In the kernel, in the system call that the frame names.
    Syscall,
    /// In the kernel, outside of a system call.
    Kernel,
}

impl Default for CodePlace {
    fn default() -> Self {
        CodePlace::Region(RegionClass::default())
    }
}

impl CodePlace {
    /// Returns the name that files use.
    pub const fn name(self) -> &'static str {
        match self {
            CodePlace::Region(class) => class.name(),
            CodePlace::Syscall => "syscall",
            CodePlace::Kernel => "kernel",
        }
    }

    /// Returns the words that people read.
    pub const fn label(self) -> &'static str {
        match self {
            CodePlace::Region(class) => class.label(),
            CodePlace::Syscall => "system call",
            CodePlace::Kernel => "kernel",
        }
    }
}

impl std::fmt::Display for CodePlace {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.pad(self.label())
    }
}

impl std::str::FromStr for CodePlace {
    type Err = super::Unknown;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "syscall" => Ok(CodePlace::Syscall),
            "kernel" => Ok(CodePlace::Kernel),
            class => class.parse().map(CodePlace::Region),
        }
    }
}

serde_by_text!(CodePlace, |place: &CodePlace| place.name());
