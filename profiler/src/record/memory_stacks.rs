//! Call sites that take memory and return it: code that page faults found, and stacks of
//! memory-management calls.

use super::drain::Drained;
use super::memory::WindowRegions;
use super::names;
use super::symbols::{self, debug_files::DebugFiles};
use super::target::file_name;
use super::threads::ThreadIndex;
use profiler_common::CallSite;
use profiler_common::call_site::{FaultPlace, Kind};
use recording::memory::MemoryStack;
use recording::process::Frame;
use recording::vocabulary::{CodePlace, MemoryEvent, RegionClass};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Stacks listed, each with all its threads; the others are added up by kind.
const LISTED: usize = 300;

/// Kind and stack; empty where the stack, or its thread, is not known.
type Key = (MemoryEvent, Vec<Frame>);

/// Count and bytes by thread.
type Sums = BTreeMap<Key, BTreeMap<Option<usize>, Sum>>;

#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    count: u64,
    bytes: i64,
}

impl Sum {
    fn add(&mut self, other: Sum) {
        self.count += other.count;
        self.bytes = self.bytes.saturating_add(other.bytes);
    }
}

/// Lists call sites, largest first.
pub fn memory_stacks(
    drained: &Drained,
    pid: u32,
    regions: WindowRegions,
    threads: &ThreadIndex,
    debug_files: &DebugFiles,
) -> Vec<MemoryStack> {
    let mut sums = Sums::new();
    let mut add = |serial: u32, kind, stack, sum: Sum| {
        let thread = threads.get(serial);
        let stack = if thread.is_some() { stack } else { Vec::new() };
        let by_thread = sums.entry((kind, stack)).or_default();
        by_thread.entry(thread).or_default().add(sum);
    };
    let code = Code::of_faults(drained, pid, regions, debug_files);
    for ((serial, address), count) in &drained.fault_sites {
        let frame = match FaultPlace::of(*address) {
            FaultPlace::Code(unit) => code.frame(unit),
            FaultPlace::Call(nr) => in_kernel(names::syscall(nr), CodePlace::Syscall),
            FaultPlace::Kernel => in_kernel(String::new(), CodePlace::Kernel),
        };
        let sum = Sum {
            count: *count,
            bytes: 0,
        };
        add(*serial, MemoryEvent::PageFault, vec![frame], sum);
    }
    let code = Code::of_calls(drained, pid, regions, debug_files);
    for (site, sum) in &drained.memory_stacks {
        let sum = Sum {
            count: sum.count,
            bytes: sum.signed_bytes(),
        };
        add(site.serial, kind_of(site.kind), code.stack(site), sum);
    }
    let mut lost = |kind, count| {
        let by_thread = sums.entry((kind, Vec::new())).or_default();
        by_thread.entry(None).or_default().count += count;
    };
    lost(MemoryEvent::PageFault, drained.counters.lost_fault_sites);
    lost(MemoryEvent::Lost, drained.counters.lost_call_sites);
    listed(sums)
}

/// Returns the largest stacks by thread, and the sum of the others of each kind.
fn listed(sums: Sums) -> Vec<MemoryStack> {
    let mut stacks: Vec<Vec<MemoryStack>> = sums.into_iter().map(by_thread).collect();
    let weight = |rows: &Vec<MemoryStack>| rows.iter().map(MemoryStack::weight).sum::<u64>();
    stacks.sort_by_cached_key(|rows| Reverse(weight(rows)));
    let (named, mut others): (Vec<_>, Vec<_>) = stacks
        .into_iter()
        .partition(|rows| rows.iter().any(|row| !row.stack.is_empty()));
    let mut named = named.into_iter();
    let mut rows: Vec<MemoryStack> = named.by_ref().take(LISTED).flatten().collect();
    rows.sort_by_key(|row| Reverse(row.weight()));
    others.extend(named);
    let mut kinds: BTreeMap<MemoryEvent, Sum> = BTreeMap::new();
    for row in others.into_iter().flatten() {
        kinds.entry(row.kind).or_default().add(Sum {
            count: row.count,
            bytes: row.bytes,
        });
    }
    let kinds = kinds.into_iter().filter(|(_, sum)| sum.count > 0);
    rows.extend(kinds.map(|(kind, sum)| MemoryStack {
        kind,
        count: sum.count,
        bytes: sum.bytes,
        ..MemoryStack::default()
    }));
    rows
}

