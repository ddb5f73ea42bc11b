//! Functions whose work is one class of system calls, learned from each recording.
//!
//! A function without a symbol below which samples are mostly inside `sendto` prepares sends: its
//! user code serves them. A dispatcher, below which all kinds of work happen, spends less of its
//! time in one class.

use super::CodeCategory::{self, Allocation, EventLoop, Scheduler, Sockets, Timers};
use crate::stack_calls;
use recording::Recording;
use recording::stacks::{SampleMode, StackCount};
use recording::vocabulary::{CodePlace, RegionClass, SyscallClass};
use std::collections::{BTreeMap, BTreeSet};

/// Samples inside system calls that a function must have: with fewer the shares are no guide.
const FEWEST: u64 = 10;
/// Share of these that are of one category, in percent.
const OF_ONE: u64 = 90;
/// Share of all samples below the function that are inside system calls, in percent: it does little
/// else.
const IN_CALLS: u64 = 50;

/// Categories of functions, by index of their frame.
#[derive(Debug, Default)]
pub(super) struct SyscallPaths(BTreeMap<usize, CodeCategory>);

#[derive(Default)]
struct Tally {
    all: u64,
    calls: BTreeMap<CodeCategory, u64>,
    in_calls: u64,
}

impl SyscallPaths {
    /// Learns the functions of one recording whose threads have roles.
    pub fn of(recording: &Recording) -> Self {
        let mut tallies: BTreeMap<usize, Tally> = BTreeMap::new();
        for count in &recording.stacks.counts {
            let in_call = count.mode == SampleMode::Syscall;
            let category = category(recording, count).filter(|_| in_call);
            for frame in native_frames(recording, count) {
                let tally = tallies.entry(frame).or_default();
                tally.all += count.samples;
                tally.in_calls += u64::from(in_call) * count.samples;
                if let Some(category) = category {
                    *tally.calls.entry(category).or_default() += count.samples;
                }
            }
        }
        let learned = tallies.iter();
        let learned = learned.filter_map(|(frame, tally)| Some((*frame, tally.category()?)));
        SyscallPaths(learned.collect())
    }

    /// Returns the category of a function.
    pub fn get(&self, frame: usize) -> Option<CodeCategory> {
        self.0.get(&frame).copied()
    }
}

impl Tally {
    fn category(&self) -> Option<CodeCategory> {
        let (category, most) = self.calls.iter().max_by_key(|(_, samples)| **samples)?;
        let is_one = self.in_calls >= FEWEST
            && 100 * most >= OF_ONE * self.in_calls
            && 100 * self.in_calls >= IN_CALLS * self.all;
        is_one.then_some(*category)
    }
}

/// Returns each function of native user code of a stack once.
fn native_frames(recording: &Recording, count: &StackCount) -> BTreeSet<usize> {
    let stacks = &recording.stacks;
    let is_native = |frame: &usize| {
        let place = stacks.frames.get(*frame).map(|frame| frame.place);
        // Compiled code has one frame for all of its functions.
        matches!(place, Some(CodePlace::Region(class)) if class != RegionClass::JitCode)
    };
    stacks.frame_indexes(count.node).filter(is_native).collect()
}

fn category(recording: &Recording, count: &StackCount) -> Option<CodeCategory> {
    let thread = recording.threads.get(count.thread)?;
    match stack_calls::class_of(recording, count, thread)? {
        SyscallClass::Send | SyscallClass::Receive | SyscallClass::Connection => Some(Sockets),
        SyscallClass::EventPolling => Some(EventLoop),
        SyscallClass::ThreadSync => Some(Scheduler),
        SyscallClass::Timers | SyscallClass::Clock => Some(Timers),
        SyscallClass::Memory => Some(Allocation),
        SyscallClass::File
        | SyscallClass::Signals
        | SyscallClass::Lifecycle
        | SyscallClass::Other => None,
    }
}
