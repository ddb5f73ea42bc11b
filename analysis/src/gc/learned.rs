//! Roots of a collector whose functions have no names.
//!
//! JavaScriptCore collects on the main thread, with helper threads that do nothing else. A sample
//! of the main thread does not name the collector where the binary is stripped, but its call stack
//! shows it: below some functions, nearly all samples fall into times in which helpers are awake.

use recording::Recording;
use recording::gc::{GcPart, GcRoot};
use recording::stacks::StackCount;
use recording::vocabulary::{CodePlace, RegionClass};
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
    let is_root = |tally: &Tally| tally.is_root(all.share());
    let roots = found.into_iter().filter(|(_, tally)| is_root(tally));
    let root = |(frame, _)| GcRoot {
        frame,
        part: GcPart::Pause,
    };
    roots.map(root).collect()
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
mod tests {
    use super::*;

    #[test]
    fn learns_no_root_from_few_samples() {
        let tally = |all, in_gc| Tally { all, in_gc };
        assert!(!tally(9, 9).is_root(0.1));
        assert!(tally(10, 10).is_root(0.1));
        assert!(
            !tally(20, 13).is_root(0.35),
            "chance makes some of hundreds"
        );
    }
}
