//! Names of system calls and errors.

use nix::errno::Errno;
use syscalls::Sysno;

/// Name of a system call; `syscall_N` for a number without one.
pub fn syscall(nr: u32) -> String {
    Sysno::new(nr as usize).map_or_else(|| format!("syscall_{nr}"), |known| known.name().to_owned())
}

/// Name of an error; the kernel's own restart codes are known to nobody else.
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

/// Whether a call's result is a number of bytes moved.
pub fn moves_bytes(name: &str) -> bool {
    const NAMES: [&str; 16] = [
        "read", "write", "readv", "writev", "pread64", "pwrite64", "preadv", "pwritev", "preadv2",
        "pwritev2", "sendto", "recvfrom", "sendmsg", "recvmsg", "sendfile", "splice",
    ];
    NAMES.contains(&name)
}

/// Whether a call's result is a number of events.
pub fn brings_events(name: &str) -> bool {
    const NAMES: [&str; 7] = [
        "epoll_wait",
        "epoll_pwait",
        "epoll_pwait2",
        "poll",
        "ppoll",
        "select",
        "pselect6",
    ];
    NAMES.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_and_unknown_numbers() {
        assert_eq!(syscall(Sysno::read as u32), "read");
        assert_eq!(syscall(4000), "syscall_4000");
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
