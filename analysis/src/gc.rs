//! Garbage collection on threads that also run the program.
//!
//! JavaScriptCore collects on the main thread, with helper threads that do nothing else. A sample
//! of the main thread does not name the collector where the binary is stripped, but its call stack
//! shows it: below some functions, nearly all samples fall into times in which helpers are awake.
//! These functions are the *roots* of collection. They are learned from each recording, so that
//! collections which wake no helper count as well.

use crate::grid::part;
use recording::Recording;
use recording::gc::Gc;
use recording::stacks::StackCount;
use recording::vocabulary::{CodePlace, RegionClass, Role};
use std::collections::{BTreeMap, BTreeSet};

/// Share of a root's samples that fall into times with awake helpers. Measured on Bun 1.3 and 1.4:
/// 0.74 for the outermost root, since helpers wake after a collection began and sleep before it
/// ends; 0.97 and more for functions inside.
const ROOT_SHARE: f64 = 0.6;
/// Standard errors by which a root's share exceeds that of all samples. With this many, chance
/// makes none of some hundred functions a root.
const SURE: f64 = 4.0;
/// Samples that a function must have: with fewer the standard error is no guide.
const FEWEST: u64 = 10;

/// The samples of one recording that collect garbage outside of dedicated threads.
pub struct Collection<'a> {
    recording: &'a Recording,
    /// Frames that are roots, by their index.
    roots: BTreeSet<usize>,
}

impl<'a> Collection<'a> {
    /// Learns the roots of a recording whose threads have roles. There are none where helper
    /// threads cannot be recognised, or no stacks were recorded.
    pub fn of(recording: &'a Recording) -> Self {
        Collection {
            recording,
            roots: roots(recording),
        }
    }

    /// Returns whether samples of a thread that also runs the program collect garbage.
    pub fn collects(&self, count: &StackCount) -> bool {
        is_mutator(self.recording, count) && self.has_root(count)
    }

    /// Returns samples that collect garbage, outside of dedicated threads.
    fn counts(&self) -> impl Iterator<Item = &'a StackCount> {
        let counts = self.recording.stacks.counts.iter();
        counts.filter(|count| self.collects(count))
    }

    fn has_root(&self, count: &StackCount) -> bool {
        let frames = frames(self.recording, count.node);
        frames.into_iter().any(|frame| self.roots.contains(&frame))
    }
}

/// Returns the garbage collection of a recording, on all threads: on-CPU time of dedicated threads
/// whole, and of others in the share of their samples that collect. `None` where it is unknown.
pub fn measure(recording: &Recording) -> Option<Gc> {
    let bursts = recording.runtime_stats.gc_bursts.as_ref()?;
    let collection = Collection::of(recording);
    let mut collecting: BTreeMap<usize, u64> = BTreeMap::new();
    for count in collection.counts() {
        *collecting.entry(count.thread).or_default() += count.samples;
    }
    let mut by_role: BTreeMap<Role, u64> = BTreeMap::new();
    for (index, thread) in recording.threads.iter().enumerate() {
        let samples = thread.samples.outside_syscalls() + thread.samples.syscall;
        let found = collecting.get(&index).copied().unwrap_or_default();
        let on_cpu_ns = match thread.role.is_gc() {
            true => thread.on_cpu_ns,
            false => part(thread.on_cpu_ns, found.min(samples), samples),
        };
        if on_cpu_ns > 0 {
            *by_role.entry(thread.role.clone()).or_default() += on_cpu_ns;
        }
    }
    Some(Gc {
        runtime: recording.target.runtime,
        collections: bursts.spans.count,
        pause_ns: bursts.span_ns,
        on_cpu_ns: by_role.values().sum(),
        by_role,
        source: "bursts of GC threads, and call stacks below functions that run during bursts"
            .into(),
    })
}

fn roots(recording: &Recording) -> BTreeSet<usize> {
    let counts = || {
        let counts = recording.stacks.counts.iter();
        counts.filter(|count| is_mutator(recording, count))
    };
    let mut found: BTreeMap<usize, Tally> = BTreeMap::new();
    let mut all = Tally::default();
    for count in counts() {
        all.add(count);
        let distinct: BTreeSet<usize> = frames(recording, count.node).into_iter().collect();
        for frame in distinct {
            found.entry(frame).or_default().add(count);
        }
    }
    let is_root = |tally: &Tally| tally.is_root(all.share());
    let roots = found.into_iter().filter(|(_, tally)| is_root(tally));
    roots.map(|(frame, _)| frame).collect()
}

/// Samples below a function.
#[derive(Clone, Copy, Default)]
struct Tally {
    all: u64,
    in_gc: u64,
}

impl Tally {
    fn add(&mut self, count: &StackCount) {
        self.all += count.samples;
        self.in_gc += u64::from(count.in_gc) * count.samples;
    }

    fn share(self) -> f64 {
        self.in_gc as f64 / self.all.max(1) as f64
    }

    /// `chance`: the share of all samples. A function that has nothing to do with collection has it
    /// too, but for its sampling error.
    fn is_root(self, chance: f64) -> bool {
        let error = (chance * (1.0 - chance) / self.all.max(1) as f64).sqrt();
        self.all >= FEWEST && self.share() >= ROOT_SHARE && self.share() > chance + SURE * error
    }
}

/// Returns whether a sample is of a thread that also runs the program.
fn is_mutator(recording: &Recording, count: &StackCount) -> bool {
    let thread = recording.threads.get(count.thread);
    thread.is_some_and(|thread| !thread.role.is_gc() && !thread.role.is_jit())
}

/// Returns the indexes of the frames of a stack of user code, innermost first.
fn frames(recording: &Recording, node: Option<usize>) -> Vec<usize> {
    let stacks = &recording.stacks;
    let in_user_code = |frame: &usize| {
        let place = stacks.frames.get(*frame).map(|frame| frame.place);
        // Compiled code has one frame for all of its functions.
        let is_code = place.is_some_and(|place| matches!(place, CodePlace::Region(_)));
        is_code && place != Some(CodePlace::Region(RegionClass::JitCode))
    };
    stacks.frame_indexes(node).filter(in_user_code).collect()
}

#[cfg(test)]
mod tests;
