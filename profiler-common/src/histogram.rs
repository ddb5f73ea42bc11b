//! The bucket scheme of every histogram: log-linear, as HdrHistogram with four bits of precision.
//!
//! Each power of two is split into [`SUB_BUCKETS`] equal parts, and values below that are exact. So
//! a bucket is at most 1/16 of its value wide.

/// Bits of precision inside a power of two.
pub const SUB_BITS: u32 = 4;
/// Buckets per power of two.
pub const SUB_BUCKETS: u64 = 1 << SUB_BITS;
/// Number of buckets that cover every `u64`.
pub const BUCKETS: usize = ((64 - SUB_BITS as usize) + 1) * SUB_BUCKETS as usize;

/// The distributions that the programs fill. The number is the row in their table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Kind {
    /// Runnable to running, ns, throttled time excluded.
    RunQueue = 0,
    /// Asleep, from switch-out to wake-up, ns.
    OffCpu = 1,
    /// `sched_waking` to running, ns.
    WakeupToRun = 2,
    /// Data readable to data received, ns.
    ArrivalToRecv = 3,
    /// Data received to data relayed, ns.
    RecvToSend = 4,
    /// Size of one send, bytes.
    SendSize = 5,
    /// Size of one receive, bytes.
    RecvSize = 6,
    /// First wake-up of gc threads to the last switch-out of one of them, ns.
    GcBurst = 7,
    /// Handshake of a connection that the target opens, ns.
    Connect = 8,
    /// A query to a name server until its answer was received, ns.
    Dns = 9,
    /// A request to an upstream until the first byte of its answer arrives, ns.
    Upstream = 10,
}

/// Number of distributions.
pub const KINDS: usize = 11;

/// Returns the bucket of a value.
#[inline(always)]
pub fn bucket_of(value: u64) -> usize {
    if value < SUB_BUCKETS {
        return value as usize;
    }
    let shift = 63 - value.leading_zeros() - SUB_BITS;
    (((shift as u64) << SUB_BITS) + (value >> shift)) as usize
}

/// Returns the lowest value of a bucket.
pub fn lower_bound(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < SUB_BUCKETS {
        return bucket;
    }
    let shift = (bucket >> SUB_BITS) - 1;
    (SUB_BUCKETS + (bucket & (SUB_BUCKETS - 1))) << shift
}

/// Returns the highest value of a bucket.
pub fn upper_bound(bucket: usize) -> u64 {
    if bucket + 1 >= BUCKETS {
        u64::MAX
    } else {
        lower_bound(bucket + 1) - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_every_value_inside_its_bucket() {
        for shift in 0..64u32 {
            for near in [0u64, 1, 3] {
                let value = (1u64 << shift).saturating_add(near << shift.saturating_sub(3));
                let bucket = bucket_of(value);
                assert!(
                    lower_bound(bucket) <= value && value <= upper_bound(bucket),
                    "{value}"
                );
            }
        }
        assert_eq!(bucket_of(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn joins_buckets_without_a_gap() {
        for bucket in 0..BUCKETS - 1 {
            assert_eq!(upper_bound(bucket) + 1, lower_bound(bucket + 1));
            assert_eq!(bucket_of(lower_bound(bucket)), bucket);
        }
    }
}
