//! Frames of Python code.
//!
//! CPython keeps a list of its frames (`_PyInterpreterFrame`), from the innermost outward. The
//! loader finds the state of each thread and the places of the fields, which differ between
//! versions; a sample follows the list.

/// Frames that a stack keeps, innermost first.
pub const PYTHON_FRAMES: usize = 64;
/// Threads that run Python at one time.
pub const MAX_PYTHON_THREADS: u32 = 4_096;
/// Mixed into the hash of a stack with Python frames.
pub const PYTHON_MARK: u64 = 0x5079_7468_6f6e;

/// A thread that runs Python, and the offsets of fields on the way to its frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct PythonThread {
    /// Address of its `PyThreadState`.
    pub state: u64,
    /// Offset of the pointer to the structure that holds the innermost frame; 0 where the state
    /// itself does.
    pub holder: u32,
    /// Offset of the innermost frame in the holder.
    pub frame: u32,
    /// Offset of the code object in a frame.
    pub code: u32,
    /// Offset of the next outer frame in a frame.
    pub previous: u32,
    /// Offset of the byte that marks the outermost frame of a call of the interpreter; 0 without
    /// one.
    pub entry: u32,
    /// Always 0.
    pub padding: u32,
}

const _: () = assert!(size_of::<PythonThread>() == 32);

/// Python frames of one stack. Entries beyond the length mean nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct PythonStack {
    /// Thread group id.
    pub tgid: u32,
    /// Frames in `code`.
    pub length: u32,
    /// Addresses of code objects, innermost first. Bit 0 marks the outermost frame of a call of the
    /// interpreter, in versions that mark it in the frame.
    pub code: [u64; PYTHON_FRAMES],
}

const _: () = assert!(size_of::<PythonStack>() == 520);