fn by_thread(((kind, stack), by_thread): (Key, BTreeMap<Option<usize>, Sum>)) -> Vec<MemoryStack> {
    let row = |(thread, sum): (Option<usize>, Sum)| MemoryStack {
        thread,
        kind,
        count: sum.count,
        bytes: sum.bytes,
        stack: stack.clone(),
    };
    by_thread.into_iter().map(row).collect()
}

/// Returns the kind of a call, by the number that the programs wrote.
fn kind_of(number: u32) -> MemoryEvent {
    let kind = Kind::EACH.get(number as usize);
    kind.map_or(MemoryEvent::Lost, |kind| match kind {
        Kind::Mmap => MemoryEvent::Map,
        Kind::Reserve => MemoryEvent::Reserve,
        Kind::Munmap => MemoryEvent::Unmap,
        Kind::Mremap => MemoryEvent::Remap,
        Kind::Brk => MemoryEvent::Brk,
        Kind::DontNeed => MemoryEvent::DontNeed,
        Kind::Free => MemoryEvent::Free,
        Kind::Advice => MemoryEvent::Advice,
    })
}

fn in_kernel(function: String, class: CodePlace) -> Frame {
    Frame {
        function,
        file: String::new(),
        class,
        code: None,
    }
}

/// Code with its names.
struct Code<'a> {
    known: BTreeMap<u64, symbols::Code>,
    regions: WindowRegions<'a>,
}

impl<'a> Code<'a> {
    /// Names the units of code that took page faults.
    fn of_faults(
        drained: &Drained,
        pid: u32,
        regions: WindowRegions<'a>,
        debug_files: &DebugFiles,
    ) -> Self {
        let units = drained.fault_sites.keys().map(|(_, address)| *address);
        let units = units.filter(|unit| matches!(FaultPlace::of(*unit), FaultPlace::Code(_)));
        let known = symbols::code(debug_files, pid, regions, symbols::UNIT, units);
        Code { known, regions }
    }

    /// Names the instructions that made calls.
    fn of_calls(
        drained: &Drained,
        pid: u32,
        regions: WindowRegions<'a>,
        debug_files: &DebugFiles,
    ) -> Self {
        let sites = drained.memory_stacks.iter();
        let calls = sites.flat_map(|(site, _)| callers(site).map(|(_, caller)| caller));
        let known = symbols::code(debug_files, pid, regions, 1, calls);
        Code { known, regions }
    }

    fn frame(&self, address: u64) -> Frame {
        let file = self.regions.file_of(address);
        let (function, code) = match self.known.get(&address) {
            Some(symbols::Code::Function(name)) => (name.clone(), None),
            Some(symbols::Code::Unnamed(place)) => (String::new(), Some(place.clone())),
            None => (String::new(), None),
        };
        Frame {
            function,
            code,
            file: file.map(|file| file_name(&file.path)).unwrap_or_default(),
            class: CodePlace::Region(self.regions.class_of(address)),
        }
    }

    /// Returns the functions of a stack, up to where it leaves code. Frames in a row that neither a
    /// name nor a place distinguishes are one.
    ///
    /// The second frame is a guess: the word on top of the stack if the bytes before its address
    /// look like a call. Where that is no code, the guess was wrong, and the frames after it hold.
    fn stack(&self, site: &CallSite) -> Vec<Frame> {
        const TOP_OF_STACK: usize = 1;
        let mut stack = Vec::new();
        for (depth, caller) in callers(site) {
            let frame = self.frame(caller);
            if depth == 0 || may_be_code(frame.class) {
                stack.push(frame);
            } else if depth != TOP_OF_STACK {
                break;
            }
        }
        stack.dedup();
        stack
    }
}

/// Returns whether code that manages memory may lie in such a region.
fn may_be_code(class: CodePlace) -> bool {
    use RegionClass::*;
    !matches!(
        class,
        CodePlace::Region(Unmapped | RuntimeHeap | ThreadStacks | BinaryData)
    )
}

/// Returns the depth of each frame and the last byte of its calling instruction. The programs keep
/// the return address, one byte behind.
fn callers(site: &CallSite) -> impl Iterator<Item = (usize, u64)> + use<> {
    let frames = site.frames.into_iter().enumerate();
    frames
        .filter(|(_, address)| *address != 0)
        .map(|(depth, address)| (depth, address - 1))
}

#[cfg(test)]
mod tests;
