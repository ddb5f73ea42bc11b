//! Kinds of work: what a system call is for, whatever its name. One runtime receives by `read`, another by
//! `recvfrom`; held against each other they are one row.

use crate::runtime::{ALLOCATOR_SCAVENGER, COLLECTOR, JSC_HEAP_HELPER, JSC_JIT, code};
use recording::process::Syscall;

/// The cause under which time in user mode is booked that nothing tells more of; see [`code`] for the others.
pub const USER_CODE: &str = "user code";
/// The cause under which time in the kernel outside system calls is booked.
pub const FAULTS_AND_INTERRUPTS: &str = "faults and interrupts";
/// The cause under which the way back to user mode after a preemption is booked. Switching inside a system call is in the call.
pub const SWITCHING: &str = "being switched back in";

/// The cause of a system call: its name, unless what it moved gives away that it is no I/O at all.
///
/// An eventfd takes and gives 8 bytes, always; threads use it to wake an event loop.
pub fn cause(call: &Syscall) -> &str {
    let only_eights = call.count > 0 && call.bytes == Some(8 * call.count);
    match call.name.as_str() {
        "write" if only_eights => EVENTFD_WRITE,
        "read" if only_eights => EVENTFD_READ,
        name => name,
    }
}

const EVENTFD_WRITE: &str = "write (eventfd)";
const EVENTFD_READ: &str = "read (eventfd)";

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
            EVENTFD_WRITE,
            EVENTFD_READ,
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

/// The kind of work of a row. Threads that exist for one job do nothing else, whatever they call.
pub fn of_row<'a>(role: &str, cause: &'a str) -> &'a str {
    match role {
        JSC_HEAP_HELPER | COLLECTOR => COLLECTING,
        JSC_JIT => COMPILING,
        ALLOCATOR_SCAVENGER => SCAVENGING,
        _ => of(cause),
    }
}

/// Whether a kind is the job of certain threads; what they do has no common count.
pub fn is_job_of_threads(kind: &str) -> bool {
    [COLLECTING, COMPILING, SCAVENGING].contains(&kind)
}

/// The kind of what threads that collect garbage do.
pub const COLLECTING: &str = "garbage collection";
/// The kind of what threads that compile do.
pub const COMPILING: &str = "JIT compilation";
/// The kind of what threads do that give memory back.
pub const SCAVENGING: &str = "giving memory back";

/// The kind of work of a system call; causes that are no system call are their own kind, and so is each kind of waiting
/// whatever the call.
pub fn of(cause: &str) -> &str {
    if let Some((kind @ ("idle" | "blocked" | "runnable"), _)) = cause.split_once(": ") {
        return kind;
    }
    let known = KINDS.iter().find(|(_, calls)| calls.contains(&cause));
    match known {
        // What user code does is not known of every arm: told apart in one and not in the other, there is no comparing.
        None if is_user_code(cause) && !is_job_of_threads(cause) => USER_CODE,
        Some((kind, _)) => kind,
        None if is_call(cause) => "other system calls",
        None => cause,
    }
}

/// Whether a cause is time in user mode.
pub fn is_user_code(cause: &str) -> bool {
    code::EVERY.contains(&cause)
}

/// Classes of memory region that are one word, as names of system calls are.
const REGIONS: [&str; 2] = ["libraries", "other"];

/// Whether a cause is a system call.
pub fn is_call(cause: &str) -> bool {
    let is_eventfd = [EVENTFD_READ, EVENTFD_WRITE].contains(&cause);
    is_eventfd || !(cause.contains(' ') || REGIONS.contains(&cause))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_for_the_same_work_share_a_kind() {
        assert_eq!(of("read"), of("recvfrom"));
        assert_eq!(of("epoll_pwait"), "waiting for events");
        assert_eq!(of("getpid"), "other system calls");
        assert_eq!(of("libraries"), "libraries");
        assert_eq!(of(USER_CODE), USER_CODE);
        assert_eq!(of(code::PARSING), USER_CODE);
        assert_eq!(of(code::COLLECTING), COLLECTING);
        assert_eq!(of_row("main loop", "read"), "receiving");
        assert_eq!(of_row(JSC_JIT, USER_CODE), COMPILING);
    }

    #[test]
    fn an_eventfd_is_told_by_its_eight_bytes() {
        let call = |name: &str, count, bytes| Syscall {
            name: name.into(),
            count,
            bytes,
            ..Syscall::default()
        };
        assert_eq!(cause(&call("write", 3, Some(24))), EVENTFD_WRITE);
        assert_eq!(of(EVENTFD_READ), of("futex"));
        assert_eq!(cause(&call("write", 3, Some(25))), "write");
        assert_eq!(cause(&call("read", 0, Some(0))), "read");
        assert_eq!(cause(&call("sendto", 3, Some(24))), "sendto");
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
