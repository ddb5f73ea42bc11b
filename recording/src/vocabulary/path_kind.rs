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
        /// Runnable after a wake-up, without a CPU.
        RunQueue = "run-queue", "run queue";
        /// Runnable without a CPU, since another thread took it.
        Preempted = "preempted", "preempted";
        /// Runnable without a CPU, since the quota of its cgroup was used up.
        Throttled = "throttled", "throttled by a CPU quota";
        /// On a CPU that the hypervisor gave to another machine, or that an interrupt had.
        Stolen = "stolen", "stolen (steal and interrupts)";
        /// Asleep.
        #[default]
        Asleep = "asleep", "asleep";
    }
}
