//! Time and results of system calls, by thread and number.

use crate::numbers::{
    CLOCK_GETTIME, EPOLL_PWAIT, EPOLL_PWAIT2, EPOLL_WAIT, FUTEX, MADVISE, NANOSLEEP, PREAD64,
    PWRITE64, READ, READV, RECVFROM, RECVMMSG, RECVMSG, SCHED_YIELD, SENDFILE, SENDMMSG, SENDMSG,
    SENDTO, SPLICE, WRITE, WRITEV,
};
use crate::slot::{Slot, slotted};

/// The time of one system call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallTime {
    /// On a CPU, ns.
    pub on_cpu_ns: u64,
    /// Asleep or blocked, ns.
    pub blocked_ns: u64,
    /// Runnable, waiting for a CPU, ns.
    pub run_queue_ns: u64,
}

slotted! {
    /// System calls of one thread under one number: a cache line.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    #[repr(C)]
    pub struct SyscallStat {
        /// Calls that returned.
        pub count: u64,
        /// Sum of the non-negative results: bytes, for calls that return a byte count.
        pub result_sum: u64,
        /// On-CPU time, ns.
        pub on_cpu_ns: u64,
        /// Time asleep or blocked, ns.
        pub blocked_ns: u64,
        /// Time runnable, ns.
        pub run_queue_ns: u64,
        /// Padding.
        pub reserved: [u64; 3],
    }
}

const _: () = assert!(size_of::<SyscallStat>() == 64);

impl Slot<'_, SyscallStat> {
    /// Adds one call that returned.
    #[inline(always)]
    pub fn add(self, took: CallTime, result: u64) {
        self.count().add(1);
        self.result_sum().add(result);
        self.on_cpu_ns().add(took.on_cpu_ns);
        self.blocked_ns().add(took.blocked_ns);
        self.run_queue_ns().add(took.run_queue_ns);
    }
}

impl SyscallStat {
    /// One call that returned.
    #[inline(always)]
    pub fn of(took: CallTime, result: u64) -> Self {
        SyscallStat {
            count: 1,
            result_sum: result,
            on_cpu_ns: took.on_cpu_ns,
            blocked_ns: took.blocked_ns,
            run_queue_ns: took.run_queue_ns,
            reserved: [0; 3],
        }
    }
}

/// The calls that servers make most. Each thread has a row of an array for these, which takes less
/// to find than an entry of a hash and shares no cache line with other threads.
pub const HOT_SYSCALLS: [u32; 12] = [
    READ,
    WRITE,
    SCHED_YIELD,
    MADVISE,
    NANOSLEEP,
    SENDTO,
    RECVFROM,
    FUTEX,
    CLOCK_GETTIME,
    EPOLL_WAIT,
    EPOLL_PWAIT,
    EPOLL_PWAIT2,
];

/// Returns the index of a call in [`HOT_SYSCALLS`].
#[inline(always)]
pub fn hot_index(nr: u32) -> Option<u32> {
    Some(match nr {
        READ => 0,
        WRITE => 1,
        SCHED_YIELD => 2,
        MADVISE => 3,
        NANOSLEEP => 4,
        SENDTO => 5,
        RECVFROM => 6,
        FUTEX => 7,
        CLOCK_GETTIME => 8,
        EPOLL_WAIT => 9,
        EPOLL_PWAIT => 10,
        EPOLL_PWAIT2 => 11,
        _ => return None,
    })
}

/// Whether a call moves data. A goroutine makes these itself. Go's scheduler waits and wakes by
/// other calls; it runs between two goroutines, on a separate goroutine (`g0`).
#[inline(always)]
pub fn moves_data(nr: u32) -> bool {
    matches!(
        nr,
        READ | WRITE
            | PREAD64
            | PWRITE64
            | READV
            | WRITEV
            | SENDFILE
            | SENDTO
            | RECVFROM
            | SENDMSG
            | RECVMSG
            | SPLICE
            | RECVMMSG
            | SENDMMSG
    )
}

/// Whether the arguments of a call may name the peer of a datagram.
#[inline(always)]
pub fn names_a_peer(nr: u32) -> bool {
    sends_to_a_peer(nr) || matches!(nr, RECVFROM | RECVMSG | RECVMMSG)
}

/// Whether a call sends datagrams to the peer that its arguments name.
#[inline(always)]
pub fn sends_to_a_peer(nr: u32) -> bool {
    matches!(nr, SENDTO | SENDMSG | SENDMMSG)
}

/// Bits of a key that hold the number of the call.
const NR_BITS: u32 = 12;

/// Returns the key of a thread's statistics of one call.
#[inline(always)]
pub fn key(serial: u32, nr: u32) -> u64 {
    ((serial as u64) << NR_BITS) | (nr as u64 & ((1 << NR_BITS) - 1))
}

/// Splits a key into the thread's serial number and the call's number.
pub fn split_key(key: u64) -> (u32, u32) {
    ((key >> NR_BITS) as u32, (key & ((1 << NR_BITS) - 1)) as u32)
}

/// Returns the key of a failure: the number of the call and of the error.
#[inline(always)]
pub fn error_key(nr: u32, errno: u32) -> u32 {
    (nr << 16) | (errno & 0xffff)
}

/// Splits a key into the number of the call and of the error.
pub fn split_error_key(key: u32) -> (u32, u32) {
    (key >> 16, key & 0xffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_each_hot_syscall_at_its_index() {
        for (index, nr) in (0..).zip(HOT_SYSCALLS) {
            assert_eq!(hot_index(nr), Some(index));
        }
        let hot = (0..512).filter(|nr| hot_index(*nr).is_some()).count();
        let present = HOT_SYSCALLS.iter().filter(|nr| **nr < 512).count();
        assert_eq!(hot, present);
    }

    #[test]
    fn reads_keys_back() {
        assert_eq!(split_key(key(u32::MAX, 462)), (u32::MAX, 462));
        assert_eq!(split_error_key(error_key(45, 11)), (45, 11));
    }

    #[test]
    fn adds_calls_up() {
        let took = CallTime {
            on_cpu_ns: 3,
            blocked_ns: 5,
            run_queue_ns: 7,
        };
        let mut stat = SyscallStat::of(took, 10);
        Slot::exclusive(&mut stat).add(took, 20);
        assert_eq!((stat.count, stat.result_sum, stat.blocked_ns), (2, 30, 10));
    }
}
