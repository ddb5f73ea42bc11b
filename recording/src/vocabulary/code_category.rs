//! Categories of user code: the work of a function for the program.

use super::vocabulary;

vocabulary! {
    /// The work of code in user mode.
    CodeCategory {
        /// Marks, sweeps, moves or counts objects.
        Gc = "gc", "garbage collection";
        /// Compiles code while the program runs.
        Jit = "jit", "JIT compilation";
        /// Chooses the next task and passes tasks between threads.
        Scheduler = "scheduler", "runtime scheduler";
        /// Asks which events are ready and calls their handlers.
        EventLoop = "event-loop", "event loop";
        /// The program itself and the libraries that it is written with.
        Application = "application", "application code";
        /// Encrypts and hashes.
        Crypto = "crypto", "encryption and hashing";
        /// Reads and writes formats such as HTTP, JSON and UTF-8.
        Parsing = "parsing", "parsing and formatting";
        /// Copies, compares and clears memory.
        Copying = "copying", "copying memory";
        /// Allocates and frees memory inside the process.
        Allocation = "allocation", "memory allocation";
        /// Code of the runtime that no other category describes.
        Runtime = "runtime", "other runtime code";
        /// Instructions around each system call, such as the C library's wrapper.
        SyscallWrapper = "syscall-wrapper", "syscall wrappers";
        /// Code that no symbol names and no rule describes.
        Unnamed = "unnamed", "user code without a name";
    }
}
