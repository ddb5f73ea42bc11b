//! Kinds of wait.

use super::vocabulary;

vocabulary! {
    /// The event that a thread waited for. `analysis::waits` decides by the system call, and by
    /// functions in the stacks of sleeper and waker.
    #[derive(Default)]
    WaitKind {
        /// A lock that another thread held.
        Lock = "lock", "contended lock";
        /// Work or a result that another thread hands over: a condition variable, a channel, an
        /// eventfd, a pipe between threads.
        HandOff = "hand-off", "hand-off between threads";
        /// Work, in the place where a thread of its kind rests.
        Idle = "idle", "idle";
        /// A point in time.
        Timer = "timer", "timer";
        /// Data from another process.
        Socket = "socket", "data from another process";
        /// A file or a block device.
        File = "file", "file or block device";
        /// Memory: a page fault, or a call that manages memory.
        Memory = "memory", "memory";
        /// The end of a thread or a process.
        Join = "join", "end of a thread or process";
        /// Anything else, or not known.
        #[default]
        Other = "other", "other or not known";
    }
}
