//! Functions that call compiled code which calls nothing: regular expressions.
//!
//! Engines of JavaScript enter compiled functions by one piece of code, and these call others.
//! Regular expressions are compiled, too. A function of the engine calls each directly, and they
//! call nothing. So a function below which compiled code is always innermost runs regular
//! expressions.

use recording::Recording;
use recording::vocabulary::{CodePlace, RegionClass, Runtime};
use std::collections::{BTreeMap, BTreeSet};

/// Samples of compiled code that a function must have called: a function of JavaScript that calls
/// nothing is entered like all others, and these call more often than once in so many samples.
const FEWEST: u64 = 20;

/// Returns the frames, by index, that call nothing but compiled regular expressions among compiled
/// code.
pub(super) fn callers(recording: &Recording) -> BTreeSet<usize> {
    let runs_javascript = matches!(
        recording.target.runtime,
        Runtime::Bun | Runtime::Node | Runtime::Deno
    );
    if !runs_javascript {
        return BTreeSet::new();
    }
    let stacks = &recording.stacks;
    let is_compiled = |frame: usize| {
        let place = stacks.frames.get(frame).map(|frame| frame.place);
        place == Some(CodePlace::Region(RegionClass::JitCode))
    };
    // Samples of compiled code that each function called; none where that called on.
    let mut called: BTreeMap<usize, Option<u64>> = BTreeMap::new();
    for count in &stacks.counts {
        let frames = stacks.frame_indexes(count.node);
        let in_kernel = |frame: &usize| {
            let frame = stacks.frames.get(*frame);
            frame.is_some_and(|frame| !matches!(frame.place, CodePlace::Region(_)))
        };
        let frames: Vec<usize> = frames.skip_while(in_kernel).collect();
        for (place, pair) in frames.windows(2).enumerate() {
            let [callee, caller] = [pair[0], pair[1]];
            if !is_compiled(callee) || is_compiled(caller) {
                continue;
            }
            let samples = called.entry(caller).or_insert(Some(0));
            *samples = samples
                .filter(|_| place == 0)
                .map(|all| all + count.samples);
        }
    }
    let leaves = called.into_iter();
    let leaves = leaves.filter(|(_, samples)| samples.is_some_and(|samples| samples >= FEWEST));
    leaves.map(|(caller, _)| caller).collect()
}
