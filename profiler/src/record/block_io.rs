//! Requests to block devices, from the programs' maps.

use super::drain;
use anyhow::Result;
use aya::Ebpf;
use profiler_common::block_io::{
    DISCARD, FLUSH, OF_KERNEL, OF_TARGET, OPERATIONS, READ, ROWS, SUBMITTERS, WRITE,
};
use profiler_common::{BlockKey, BlockSum};
use recording::Histogram;
use recording::block_io::BlockIo;
use recording::vocabulary::{BlockOperation, Submitter};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Makes the rows of devices that have none of their own, so that their requests are never lost,
/// and frees the others.
///
/// # Errors
/// A map cannot be written.
pub fn make_room(bpf: &mut Ebpf) -> Result<()> {
    let others = OPERATIONS.into_iter().flat_map(|operation| {
        let key = move |submitter| BlockKey {
            operation,
            submitter,
            ..BlockKey::default()
        };
        SUBMITTERS.map(key)
    });
    drain::fill(bpf, "BLOCK_ROWS", others.zip(1u32..))?;
    let first = 1 + (OPERATIONS.len() * SUBMITTERS.len()) as u32;
    drain::free(bpf, "FREE_BLOCK_ROWS", first..ROWS)
}

/// Sums of a device, an operation and a submitter.
#[derive(Clone, Debug, Default)]
pub struct Sums {
    requests: u64,
    errors: u64,
    bytes: u64,
    queue_ns: u64,
    service_ns: u64,
    queue: Histogram,
    service: Histogram,
}

/// Sums by key.
pub type BlockSums = BTreeMap<BlockKey, Sums>;

/// Reads the requests that have ended.
///
/// # Errors
/// A map cannot be read.
pub fn read(bpf: &Ebpf) -> Result<BlockSums> {
    let rows: BTreeMap<u32, BlockKey> = drain::entries::<BlockKey, u32>(bpf, "BLOCK_ROWS")?
        .map(|(key, row)| (row, key))
        .collect();
    let sums: Vec<BlockSum> = drain::values(bpf, "BLOCK_SUMS")?;
    let rows = rows.into_iter().filter_map(|(row, key)| {
        let sum = sums.get(row as usize).filter(|sum| sum.requests > 0)?;
        Some((key, Sums::of(sum)))
    });
    Ok(rows.collect())
}

/// Returns the requests since `before`, an earlier state of the same sums.
pub fn since(now: BlockSums, before: &BlockSums) -> BlockSums {
    let grown = |(key, now): (BlockKey, Sums)| match before.get(&key) {
        Some(before) => (key, now.since(before)),
        None => (key, now),
    };
    now.into_iter().map(grown).collect()
}

/// Lists the requests with the names of their devices, most bytes first.
pub fn listed(sums: BlockSums) -> Vec<BlockIo> {
    let rows = sums.into_iter().filter(|(_, sums)| sums.requests > 0);
    let mut rows: Vec<BlockIo> = rows.map(|(key, sums)| sums.named(key)).collect();
    rows.sort_by_key(|row| (row.submitter, Reverse((row.bytes, row.requests))));
    rows
}

impl Sums {
    fn of(sum: &BlockSum) -> Self {
        Sums {
            requests: sum.requests,
            errors: sum.errors,
            bytes: sum.bytes,
            queue_ns: sum.queue_ns,
            service_ns: sum.service_ns,
            queue: Histogram::from_counts(&sum.queue),
            service: Histogram::from_counts(&sum.service),
        }
    }

    fn since(&self, before: &Sums) -> Self {
        Sums {
            requests: self.requests.saturating_sub(before.requests),
            errors: self.errors.saturating_sub(before.errors),
            bytes: self.bytes.saturating_sub(before.bytes),
            queue_ns: self.queue_ns.saturating_sub(before.queue_ns),
            service_ns: self.service_ns.saturating_sub(before.service_ns),
            queue: self.queue.since(&before.queue),
            service: self.service.since(&before.service),
        }
    }

    fn named(self, key: BlockKey) -> BlockIo {
        BlockIo {
            device: key.numbers().map(name),
            operation: operation(key.operation),
            submitter: submitter(key.submitter),
            requests: self.requests,
            errors: self.errors,
            bytes: self.bytes,
            queue_ns: self.queue_ns,
            service_ns: self.service_ns,
            queue: self.queue,
            service: self.service,
        }
    }
}

/// Returns the name of a device, as `/sys/block` has it, or its numbers.
fn name((major, minor): (u32, u32)) -> String {
    let numbers = format!("{major}:{minor}");
    let link = std::fs::read_link(format!("/sys/dev/block/{numbers}"));
    let name = link.ok().and_then(|path| {
        let name = path.file_name()?.to_string_lossy().into_owned();
        // Slashes in the name of a device are written so.
        Some(name.replace('!', "/"))
    });
    name.unwrap_or(numbers)
}

fn operation(number: u8) -> BlockOperation {
    match number {
        READ => BlockOperation::Read,
        WRITE => BlockOperation::Write,
        FLUSH => BlockOperation::Flush,
        DISCARD => BlockOperation::Discard,
        _ => BlockOperation::Other,
    }
}

fn submitter(number: u8) -> Submitter {
    match number {
        OF_TARGET => Submitter::Target,
        OF_KERNEL => Submitter::Kernel,
        _ => Submitter::Others,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use profiler_common::block_io::OF_OTHERS;

    fn sums(requests: u64, bytes: u64) -> Sums {
        Sums {
            requests,
            bytes,
            ..Sums::default()
        }
    }

    #[test]
    fn lists_requests_of_the_target_first() {
        // No device has this number.
        let key = |operation, submitter| BlockKey::new(4_000, 7, operation, submitter);
        let rows = listed(BlockSums::from([
            (key(READ, OF_OTHERS), sums(1, 1 << 30)),
            (key(WRITE, OF_TARGET), sums(9, 4_096)),
            (key(READ, OF_TARGET), sums(1, 8_192)),
            (key(FLUSH, OF_KERNEL).other_devices(), sums(3, 0)),
            (key(DISCARD, OF_KERNEL), sums(0, 0)),
        ]));
        let found = rows.iter().map(|row| {
            let device = row.device.as_deref();
            (device, row.operation.name(), row.submitter.name())
        });
        let gone = Some("4000:7");
        let expected = [
            (gone, "read", "target"),
            (gone, "write", "target"),
            (None, "flush", "kernel"),
            (gone, "read", "others"),
        ];
        assert_eq!(found.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn subtracts_earlier_requests() {
        let key = BlockKey::new(1, 1, READ, OF_TARGET);
        let now = BlockSums::from([(key, sums(5, 500))]);
        let before = BlockSums::from([(key, sums(2, 100))]);
        let grown = listed(since(now.clone(), &before));
        assert_eq!((grown[0].requests, grown[0].bytes), (3, 400));
        assert!(listed(since(now.clone(), &now)).is_empty());
    }
}
