//! What a thread spent in one system call.

/// What one system call took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallTime {
    /// On a CPU.
    pub on_cpu_ns: u64,
    /// Asleep or blocked.
    pub blocked_ns: u64,
    /// Runnable, waiting for a CPU.
    pub run_queue_ns: u64,
}

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

const _: () = assert!(size_of::<SyscallStat>() == 64);

impl SyscallStat {
    /// Adds one call that returned.
    #[inline(always)]
    pub fn add(&mut self, took: CallTime, result: u64) {
        self.count += 1;
        self.result_sum = self.result_sum.wrapping_add(result);
        self.on_cpu_ns += took.on_cpu_ns;
        self.blocked_ns += took.blocked_ns;
        self.run_queue_ns += took.run_queue_ns;
    }
}

/// The calls that servers make most (x86-64 numbers). Each thread has a place of its own for these, which is cheaper to
/// find than an entry of a hash and shares no cache line with other threads'. Elsewhere the numbers mean other calls,
/// which does no harm.
pub const NEAR_CALLS: [u32; 12] = [
    0,   // read
    1,   // write
    24,  // sched_yield
    28,  // madvise
    35,  // nanosleep
    44,  // sendto
    45,  // recvfrom
    202, // futex
    228, // clock_gettime
    232, // epoll_wait
    281, // epoll_pwait
    441, // epoll_pwait2
];

/// A call's place in [`NEAR_CALLS`].
#[inline(always)]
pub fn near(nr: u32) -> Option<u32> {
    Some(match nr {
        0 => 0,
        1 => 1,
        24 => 2,
        28 => 3,
        35 => 4,
        44 => 5,
        45 => 6,
        202 => 7,
        228 => 8,
        232 => 9,
        281 => 10,
        441 => 11,
        _ => return None,
    })
}

/// Whether a call moves data (x86-64 numbers). A goroutine makes these itself; Go's scheduler, which runs between two
/// goroutines and looks like a third, waits and wakes by others.
#[inline(always)]
pub fn moves_data(nr: u32) -> bool {
    matches!(
        nr,
        0 | 1 // read, write
        | 17..=20 // pread64, pwrite64, readv, writev
        | 40 // sendfile
        | 44..=47 // sendto, recvfrom, sendmsg, recvmsg
        | 275 // splice
        | 299 | 307 // recvmmsg, sendmmsg
    )
}

/// Bits of a key that hold the number of the call.
const NR_BITS: u32 = 12;

/// Key of a thread's statistics of one call.
#[inline(always)]
pub fn key(serial: u32, nr: u32) -> u64 {
    ((serial as u64) << NR_BITS) | (nr as u64 & ((1 << NR_BITS) - 1))
}

/// The thread's serial number and the call's number in a key.
pub fn split_key(key: u64) -> (u32, u32) {
    ((key >> NR_BITS) as u32, (key & ((1 << NR_BITS) - 1)) as u32)
}

/// Key of a failure: the number of the call and of the error.
#[inline(always)]
pub fn error_key(nr: u32, errno: u32) -> u32 {
    (nr << 16) | (errno & 0xffff)
}

/// The number of the call and of the error in a key.
pub fn split_error_key(key: u32) -> (u32, u32) {
    (key >> 16, key & 0xffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_near_call_has_its_place() {
        let near_ones = (0..512).filter_map(|nr| Some((near(nr)?, nr)));
        let mut places = [u32::MAX; NEAR_CALLS.len()];
        near_ones.for_each(|(place, nr)| places[place as usize] = nr);
        assert_eq!(places, NEAR_CALLS);
    }

    #[test]
    fn keys_are_read_back() {
        assert_eq!(split_key(key(u32::MAX, 462)), (u32::MAX, 462));
        assert_eq!(split_error_key(error_key(45, 11)), (45, 11));
    }
}
