//! Classes of system calls: the purpose of a call, independent of its name.
//!
//! One runtime receives by `read`, another by `recvfrom`; a comparison treats both as receiving.
//! This is the only table of system calls on the reading side.

use super::vocabulary;

vocabulary! {
    /// The purpose of a system call.
    SyscallClass {
        /// Waits for events, or registers for them.
        EventPolling = "event-polling", "event polling (epoll, poll)";
        /// Receives from a socket, pipe or file.
        Receive = "receive", "receiving (read, recv)";
        /// Sends to a socket, pipe or file.
        Send = "send", "sending (write, send)";
        /// Passes work between threads, or waits for it.
        ThreadSync = "thread-sync", "thread synchronization (futex, eventfd)";
        /// Sleeps for a time, or sets a timer.
        Timers = "timers", "timers (nanosleep, timerfd)";
        /// Reads a clock.
        Clock = "clock", "clock reads";
        /// Maps, unmaps, protects and advises on memory.
        Memory = "memory", "memory management (mmap, madvise)";
        /// Opens, configures and closes connections.
        Connection = "connection", "connection setup and close";
        /// Opens, reads and inspects files.
        File = "file", "file access";
        /// Sends, blocks and handles signals.
        Signals = "signals", "signals";
        /// Starts, ends and configures threads and processes.
        Lifecycle = "lifecycle", "thread and process lifecycle";
        /// Any other system call.
        Other = "other", "other syscalls";
    }
}

/// The meaning of the result of a successful call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyscallResult {
    /// Bytes that it moved.
    Bytes,
    /// Events that it reports.
    Events,
    /// Something else.
    Other,
}

/// Each known call: its class and the meaning of its result.
const TABLE: [(SyscallClass, SyscallResult, &[&str]); 18] = {
    use SyscallClass::*;
    use SyscallResult::{Bytes, Events};
    const NONE: SyscallResult = SyscallResult::Other;
    [
        (
            EventPolling,
            Events,
            &[
                "epoll_wait",
                "epoll_pwait",
                "epoll_pwait2",
                "poll",
                "ppoll",
                "select",
                "pselect6",
            ],
        ),
        (
            EventPolling,
            NONE,
            &["epoll_ctl", "epoll_create1", "io_uring_enter", "eventfd2"],
        ),
        (Receive, Bytes, &["read", "readv", "recvfrom", "recvmsg"]),
        (Receive, NONE, &["recvmmsg", "ioctl"]),
        (
            Send,
            Bytes,
            &["write", "writev", "sendto", "sendmsg", "sendfile", "splice"],
        ),
        (Send, NONE, &["sendmmsg"]),
        (
            ThreadSync,
            NONE,
            &[
                "futex",
                "futex_wait",
                "futex_wake",
                "futex_waitv",
                "sched_yield",
            ],
        ),
        (
            Timers,
            NONE,
            &[
                "nanosleep",
                "clock_nanosleep",
                "timerfd_settime",
                "timerfd_create",
                "setitimer",
            ],
        ),
        (
            Clock,
            NONE,
            &["clock_gettime", "gettimeofday", "time", "clock_getres"],
        ),
        (
            Memory,
            NONE,
            &[
                "mmap",
                "munmap",
                "madvise",
                "mprotect",
                "brk",
                "mremap",
                "mincore",
                "membarrier",
            ],
        ),
        (
            Connection,
            NONE,
            &[
                "socket", "connect", "accept", "accept4", "bind", "listen", "shutdown", "close",
            ],
        ),
        (
            Connection,
            NONE,
            &[
                "getsockopt",
                "setsockopt",
                "getsockname",
                "getpeername",
                "fcntl",
            ],
        ),
        (File, Bytes, &["pread64", "pwrite64"]),
        // They belong to no other class, but return bytes.
        (Other, Bytes, &["preadv", "pwritev", "preadv2", "pwritev2"]),
        (
            File,
            NONE,
            &[
                "open",
                "openat",
                "openat2",
                "stat",
                "fstat",
                "lstat",
                "newfstatat",
                "statx",
                "lseek",
                "fsync",
                "fdatasync",
                "getdents64",
                "readlink",
                "access",
                "faccessat2",
            ],
        ),
        (
            Signals,
            NONE,
            &[
                "rt_sigaction",
                "rt_sigprocmask",
                "rt_sigreturn",
                "sigaltstack",
                "tgkill",
                "kill",
                "timer_settime",
            ],
        ),
        (
            Lifecycle,
            NONE,
            &["clone", "clone3", "exit", "exit_group", "wait4", "execve"],
        ),
        (Lifecycle, NONE, &["set_robust_list", "rseq", "prctl"]),
    ]
};

impl SyscallClass {
    /// Returns the class of a call by its name; [`SyscallClass::Other`] for one that the table does
    /// not list.
    pub fn of(syscall: &str) -> Self {
        entry(syscall).map_or(SyscallClass::Other, |(class, _, _)| *class)
    }
}

/// Returns the meaning of the result of a successful call of this name.
pub fn result_of(syscall: &str) -> SyscallResult {
    entry(syscall).map_or(SyscallResult::Other, |(_, result, _)| *result)
}

/// Returns whether the call waits for events of several files at once, as event loops do.
pub fn is_event_wait(syscall: &str) -> bool {
    syscall == "io_uring_enter" || result_of(syscall) == SyscallResult::Events
}

fn entry(syscall: &str) -> Option<&'static (SyscallClass, SyscallResult, &'static [&'static str])> {
    TABLE.iter().find(|(_, _, names)| names.contains(&syscall))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_calls_of_one_purpose() {
        assert_eq!(SyscallClass::of("read"), SyscallClass::of("recvfrom"));
        assert_eq!(SyscallClass::of("epoll_pwait"), SyscallClass::EventPolling);
        assert_eq!(SyscallClass::of("getpid"), SyscallClass::Other);
    }

    #[test]
    fn lists_each_call_once() {
        let mut names: Vec<_> = TABLE.iter().flat_map(|(_, _, names)| *names).collect();
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn knows_the_results_of_calls() {
        assert_eq!(result_of("pwritev2"), SyscallResult::Bytes);
        assert_eq!(result_of("ppoll"), SyscallResult::Events);
        assert_eq!(result_of("futex"), SyscallResult::Other);
        assert!(is_event_wait("io_uring_enter") && !is_event_wait("epoll_ctl"));
    }
}
