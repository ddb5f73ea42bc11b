//! Units and denominators of metrics.

use super::vocabulary;

vocabulary! {
    /// The unit of a value.
    #[derive(Default)]
    Unit {
        /// Nanoseconds.
        #[default]
        Ns = "ns", "ns";
        /// Bytes.
        Bytes = "bytes", "bytes";
        /// Page faults.
        Faults = "faults", "page faults";
        /// System calls.
        Syscalls = "syscalls", "syscalls";
        /// Context switches.
        Switches = "switches", "switches";
        /// Wake-ups.
        Wakeups = "wakeups", "wake-ups";
        /// Iterations of an event loop.
        Iterations = "iterations", "iterations";
        /// Calls that ask for events.
        Polls = "polls", "polls";
        /// Bursts of activity, as of garbage collection threads.
        Bursts = "bursts", "bursts";
    }
}

vocabulary! {
    /// The denominator of a value.
    #[derive(Default)]
    Per {
        /// A content token of the load.
        Token = "token", "token";
        /// A completed request of the load.
        Request = "request", "request";
        /// A second of the window.
        Second = "second", "second";
        /// A start of the server.
        Start = "start", "start";
        /// An iteration of an event loop.
        Iteration = "iteration", "iteration";
        /// An open connection.
        Connection = "connection", "connection";
        /// Nothing: the value is a total, or a duration.
        #[default]
        Total = "", "";
    }
}
