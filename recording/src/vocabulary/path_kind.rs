//! States of a thread on the path of a token.

use super::vocabulary;

vocabulary! {
    /// The state of a thread while a token passes.
    #[derive(Default)]
    PathKind {
        /// On a CPU, outside of system calls, before it received the token.
        OtherWork = "other-work", "other work first";
        /// On a CPU, outside of system calls.
        User = "user", "user code and faults";
        /// On a CPU, in a system call.
        Syscall = "syscall", "system call";
        /// Garbage is collected, whether the thread is on a CPU or waits for that.
        Gc = "gc", "garbage collection";
        /// Runnable, without a CPU.
        RunQueue = "run-queue", "run queue";
        /// Asleep.
        #[default]
        Asleep = "asleep", "asleep";
    }
}
