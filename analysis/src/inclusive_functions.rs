//! The function that a difference of CPU time lies in.
//!
//! A ledger says what kind of work costs more, and each kind has its innermost functions. A fault
//! of the program is mostly one function further out, which calls library and runtime: its time
//! with all that it calls (perf's *children*, pprof's *cumulative*) is the difference.
//!
//! The function whose inclusive time comes closest to the difference is found by the Dice
//! coefficient of the two, `2 · delta / (difference + time)`: 1 for a function that only the
//! costlier arm runs and that explains all of it. Callers further out have other work as well, and
//! callees explain less.

use crate::arms::Rounds;
use crate::attribution;
use crate::runtime::code;
use recording::Recording;
use recording::comparison::{InclusiveFunction, Metric};
use recording::vocabulary::{CodeCategory, CodePlace, RegionClass};
use std::collections::BTreeMap;

/// Coefficients that differ less are equal: of a chain of calls, the innermost function is chosen.
const TIE: f64 = 0.02;
/// Share of a difference that its function has at least.
const MOST: f64 = 0.5;

/// Time of each function of one arm with all that it calls, all rounds together.
#[derive(Debug, Default)]
pub struct InclusiveFunctions {
    functions: BTreeMap<String, Inclusive>,
    /// Time of all rows, ns.
    all_ns: u64,
}

/// How much a function says to a developer, least first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Says {
    /// Only its file and address are known.
    #[default]
    Address,
    /// It has a name.
    Name,
    /// It has a name, and is the program's or of a library that no rule describes.
    Application,
}

/// Time and place of one function.
#[derive(Clone, Copy, Debug, Default)]
struct Inclusive {
    ns: u64,
    /// Frames outside of it, times the time in ns.
    depth_ns: u128,
    says: Says,
}

impl InclusiveFunctions {
    /// Adds up the rounds of an arm.
    pub fn of(arm: &Rounds<'_>) -> Self {
        let mut all = InclusiveFunctions::default();
        for (_, recording) in &arm.rounds {
            all.add(recording);
        }
        all
    }

    fn add(&mut self, recording: &Recording) {
        if recording.stacks.is_empty() {
            return;
        }
        let names = Names::of(recording);
        let mut found = vec![Inclusive::default(); names.names.len()];
        // The last stack that each function was found in, so that recursion counts once.
        let mut seen = vec![usize::MAX; names.names.len()];
        for row in attribution::stack_rows(recording) {
            self.all_ns += row.ns;
            for share in row.stacks {
                let stack = recording.stacks.counts[share.count].node;
                let frames: Vec<usize> = recording.stacks.frame_indexes(stack).collect();
                for (outside, frame) in frames.iter().rev().enumerate() {
                    let Some(name) = names.by_frame.get(*frame).copied().flatten() else {
                        continue;
                    };
                    if seen[name] != share.count {
                        found[name].add(share.ns, outside);
                        seen[name] = share.count;
                    }
                }
            }
            // A stack may have time of several rows.
            seen.fill(usize::MAX);
        }
        for ((name, says), found) in names.names.into_iter().zip(found) {
            let sum = self.functions.entry(name).or_default();
            sum.ns += found.ns;
            sum.depth_ns += found.depth_ns;
            sum.says = sum.says.max(says);
        }
    }

    /// Returns the time of a function in the unit of a metric of which the arm has this value.
    fn per(&self, ns: u64, value: f64) -> f64 {
        ns as f64 / self.all_ns.max(1) as f64 * value
    }
}

impl Inclusive {
    fn add(&mut self, ns: u64, outside: usize) {
        self.ns += ns;
        self.depth_ns += u128::from(ns) * outside as u128;
    }

    fn depth(&self) -> f64 {
        self.depth_ns as f64 / self.ns.max(1) as f64
    }
}

/// Names of the frames of one recording.
struct Names {
    /// Index into `names`, by index of the frame; absent in the kernel and for code without name
    /// and address.
    by_frame: Vec<Option<usize>>,
    /// Each name, and how much it says.
    names: Vec<(String, Says)>,
}

