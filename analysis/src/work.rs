//! Kinds of work: what a system call is for, whatever its name. One runtime receives by `read`, another by
//! `recvfrom`; held against each other they are one row.

/// The cause under which time in user mode is booked.
pub const USER_CODE: &str = "user code";
/// The cause under which time in the kernel outside system calls is booked.
pub const FAULTS_AND_INTERRUPTS: &str = "faults and interrupts";

const KINDS: [(&str, &[&str]); 11] = [
    (
        "waiting for events",
        &[
            "epoll_wait",
            "epoll_pwait",
            "epoll_pwait2",
            "epoll_ctl",
            "epoll_create1",
            "poll",
            "ppoll",
            "select",
            "pselect6",
            "io_uring_enter",
            "eventfd2",
        ],
    ),
    (
        "receiving",
        &["read", "readv", "recvfrom", "recvmsg", "recvmmsg", "ioctl"],
    ),
    (
        "sending",
        &[
            "write", "writev", "sendto", "sendmsg", "sendmmsg", "sendfile", "splice",
        ],
    ),
    (
        "handing work between threads",
        &[
            "futex",
            "futex_wait",
            "futex_wake",
            "futex_waitv",
            "sched_yield",
        ],
    ),
    (
        "sleeping",
        &[
            "nanosleep",
            "clock_nanosleep",
            "timerfd_settime",
            "timerfd_create",
            "setitimer",
        ],
    ),
    (
        "reading the clock",
        &["clock_gettime", "gettimeofday", "time", "clock_getres"],
    ),
    (
        "managing memory",
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
        "opening and closing connections",
        &[
            "socket",
            "connect",
            "accept",
            "accept4",
            "bind",
            "listen",
            "shutdown",
            "close",
            "getsockopt",
            "setsockopt",
            "getsockname",
            "getpeername",
            "fcntl",
        ],
    ),
    (
        "using files",
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
            "pread64",
            "pwrite64",
            "fsync",
            "fdatasync",
            "getdents64",
            "readlink",
            "access",
            "faccessat2",
        ],
    ),
    (
        "handling signals",
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
        "starting and ending threads",
        &[
            "clone",
            "clone3",
            "exit",
            "exit_group",
            "wait4",
            "execve",
            "set_robust_list",
            "rseq",
            "prctl",
        ],
    ),
];

/// The kind of work of a system call; causes that are no system call are their own kind.
pub fn of(cause: &str) -> &str {
    let known = KINDS.iter().find(|(_, calls)| calls.contains(&cause));
    match known {
        Some((kind, _)) => kind,
        // Names of system calls hold no space, all other causes do.
        None if cause.contains(' ') => cause,
        None => "other system calls",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_for_the_same_work_share_a_kind() {
        assert_eq!(of("read"), of("recvfrom"));
        assert_eq!(of("epoll_pwait"), "waiting for events");
        assert_eq!(of("getpid"), "other system calls");
        assert_eq!(of(USER_CODE), USER_CODE);
    }

    #[test]
    fn no_call_has_two_kinds() {
        let mut all: Vec<_> = KINDS.iter().flat_map(|(_, calls)| *calls).collect();
        let count = all.len();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), count);
    }
}
