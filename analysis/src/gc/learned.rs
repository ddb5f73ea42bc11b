//! Roots of a collector whose functions have no names.
//!
//! JavaScriptCore collects on the main thread, with helper threads that do nothing else. A sample
//! of the main thread does not name the collector where the binary is stripped, but its call stack
//! shows it: below some functions, nearly all samples fall into times in which helpers are awake.
//!
//! These are *inner* functions, such as marking. The functions that call them also stop and resume
//! the program while no helper is awake, so that less of their time falls into such times, about
//! half on a busy machine. They are recognised as the callers of all inner functions.

use recording::Recording;
use recording::gc::{GcPart, GcRoot};
use recording::stacks::StackCount;
use recording::vocabulary::{CodePlace, RegionClass};
use std::collections::{BTreeMap, BTreeSet};

/// Least share of an inner function's samples in times with awake helpers. Measured on Bun 1.3 and
/// 1.4: 0.97 and more for marking.
const INNER_SHARE: f64 = 0.75;
/// The same for their callers. Measured: 0.53 to 0.85 for the outermost function of collection, and
/// 0.17 to 0.39 for the event loop above it, which is the share of its whole thread.
const CALLER_SHARE: f64 = 0.35;
/// Part of the samples below inner functions that is also below a caller of all of them. Some
/// stacks are broken.
const CALLED: f64 = 0.9;
/// Standard errors by which a root's share must exceed that of all samples. With this many, chance
/// makes none of some hundred functions a root.
const SURE: f64 = 4.0;
/// Samples that a function must have: with fewer the standard error is no guide.
const FEWEST: u64 = 10;

/// Learns the roots of a recording whose threads have roles. There are none where helper threads
/// cannot be recognised, or no stacks were recorded.
pub(super) fn roots(recording: &Recording) -> Vec<GcRoot> {
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
    let above = |share: f64, chance: f64| {
        let known = found.iter().filter(move |(_, tally)| {
            let sure = tally.exceeds(chance);
            sure && tally.share() >= share
        });
        known.map(|(frame, _)| *frame)
    };
    let mut roots: BTreeSet<usize> = above(INNER_SHARE, all.share()).collect();
    let mut inner = 0;
    let mut collecting: BTreeSet<usize> = BTreeSet::new();
    let mut called: BTreeMap<usize, u64> = BTreeMap::new();
    for count in counts() {
        let frames: BTreeSet<usize> = frames(recording, count.node).into_iter().collect();
        if !frames.is_disjoint(&roots) {
            inner += count.samples;
            collecting.insert(count.thread);
            for frame in frames {
                *called.entry(frame).or_default() += count.samples;
            }
        }
    }
    // The event loop calls inner functions as well, but holds its threads' whole time: its share is
    // theirs, and more than that of all threads.
    let mut own = Tally::default();
    let counts = counts().filter(|count| collecting.contains(&count.thread));
    counts.for_each(|count| own.add(count));
    let calls_all = |frame: &usize| called.get(frame).copied().unwrap_or(0) as f64;
    let callers = above(CALLER_SHARE, own.share());
    let callers = callers.filter(|frame| calls_all(frame) >= CALLED * inner as f64);
    let callers: Vec<usize> = callers.collect();
    // Without an inner function nothing calls one.
    if !roots.is_empty() {
        roots.extend(callers);
    }
    let root = |frame| GcRoot {
        frame,
        part: GcPart::Pause,
    };
    roots.into_iter().map(root).collect()
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

    /// Returns whether the share is more than that of all samples, `chance`. A function that has
    /// nothing to do with collection has that too, but for its sampling error.
    fn exceeds(self, chance: f64) -> bool {
        let error = (chance * (1.0 - chance) / self.all.max(1) as f64).sqrt();
        self.all >= FEWEST && self.share() > chance + SURE * error
    }
}

/// Returns whether a sample is of a thread that also runs the program.
fn is_mutator(recording: &Recording, count: &StackCount) -> bool {
    let thread = recording.threads.get(count.thread);
    thread.is_some_and(|thread| !thread.role.is_gc() && !thread.role.is_jit())
}

/// Returns the indexes of the frames of a stack in the runtime's own code, innermost first.
/// Libraries serve all code, and compiled code has one frame for all of its functions.
fn frames(recording: &Recording, node: Option<usize>) -> Vec<usize> {
    const CODE: CodePlace = CodePlace::Region(RegionClass::BinaryText);
    let stacks = &recording.stacks;
    let in_runtime = |frame: &usize| {
        let frame = stacks.frames.get(*frame);
        frame.is_some_and(|frame| frame.place == CODE)
    };
    stacks.frame_indexes(node).filter(in_runtime).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn learns_no_root_from_few_samples() {
        let tally = |all, in_gc| Tally { all, in_gc };
        assert!(!tally(9, 9).exceeds(0.1));
        assert!(tally(10, 10).exceeds(0.1));
        assert!(
            !tally(20, 13).exceeds(0.35),
            "chance makes some of hundreds"
        );
    }
}