impl Names {
    fn of(recording: &Recording) -> Self {
        let stacks = &recording.stacks;
        let mut indexes: BTreeMap<String, usize> = BTreeMap::new();
        let mut names = Vec::new();
        let mut by_frame = Vec::new();
        for (index, frame) in stacks.frames.iter().enumerate() {
            let is_known = !frame.function.is_empty() || frame.module.is_some();
            let in_user_mode = matches!(frame.place, CodePlace::Region(_));
            if !is_known || !in_user_mode {
                by_frame.push(None);
                continue;
            }
            let name = stacks.label(frame);
            let place = *indexes.entry(name.clone()).or_insert_with(|| {
                names.push((name, says(recording, index)));
                names.len() - 1
            });
            by_frame.push(Some(place));
        }
        Names { by_frame, names }
    }
}

fn says(recording: &Recording, frame: usize) -> Says {
    let Some(samples) = code::frame(&recording.stacks, frame) else {
        return Says::Address;
    };
    let is_compiled = samples.class == RegionClass::JitCode;
    let category = code::of_function(recording.target.runtime, &samples);
    match samples.function.is_empty() {
        true => Says::Address,
        false if is_compiled || category == CodeCategory::Application => Says::Application,
        false => Says::Name,
    }
}

/// Names the function that each difference of CPU time lies in.
pub fn name_all(metrics: &mut [Metric], arms: &[Rounds<'_>]) {
    let found = arms.iter().map(InclusiveFunctions::of);
    let found: BTreeMap<&str, _> = arms.iter().map(|arm| arm.arm).zip(found).collect();
    for metric in metrics
        .iter_mut()
        .filter(|metric| metric.name.is_cpu_time())
    {
        let arm = |name: &str| Some((found.get(name)?, metric.arms.get(name)?.value));
        for pair in &mut metric.pairs {
            if let Some((a, b)) = arm(&pair.a).zip(arm(&pair.b)) {
                pair.inclusive = of_difference(a, b);
            }
        }
    }
}

/// Returns the function that the difference of two arms lies in.
fn of_difference(a: Arm<'_>, b: Arm<'_>) -> Option<InclusiveFunction> {
    let difference = b.1 - a.1;
    let found = match difference > 0.0 {
        true => closest(b, a),
        false => closest(a, b),
    };
    found.map(|(name, more)| InclusiveFunction {
        name,
        delta: more * difference.signum(),
        share: more / difference.abs(),
    })
}

/// An arm, and its value of the metric.
type Arm<'a> = (&'a InclusiveFunctions, f64);

/// Returns the function whose inclusive time is closest to the difference, with its own difference.
fn closest((costly, value): Arm<'_>, (baseline, other): Arm<'_>) -> Option<(String, f64)> {
    let gap = value - other;
    let candidates = costly.functions.iter().filter_map(|(name, found)| {
        let own = costly.per(found.ns, value);
        let before = baseline.functions.get(name).map_or(0, |found| found.ns);
        let more = own - baseline.per(before, other);
        let fit = 2.0 * more / (gap + own);
        (gap > 0.0 && more >= MOST * gap).then_some((name, found, more, fit))
    });
    let candidates: Vec<_> = candidates.collect();
    let best = candidates.iter().map(|candidate| candidate.3);
    let best = best.max_by(f64::total_cmp)?;
    let fitting = candidates
        .into_iter()
        .filter(|candidate| candidate.3 >= best - TIE);
    // A function of the program says more than one that it calls, and a name more than an address.
    let innermost = fitting.max_by(|one, other| {
        let order = |found: &Inclusive| (found.says, found.depth());
        let (one, other) = (order(one.1), order(other.1));
        one.0.cmp(&other.0).then(one.1.total_cmp(&other.1))
    });
    innermost.map(|(name, _, more, _)| (name.clone(), more))
}

#[cfg(test)]
mod tests;
