//! Requests to block devices.

use super::rates::{Rates, Value};
use crate::arms::{Arm, Arms};
use crate::clean::clean;
use crate::document::{Block, Table};
use recording::Recording;
use recording::block_io::BlockIo;
use recording::format::{self, Scale};
use recording::vocabulary::{BlockOperation, Per, Submitter, Unit};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// Rows shown; the others have the fewest requests of a submitter.
const MOST: usize = 12;
const TITLE: &str =
    "Block I/O: the queue lasts from insert to issue, service from issue to completion";

/// Submitter, device and operation.
type Key = (Submitter, String, BlockOperation);

/// Sums over the rounds of an arm.
#[derive(Clone, Copy, Default)]
struct Sums {
    requests: f64,
    bytes: f64,
    queue_ns: f64,
    service_ns: f64,
}

/// Returns requests by device, operation and submitter; folded away where the target submitted
/// none, and nothing where there were none.
pub fn table(arms: &Arms) -> Option<Block> {
    let each = arms.each(sums);
    let keys: BTreeSet<&Key> = each.iter().flat_map(BTreeMap::keys).collect();
    let mut keys: Vec<&Key> = keys.into_iter().collect();
    let count = |key: &Key| -> u64 {
        let counts = each.iter().filter_map(|sums| sums.get(key));
        counts.map(|sums| sums.requests as u64).sum()
    };
    keys.sort_by_key(|key| (key.0, Reverse(count(key))));
    let is_own = keys.first()?.0 == Submitter::Target;
    keys.truncate(MOST);
    let table = filled(arms, &keys, &Rates::new(arms, &each));
    Some(match is_own {
        true => table,
        false => Block::Fold {
            title: "Block I/O of the kernel and of other processes".into(),
            blocks: vec![table],
        },
    })
}

fn filled(arms: &Arms, keys: &[&Key], rates: &Rates<'_, Key, Sums>) -> Block {
    let columns: [Value<Sums>; 4] = [
        |sums, seconds| sums.requests / seconds,
        |sums, seconds| sums.bytes / seconds,
        |sums, _| sums.queue_ns / sums.requests.max(1.0),
        |sums, _| sums.service_ns / sums.requests.max(1.0),
    ];
    let all = |value| rates.all(keys.iter().copied(), value);
    let scales = [
        Scale::plain(all(columns[0])),
        Scale::of(Unit::Bytes, all(columns[1])),
        Scale::of(Unit::Ns, all(columns[2])),
        Scale::of(Unit::Ns, all(columns[3])),
    ];
    let mut table = Table::new(TITLE)
        .words("Device")
        .words("Operation")
        .words("Submitted by")
        .numbers("requests/s", arms.names())
        .numbers(scales[1].per("s"), arms.names())
        .numbers(format!("queue, {}", scales[2].per("request")), arms.names())
        .numbers(
            format!("service, {}", scales[3].per("request")),
            arms.names(),
        );
    for key in keys {
        let (submitter, device, operation) = key;
        let words = [operation.label().to_owned(), submitter.label().to_owned()];
        let values = rates.cells(key, &scales, columns);
        table.named(device.as_str(), words.into_iter().chain(values));
    }
    table.block()
}

fn sums(arm: &Arm) -> BTreeMap<Key, Sums> {
    let mut sums: BTreeMap<Key, Sums> = BTreeMap::new();
    for row in arm.rounds.iter().flat_map(|round| &round.block_io) {
        let key = (row.submitter, name(row), row.operation);
        let sum = sums.entry(key).or_default();
        sum.requests += row.requests as f64;
        sum.bytes += row.bytes as f64;
        sum.queue_ns += row.queue_ns as f64;
        sum.service_ns += row.service_ns as f64;
    }
    sums
}

/// Returns the name of the device, safe to show.
fn name(row: &BlockIo) -> String {
    let named = row.device.as_deref().map(clean);
    named.unwrap_or_else(|| "other devices".into())
}

/// Returns the requests of one recording in one line; nothing where the target submitted none.
pub fn line(recording: &Recording) -> Option<String> {
    /// Rows that have room in a line.
    const FEW: usize = 3;
    let seconds = recording.units(Per::Second);
    let rows = recording.block_io.iter();
    let mut rows: Vec<&BlockIo> = rows
        .filter(|row| row.submitter == Submitter::Target)
        .collect();
    if rows.is_empty() || seconds <= 0.0 {
        return None;
    }
    rows.sort_by_key(|row| Reverse(row.requests));
    let shown = rows.iter().take(FEW).map(|row| {
        let (queue_ns, service_ns) = row.mean_ns();
        format!(
            "{} {} {}/s of {}, queue {}, service {}",
            name(row),
            row.operation.label(),
            format::number(row.requests as f64 / seconds),
            format::quantity(row.bytes as f64 / row.requests.max(1) as f64, Unit::Bytes),
            format::quantity(queue_ns, Unit::Ns),
            format::quantity(service_ns, Unit::Ns)
        )
    });
    let mut parts: Vec<String> = shown.collect();
    if rows.len() > FEW {
        parts.push(format!("{} more", rows.len() - FEW));
    }
    Some(parts.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Input;
    use recording::Comparison;

    fn row(device: &str, submitter: Submitter, requests: u64) -> BlockIo {
        BlockIo {
            device: Some(device.into()),
            operation: BlockOperation::Write,
            submitter,
            requests,
            bytes: requests * 65_536,
            queue_ns: requests * 3_000,
            service_ns: requests * 200_000,
            ..BlockIo::default()
        }
    }

    fn recording(block_io: Vec<BlockIo>) -> Recording {
        let mut recording = Recording {
            block_io,
            ..Recording::default()
        };
        recording.window.duration_ns = 2_000_000_000;
        recording
    }

    #[test]
    fn says_how_long_requests_of_the_target_take() {
        let rows = vec![
            row("vda\u{1b}[2J", Submitter::Target, 40),
            row("vda", Submitter::Kernel, 999),
        ];
        let line = line(&recording(rows)).expect("requests");
        let expected = "write 20/s of 64.0 KiB, queue 3.00 µs, service 200 µs";
        assert!(line.ends_with(expected), "{line}");
        assert!(!line.contains('\u{1b}'), "{line}");
        let others = recording(vec![row("vda", Submitter::Kernel, 1)]);
        assert_eq!(super::line(&others), None);
    }

    #[test]
    fn folds_requests_of_others_away() {
        let block = |rows| {
            let recordings = [("r".to_owned(), recording(rows))];
            let comparison = Comparison::default();
            let input = Input {
                comparison: &comparison,
                recordings: &recordings,
            };
            table(&Arms::of(&input))
        };
        let own = vec![
            row("sda", Submitter::Target, 1),
            row("sdb", Submitter::Others, 9),
        ];
        let Some(Block::Table(table)) = block(own) else {
            panic!("a table");
        };
        let cells = table.rows[0].cells.iter().map(|cell| cell.text.as_str());
        let expected = ["sda", "write", "target", "0.50", "32", "3.00", "200"];
        assert_eq!(cells.collect::<Vec<_>>(), expected);
        let others = block(vec![row("sdb", Submitter::Others, 9)]);
        assert!(matches!(others, Some(Block::Fold { .. })));
        assert!(block(Vec::new()).is_none());
    }
}
