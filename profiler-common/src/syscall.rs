//! What a thread spent in one system call.

/// System calls of one thread under one number.
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
}

const _: () = assert!(size_of::<SyscallStat>() == 40);

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
    fn keys_are_read_back() {
        assert_eq!(split_key(key(u32::MAX, 462)), (u32::MAX, 462));
        assert_eq!(split_error_key(error_key(45, 11)), (45, 11));
    }
}
