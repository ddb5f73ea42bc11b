//! Waits of goroutines, out of the programs' maps.

use crate::record::drain;
use crate::record::stacks::code_address;
use anyhow::{Context, Result};
use aya::Ebpf;
use aya::maps::StackTraceMap;
use profiler_common::go::NO_STACK;
use profiler_common::{ParkedAt, ParkedBy, ParkedSum};
use recording::instrumented::GoroutineWait;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// Rows that are kept.
const MOST: usize = 200;
/// Frames of a stack.
const FRAMES: usize = 24;

/// Waits by reason and stacks, without names.
pub struct Waits {
    sums: BTreeMap<ParkedBy, Sum>,
    stacks: BTreeMap<u32, Vec<u64>>,
    /// Waits that had no room in a map.
    pub lost: u64,
}

#[derive(Clone, Copy, Default)]
struct Sum {
    count: u64,
    open: u64,
    wait_ns: u64,
}

/// Reads the waits that began in a window that ended at `end_ns`, out of `parked` in all.
///
/// # Errors
/// A map cannot be read.
pub fn read(bpf: &Ebpf, end_ns: u64, parked: u64) -> Result<Waits> {
    let mut sums: BTreeMap<ParkedBy, Sum> = BTreeMap::new();
    for (key, sum) in drain::entries::<ParkedBy, ParkedSum>(bpf, "GOROUTINE_WAITS")? {
        let entry = sums.entry(key).or_default();
        entry.count += sum.count;
        entry.wait_ns += sum.wait_ns;
    }
    for (_, open) in drain::entries::<u64, ParkedAt>(bpf, "PARKED")? {
        let key = ParkedBy {
            reason: open.reason,
            stack: open.stack,
            by: NO_STACK,
        };
        let entry = sums.entry(key).or_default();
        entry.open += 1;
        entry.wait_ns += end_ns.saturating_sub(open.since_ns);
    }
    let map = bpf.map("GOROUTINE_STACKS");
    let map = map.context("the object has no map GOROUTINE_STACKS")?;
    let map = StackTraceMap::try_from(map)?;
    let numbers: BTreeSet<u32> = sums.keys().flat_map(|key| [key.stack, key.by]).collect();
    let read = |number: u32| {
        let stack = map.get(&number, 0).ok()?;
        let frames = stack.frames().iter().take(FRAMES);
        Some((number, frames.map(|frame| frame.ip).collect()))
    };
    let known: u64 = sums.values().map(|sum| sum.count + sum.open).sum();
    Ok(Waits {
        stacks: numbers.into_iter().filter_map(read).collect(),
        sums,
        lost: parked.saturating_sub(known),
    })
}

impl Waits {
    /// Returns the instructions of all stacks: those that called, not those to return to.
    pub fn addresses(&self) -> impl Iterator<Item = u64> {
        let stacks = self.stacks.values();
        stacks.flat_map(|stack| stack.iter().enumerate().map(code_address))
    }

    /// Returns the waits with their names, longest first.
    pub fn named(
        &self,
        reasons: &[String],
        functions: &BTreeMap<u64, String>,
    ) -> Vec<GoroutineWait> {
        let names = |number: u32| -> Vec<String> {
            let stack = self.stacks.get(&number).into_iter().flatten();
            let frames = stack.enumerate().map(code_address);
            let mut names: Vec<String> = frames
                .map_while(|address| functions.get(&address).cloned())
                .collect();
            names.dedup();
            names
        };
        // Several numbers may have the same names.
        let mut rows: BTreeMap<(String, Vec<String>, Vec<String>), Sum> = BTreeMap::new();
        for (key, sum) in &self.sums {
            let reason = reasons.get(key.reason as usize);
            let reason = reason.cloned();
            let reason = reason.unwrap_or_else(|| format!("wait reason {}", key.reason));
            let row = rows.entry((reason, names(key.stack), names(key.by)));
            let row = row.or_default();
            row.count += sum.count;
            row.open += sum.open;
            row.wait_ns += sum.wait_ns;
        }
        let rows = rows
            .into_iter()
            .map(|((reason, stack, by), sum)| GoroutineWait {
                reason,
                count: sum.count + sum.open,
                open: sum.open,
                wait_ns: sum.wait_ns,
                stack,
                by,
            });
        let mut rows: Vec<GoroutineWait> = rows.collect();
        rows.sort_by_key(|row| Reverse(row.wait_ns));
        rows.truncate(MOST);
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits() -> Waits {
        let key = |stack, by| ParkedBy {
            reason: 1,
            stack,
            by,
        };
        let sum = |count, open, wait_ns| Sum {
            count,
            open,
            wait_ns,
        };
        Waits {
            sums: BTreeMap::from([
                (key(1, 2), sum(3, 0, 300)),
                (key(3, 2), sum(1, 0, 50)),
                (key(1, NO_STACK), sum(0, 1, 1_000)),
            ]),
            stacks: BTreeMap::from([
                (1, vec![0x100, 0x201]),
                (2, vec![0x300]),
                (3, vec![0x100, 0x202, 0x999]),
            ]),
            lost: 0,
        }
    }

    #[test]
    fn adds_waits_with_the_same_names() {
        let functions = [
            (0x100, "runtime.gopark"),
            (0x200, "main.get"),
            (0x201, "main.get"),
            (0x300, "main.put"),
        ];
        let functions = functions.map(|(address, name)| (address, name.to_owned()));
        let rows = waits().named(&[String::new(), "chan receive".into()], &functions.into());
        let shown = rows
            .iter()
            .map(|row| (row.count, row.open, row.wait_ns, row.by.len()));
        assert_eq!(
            shown.collect::<Vec<_>>(),
            [(1, 1, 1_000, 0), (4, 0, 350, 1)]
        );
        assert_eq!(rows[1].reason, "chan receive");
        assert_eq!(rows[1].stack, ["runtime.gopark", "main.get"]);
    }

    #[test]
    fn numbers_reasons_without_a_name() {
        let rows = waits().named(&[], &BTreeMap::new());
        assert_eq!(rows[0].reason, "wait reason 1");
    }

    #[test]
    fn names_callers_by_the_call() {
        let addresses: BTreeSet<u64> = waits().addresses().collect();
        assert_eq!(addresses, [0x100, 0x200, 0x201, 0x300, 0x998].into());
    }
}
