//! Requests to block devices, by device, operation and submitter.

use crate::histogram::{BUCKETS, bucket_of};
use crate::slot::{Field, Slot, opaque, slotted};

/// Rows of devices, operations and submitters. Row 0 stands for none.
pub const ROWS: u32 = 128;
/// Requests under way at one time.
pub const MAX_REQUESTS: u32 = 16_384;

/// Data is read (`REQ_OP_READ`).
pub const READ: u8 = 0;
/// Data is written, zeros that the device makes included.
pub const WRITE: u8 = 1;
/// The cache of the device is flushed.
pub const FLUSH: u8 = 2;
/// The device forgets data (`TRIM`).
pub const DISCARD: u8 = 3;
/// A command of a driver, such as SCSI's.
pub const OTHER: u8 = 4;
/// All operations.
pub const OPERATIONS: [u8; 5] = [READ, WRITE, FLUSH, DISCARD, OTHER];

/// A thread of the target submitted the request.
pub const OF_TARGET: u8 = 0;
/// A thread of the kernel did: write-back, a journal, a flush.
pub const OF_KERNEL: u8 = 1;
/// A thread of another process did.
pub const OF_OTHERS: u8 = 2;
/// All submitters.
pub const SUBMITTERS: [u8; 3] = [OF_TARGET, OF_KERNEL, OF_OTHERS];

/// Bits of a minor number in the kernel's device numbers.
const MINOR_BITS: u32 = 20;
/// Bits of `request.cmd_flags` that hold the operation (`REQ_OP_MASK`).
const OPERATION_MASK: u32 = 0xff;
const REQ_OP_FLUSH: u32 = 2;
const REQ_OP_DISCARD: u32 = 3;
/// The first command of a driver: `REQ_OP_SCSI_IN` once, `REQ_OP_DRV_IN` (34) since Linux 5.15.
const FIRST_DRIVER_OP: u32 = 32;

/// Returns the operation of a request with these `cmd_flags`, as the kernel's own statistics class
/// it (`op_stat_group`).
#[inline(always)]
pub fn operation(cmd_flags: u32) -> u8 {
    match cmd_flags & OPERATION_MASK {
        REQ_OP_FLUSH => FLUSH,
        REQ_OP_DISCARD => DISCARD,
        op if op >= FIRST_DRIVER_OP => OTHER,
        // Operations that write have odd numbers.
        op => (op & 1) as u8,
    }
}

/// A device, what is done to it, and by whom.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[repr(C)]
pub struct BlockKey {
    /// Number of the whole device, as the kernel packs it; 0 for all devices without a row.
    pub device: u32,
    /// One of [`OPERATIONS`].
    pub operation: u8,
    /// One of [`SUBMITTERS`].
    pub submitter: u8,
    /// Zero.
    pub reserved: u16,
}

const _: () = assert!(size_of::<BlockKey>() == 8);

impl BlockKey {
    /// Returns the key of a device with these numbers.
    #[inline(always)]
    pub fn new(major: u32, minor: u32, operation: u8, submitter: u8) -> Self {
        BlockKey {
            device: major << MINOR_BITS | minor,
            operation,
            submitter,
            reserved: 0,
        }
    }

    /// Returns the key of the devices that have no row.
    #[inline(always)]
    pub fn other_devices(self) -> Self {
        BlockKey { device: 0, ..self }
    }

    /// Returns the major and the minor number; `None` for devices without a row.
    pub fn numbers(self) -> Option<(u32, u32)> {
        let minor = self.device & ((1 << MINOR_BITS) - 1);
        (self.device != 0).then_some((self.device >> MINOR_BITS, minor))
    }
}

slotted! {
    /// A request under way.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    #[repr(C)]
    pub struct BlockRequest {
        /// When it came to the scheduler of its device, ns.
        pub inserted_ns: u64,
        /// When the device got it, ns; 0 before.
        pub issued_ns: u64,
        /// Its row.
        pub row: u32,
        /// Bytes that it moved when the device got it: until then the kernel may merge others into
        /// it.
        pub bytes: u32,
    }
}

const _: () = assert!(size_of::<BlockRequest>() == 24);

slotted! {
    /// Finished requests of one row.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    #[repr(C)]
    pub struct BlockSum {
        /// Requests.
        pub requests: u64,
        /// Share of `requests` that failed.
        pub errors: u64,
        /// Bytes.
        pub bytes: u64,
        /// Time in the queue, from insert to issue, ns.
        pub queue_ns: u64,
        /// Time at the device, from issue to completion, ns.
        pub service_ns: u64,
        /// Distribution of the time in the queue.
        pub queue: [u64; BUCKETS],
        /// Distribution of the time at the device.
        pub service: [u64; BUCKETS],
    }
}

const _: () = assert!(size_of::<BlockSum>() == 40 + 2 * 8 * BUCKETS);

impl Default for BlockSum {
    fn default() -> Self {
        BlockSum {
            requests: 0,
            errors: 0,
            bytes: 0,
            queue_ns: 0,
            service_ns: 0,
            queue: [0; BUCKETS],
            service: [0; BUCKETS],
        }
    }
}

impl Slot<'_, BlockSum> {
    /// Adds a request that ends at `now`. Several CPUs may add at once.
    #[inline(always)]
    pub fn finish(self, request: Slot<'_, BlockRequest>, failed: bool, now: u64) {
        let issued_ns = request.issued_ns().get();
        let queue_ns = issued_ns.saturating_sub(request.inserted_ns().get());
        let service_ns = now.saturating_sub(issued_ns);
        self.requests().add_shared(1);
        if failed {
            self.errors().add_shared(1);
        }
        self.bytes().add_shared(request.bytes().get().into());
        self.queue_ns().add_shared(queue_ns);
        self.service_ns().add_shared(service_ns);
        observe(self.queue(), queue_ns);
        observe(self.service(), service_ns);
    }
}

#[inline(always)]
fn observe(counts: Field<'_, [u64; BUCKETS]>, value: u64) {
    if let Some(count) = counts.at(opaque(bucket_of(value))) {
        count.add_shared(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_operations_as_the_kernel_does() {
        const REQ_SYNC: u32 = 1 << 11;
        let zeros = 9;
        for (flags, expected) in [
            (REQ_SYNC, READ),
            (1 | REQ_SYNC, WRITE),
            (2, FLUSH),
            (3, DISCARD),
            (zeros, WRITE),
            (34, OTHER),
            (35, OTHER),
        ] {
            assert_eq!(operation(flags), expected, "{flags}");
        }
    }

    #[test]
    fn keeps_the_numbers_of_a_device() {
        let key = BlockKey::new(259, 17, WRITE, OF_TARGET);
        assert_eq!(key.numbers(), Some((259, 17)));
        assert_eq!(key.other_devices().numbers(), None);
    }

    #[test]
    fn splits_a_request_into_queue_and_service() {
        let mut sum = BlockSum::default();
        let mut request = BlockRequest {
            inserted_ns: 100,
            issued_ns: 103,
            row: 1,
            bytes: 4096,
        };
        let request = Slot::exclusive(&mut request);
        Slot::exclusive(&mut sum).finish(request, false, 110);
        Slot::exclusive(&mut sum).finish(request, true, 111);
        assert_eq!((sum.requests, sum.errors, sum.bytes), (2, 1, 8192));
        assert_eq!((sum.queue_ns, sum.service_ns), (6, 15));
        assert_eq!((sum.queue[3], sum.service[7], sum.service[8]), (2, 1, 1));
    }
}
