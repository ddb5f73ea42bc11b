//! Names of system calls and errors.

use nix::errno::Errno;
use profiler_common::numbers::IO_URING_WORKER;
use syscalls::Sysno;

/// Returns the name of a system call, or of work that the programs count as one; `syscall_N` for a
/// number without a name.
pub fn syscall(nr: u32) -> String {
    if nr == IO_URING_WORKER {
        return "io_uring_worker".into();
    }
    Sysno::new(nr as usize).map_or_else(|| format!("syscall_{nr}"), |known| known.name().to_owned())
}

/// Returns whether a system call has this name.
pub fn is_syscall(name: &str) -> bool {
    number_of(name).is_some()
}

/// Returns the number of a system call.
pub fn number_of(name: &str) -> Option<u32> {
    let known = name.parse::<Sysno>().ok()?;
    u32::try_from(known.id()).ok()
}

/// Returns the name of an error. The kernel's restart codes (include/linux/errno.h) have no errno
/// in user mode.
pub fn errno(number: u32) -> String {
    match number {
        512 => "ERESTARTSYS".into(),
        513 => "ERESTARTNOINTR".into(),
        514 => "ERESTARTNOHAND".into(),
        516 => "ERESTART_RESTARTBLOCK".into(),
        _ => match Errno::from_raw(number.cast_signed()) {
            Errno::UnknownErrno => format!("errno {number}"),
            known => format!("{known:?}"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_known_and_unknown_numbers() {
        assert_eq!(syscall(Sysno::read as u32), "read");
        assert_eq!(number_of("read"), Some(Sysno::read as u32));
        assert_eq!(syscall(4000), "syscall_4000");
        assert!(is_syscall("epoll_wait") && !is_syscall("syscall_4000"));
        assert_eq!(syscall(IO_URING_WORKER), "io_uring_worker");
        assert_eq!(
            (
                errno(11).as_str(),
                errno(512).as_str(),
                errno(4000).as_str()
            ),
            ("EAGAIN", "ERESTARTSYS", "errno 4000")
        );
    }
}
