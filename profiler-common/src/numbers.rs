//! Numbers of the system calls that the programs distinguish, by the kernel's architecture.
//!
//! Sources: `arch/x86/entry/syscalls/syscall_64.tbl` for x86-64, and for the others
//! `include/uapi/asm-generic/unistd.h`, which arm64 and riscv64 share.

/// Stands for a call that the shared table lacks: no call has such a number.
const fn absent(index: u32) -> u32 {
    u32::MAX - index
}

/// Stands for the work of a thread that the kernel runs for io_uring (`PF_IO_WORKER`): a worker, or
/// the poller of a submission queue. It makes no system call. No call has the number.
pub const IO_URING_WORKER: u32 = 0xffe;

macro_rules! numbers {
    ($($name:ident $call:literal $x86:literal $shared:expr;)*) => {$(
        #[doc = concat!("Number of `", $call, "`.")]
        pub const $name: u32 = if cfg!(kernel_arch = "x86_64") { $x86 } else { $shared };
    )*};
}

numbers! {
    READ "read" 0 63;
    WRITE "write" 1 64;
    POLL "poll" 7 absent(0);
    MMAP "mmap" 9 222;
    MUNMAP "munmap" 11 215;
    BRK "brk" 12 214;
    PREAD64 "pread64" 17 67;
    PWRITE64 "pwrite64" 18 68;
    READV "readv" 19 65;
    WRITEV "writev" 20 66;
    SELECT "select" 23 absent(1);
    SCHED_YIELD "sched_yield" 24 124;
    MREMAP "mremap" 25 216;
    MADVISE "madvise" 28 233;
    NANOSLEEP "nanosleep" 35 101;
    SENDFILE "sendfile" 40 71;
    CONNECT "connect" 42 203;
    ACCEPT "accept" 43 202;
    SENDTO "sendto" 44 206;
    RECVFROM "recvfrom" 45 207;
    SENDMSG "sendmsg" 46 211;
    RECVMSG "recvmsg" 47 212;
    FLOCK "flock" 73 32;
    FSYNC "fsync" 74 82;
    FDATASYNC "fdatasync" 75 83;
    FTRUNCATE "ftruncate" 77 46;
    MLOCK "mlock" 149 228;
    MLOCKALL "mlockall" 151 230;
    FUTEX "futex" 202 98;
    GETDENTS64 "getdents64" 217 61;
    CLOCK_GETTIME "clock_gettime" 228 113;
    CLOCK_NANOSLEEP "clock_nanosleep" 230 115;
    EPOLL_WAIT "epoll_wait" 232 absent(2);
    PSELECT6 "pselect6" 270 72;
    PPOLL "ppoll" 271 73;
    SPLICE "splice" 275 76;
    SYNC_FILE_RANGE "sync_file_range" 277 84;
    EPOLL_PWAIT "epoll_pwait" 281 22;
    FALLOCATE "fallocate" 285 47;
    ACCEPT4 "accept4" 288 242;
    PREADV "preadv" 295 69;
    PWRITEV "pwritev" 296 70;
    RECVMMSG "recvmmsg" 299 243;
    SYNCFS "syncfs" 306 267;
    SENDMMSG "sendmmsg" 307 269;
    MLOCK2 "mlock2" 325 284;
    COPY_FILE_RANGE "copy_file_range" 326 285;
    PREADV2 "preadv2" 327 286;
    PWRITEV2 "pwritev2" 328 287;
    EPOLL_PWAIT2 "epoll_pwait2" 441 441;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_libc() {
        for (number, known) in [
            (READ, libc::SYS_read),
            (WRITE, libc::SYS_write),
            (MMAP, libc::SYS_mmap),
            (MUNMAP, libc::SYS_munmap),
            (BRK, libc::SYS_brk),
            (PREAD64, libc::SYS_pread64),
            (PWRITE64, libc::SYS_pwrite64),
            (READV, libc::SYS_readv),
            (WRITEV, libc::SYS_writev),
            (SCHED_YIELD, libc::SYS_sched_yield),
            (MREMAP, libc::SYS_mremap),
            (MADVISE, libc::SYS_madvise),
            (NANOSLEEP, libc::SYS_nanosleep),
            (SENDFILE, libc::SYS_sendfile),
            (SENDTO, libc::SYS_sendto),
            (RECVFROM, libc::SYS_recvfrom),
            (SENDMSG, libc::SYS_sendmsg),
            (RECVMSG, libc::SYS_recvmsg),
            (MLOCK, libc::SYS_mlock),
            (MLOCKALL, libc::SYS_mlockall),
            (FUTEX, libc::SYS_futex),
            (CLOCK_GETTIME, libc::SYS_clock_gettime),
            (CLOCK_NANOSLEEP, libc::SYS_clock_nanosleep),
            (PSELECT6, libc::SYS_pselect6),
            (PPOLL, libc::SYS_ppoll),
            (SPLICE, libc::SYS_splice),
            (ACCEPT, libc::SYS_accept),
            (ACCEPT4, libc::SYS_accept4),
            (CONNECT, libc::SYS_connect),
            (COPY_FILE_RANGE, libc::SYS_copy_file_range),
            (FALLOCATE, libc::SYS_fallocate),
            (FDATASYNC, libc::SYS_fdatasync),
            (FLOCK, libc::SYS_flock),
            (FSYNC, libc::SYS_fsync),
            (FTRUNCATE, libc::SYS_ftruncate),
            (GETDENTS64, libc::SYS_getdents64),
            (PREADV, libc::SYS_preadv),
            (PREADV2, libc::SYS_preadv2),
            (PWRITEV, libc::SYS_pwritev),
            (PWRITEV2, libc::SYS_pwritev2),
            (SYNC_FILE_RANGE, libc::SYS_sync_file_range),
            (SYNCFS, libc::SYS_syncfs),
            (EPOLL_PWAIT, libc::SYS_epoll_pwait),
            (RECVMMSG, libc::SYS_recvmmsg),
            (SENDMMSG, libc::SYS_sendmmsg),
            (MLOCK2, libc::SYS_mlock2),
            (EPOLL_PWAIT2, libc::SYS_epoll_pwait2),
        ] {
            assert_eq!(i64::from(number), known);
        }
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn agrees_with_libc_on_calls_that_newer_architectures_lack() {
        for (number, known) in [
            (POLL, libc::SYS_poll),
            (SELECT, libc::SYS_select),
            (EPOLL_WAIT, libc::SYS_epoll_wait),
        ] {
            assert_eq!(i64::from(number), known);
        }
    }
}
