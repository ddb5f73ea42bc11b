//! Categories of user code: the work of a function for the program.

use super::vocabulary;

vocabulary! {
    /// The work of code in user mode.
    #[derive(Default)]
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
        /// JavaScript of the program and its libraries, compiled or interpreted.
        JavaScript = "javascript", "JavaScript (compiled or interpreted)";
        /// Runs reactions of promises and resumes async functions.
        Promises = "promises", "promises and microtasks";
        /// Objects, properties and built-in functions of JavaScript, and bindings to native code.
        Engine = "engine", "JavaScript objects and built-ins";
        /// Encrypts and hashes.
        Crypto = "crypto", "encryption and hashing";
        /// Compresses and decompresses.
        Compression = "compression", "compression";
        /// Reads and writes HTTP messages and event streams.
        Http = "http", "HTTP and event streams";
        /// Reads and writes JSON.
        Json = "json", "JSON";
        /// Converts, compares and joins text.
        Text = "text", "strings and encodings";
        /// Searches text by regular expressions.
        Regex = "regex", "regular expressions";
        /// Reads and writes other formats.
        Parsing = "parsing", "parsing and formatting";
        /// Streams of bytes and their buffers inside the process.
        Streams = "streams", "streams and buffers";
        /// Prepares system calls on sockets and handles their results.
        Sockets = "sockets", "socket handling";
        /// Copies and compares memory.
        Copying = "copying", "copying memory";
        /// Writes zeros, or another value, over memory.
        Zeroing = "zeroing", "zeroing memory";
        /// Allocates and frees memory inside the process.
        Allocation = "allocation", "memory allocation";
        /// Sets, sorts and fires timers.
        Timers = "timers", "timers";
        /// Code of the runtime that no other category describes.
        Runtime = "runtime", "other runtime code";
        /// Instructions around each system call, such as the C library's wrapper.
        SyscallWrapper = "syscall-wrapper", "syscall wrappers";
        /// Native code without a name, called from JavaScript: the place is known, not the work.
        CalledFromJs = "called-from-js", "native code called from JavaScript (no name)";
        /// Native code without a name, called from an event loop without JavaScript in between.
        CalledFromLoop = "called-from-loop", "native code called from the event loop (no name)";
        /// Code that no symbol names and no rule describes.
        #[default]
        Unnamed = "unnamed", "user code without a name";
    }
}

impl CodeCategory {
    /// Returns whether the category says what is done. The caller of code alone does not.
    pub const fn is_named(self) -> bool {
        !matches!(
            self,
            CodeCategory::CalledFromJs | CodeCategory::CalledFromLoop | CodeCategory::Unnamed
        )
    }
}
