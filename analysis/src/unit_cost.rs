//! Why a system call costs one arm more than another: the bytes that it moves, or the kernel
//! functions in which its samples differ.
//!
//! Call stacks split the cost of a call over the kernel's functions, each with those that it calls.
//! A function counts if its cost differs by more than sampling explains. The function that is named
//! is the innermost one with most of the difference: its callers have that difference only because
//! they call it.

use crate::arms::Rounds;
use crate::ledger::sampling;
use crate::{kinds, stack_calls};
use recording::Recording;
use recording::format;
use recording::process::{Syscall, Thread};
use recording::stacks::{SampleMode, StackCount};
use recording::vocabulary::{CodePlace, TermKind, Unit};
use std::collections::{BTreeMap, BTreeSet};

/// Ratio of bytes per call from which they are the reason.
const BYTES_MATTER: f64 = 1.25;
/// Share of the difference that a function must have to be its place.
const MOST: f64 = 0.6;
/// Share of the difference of a function that is worth a word where none has most.
const WORTH: f64 = 0.2;
/// Share of an arm's samples from which a function is the call itself rather than a part of it.
const WHOLE: f64 = 0.9;
/// Functions that are named where none has most.
const NAMED: usize = 3;
/// Share of the time of functions that must cost more, to say that all do.
const ALL: f64 = 0.8;
/// Share of the whole's increase by which each of them must.
const ALIKE: f64 = 0.5;
/// Samples that a function must have in both arms together.
const FEWEST: u64 = 20;

/// Returns the reason in words why calls of a kind cost `costs` ns each, the costly arm's first;
/// `None` where neither bytes nor samples show it.
pub fn reason(arms: [&Rounds<'_>; 2], kind: TermKind, costs: [f64; 2]) -> Option<String> {
    let [costly, baseline] = arms.map(|arm| Sampled::of(arm, kind));
    by_bytes([&costly, &baseline]).or_else(|| by_function([&costly, &baseline], costs))
}

fn by_bytes(sides: [&Sampled; 2]) -> Option<String> {
    let [costly, baseline] = sides.map(Sampled::bytes_per_call);
    let (more, less) = (costly?, baseline?);
    (less > 0.0 && more / less >= BYTES_MATTER).then(|| {
        let bytes = |bytes| format::quantity(bytes, Unit::Bytes);
        format!("moving {} each against {}", bytes(more), bytes(less))
    })
}

/// A function of the kernel in two arms, ns a call.
struct Difference<'a> {
    name: &'a str,
    costly: f64,
    baseline: f64,
    /// Half the width of the 95 % interval of their difference that sampling causes.
    error: f64,
    /// Functions of the kernel outside of it, mean of the costly arm.
    depth: f64,
}

impl Difference<'_> {
    fn more(&self) -> f64 {
        self.costly - self.baseline
    }

    fn text(&self) -> String {
        let name = self.name;
        match self.baseline {
            none if none <= 0.0 => format!(
                "{} in {name}, which the other arm does not reach",
                ns(self.more())
            ),
            _ => format!(
                "{} in {name} ({} against {})",
                ns(self.more()),
                ns(self.costly),
                ns(self.baseline)
            ),
        }
    }
}

fn ns(ns: f64) -> String {
    format::quantity(ns, Unit::Ns)
}

fn by_function(sides: [&Sampled; 2], costs: [f64; 2]) -> Option<String> {
    let gap = costs[0] - costs[1];
    let [costly, baseline] = sides;
    if gap <= 0.0 || costly.samples == 0 || baseline.samples == 0 {
        return None;
    }
    let differences = differences(sides, costs);
    let sure = |found: &&Difference<'_>| found.more() > found.error;
    let with_most = differences
        .iter()
        .filter(sure)
        .filter(|found| found.more() >= MOST * gap);
    // A callee takes no more than its caller, and is deeper.
    let innermost = with_most.min_by(|one, other| {
        let by_depth = other.depth.total_cmp(&one.depth);
        one.costly.total_cmp(&other.costly).then(by_depth)
    });
    if let Some(found) = innermost {
        return Some(format!("of which {}", found.text()));
    }
    if costs_more_throughout(&differences, costs) {
        let text =
            "in all of its kernel functions alike, as a slower or shared CPU and cold caches do";
        return Some(text.into());
    }
    let worth = differences
        .iter()
        .filter(sure)
        .filter(|found| found.more() >= WORTH * gap);
    let mut worth: Vec<&Difference<'_>> = worth.collect();
    worth.sort_by(|one, other| other.more().total_cmp(&one.more()));
    worth.truncate(NAMED);
    let each: Vec<String> = worth.iter().map(|found| found.text()).collect();
    (!each.is_empty()).then(|| format!("of which {}", each.join(", ")))
}

/// Returns the functions with enough samples.
fn differences<'a>([costly, baseline]: [&'a Sampled; 2], costs: [f64; 2]) -> Vec<Difference<'a>> {
    let names: BTreeSet<&str> = [costly, baseline]
        .into_iter()
        .flat_map(|side| side.functions.keys().map(String::as_str))
        .collect();
    let of = |name: &'a str| {
        let inside = [costly, baseline].map(|side| side.functions.get(name).copied());
        let inside = inside.map(Option::unwrap_or_default);
        let found = inside.map(|inside| inside.samples);
        let share = |side: &Sampled, found: u64| found as f64 / side.samples as f64;
        let variance = |side: &Sampled, found: u64, cost: f64| {
            cost.powi(2) * sampling::variance_of_share(found as f64, side.samples)
        };
        let both = variance(costly, found[0], costs[0]) + variance(baseline, found[1], costs[1]);
        let is_whole = share(costly, found[0]) >= WHOLE;
        (found[0] + found[1] >= FEWEST && !is_whole).then(|| Difference {
            name,
            costly: costs[0] * share(costly, found[0]),
            baseline: costs[1] * share(baseline, found[1]),
            error: sampling::Z * both.sqrt(),
            depth: inside[0].depth as f64 / found[0].max(1) as f64,
        })
    };
    names.into_iter().filter_map(of).collect()
}

/// Returns whether nearly all functions that both arms reach cost more, by about the same factor.
fn costs_more_throughout(differences: &[Difference<'_>], costs: [f64; 2]) -> bool {
    let least = 1.0 + ALIKE * (costs[0] / costs[1] - 1.0);
    let time = |fits: &dyn Fn(&Difference<'_>) -> bool| -> f64 {
        let fitting = differences.iter().filter(|found| fits(found));
        fitting.map(|found| found.baseline).sum()
    };
    let all = time(&|_| true);
    let costlier = time(&|found| found.costly >= least * found.baseline);
    differences.len() > 2 && all > 0.0 && costlier >= ALL * all
}

/// Calls of one kind in an arm, and where samples found them.
#[derive(Default)]
struct Sampled {
    calls: u64,
    /// Bytes that the calls moved; absent where a call moves none.
    bytes: Option<u64>,
    samples: u64,
    /// Samples inside each function of the kernel, with those that it calls.
    functions: BTreeMap<String, Inside>,
}

/// Samples inside a function.
#[derive(Clone, Copy, Default)]
struct Inside {
    samples: u64,
    /// Functions of the kernel outside of it, added up over samples.
    depth: u64,
}

impl Sampled {
    fn of(arm: &Rounds<'_>, kind: TermKind) -> Self {
        let mut sum = Sampled {
            bytes: Some(0),
            ..Sampled::default()
        };
        for (_, recording) in &arm.rounds {
            for call in calls(recording, kind) {
                sum.calls += call.count;
                sum.bytes = sum.bytes.zip(call.bytes).map(|(sum, bytes)| sum + bytes);
            }
            for count in &recording.stacks.counts {
                sum.add(recording, count, kind);
            }
        }
        sum
    }

    fn add(&mut self, recording: &Recording, count: &StackCount, kind: TermKind) {
        let in_call = matches!(count.mode, SampleMode::Syscall | SampleMode::SyscallEdge);
        let thread = recording.threads.get(count.thread).filter(|_| in_call);
        let call = thread
            .and_then(|thread| Some((thread, stack_calls::call_of(recording, count, thread)?)));
        if !call.is_some_and(|(thread, call)| is_of(thread, call, kind)) {
            return;
        }
        self.samples += count.samples;
        let frames = recording.stacks.frames_of(count.node);
        let in_kernel = frames.filter(|frame| frame.place == CodePlace::Kernel);
        let mut outermost_first: Vec<&str> = in_kernel.map(|frame| &*frame.function).collect();
        outermost_first.reverse();
        let mut seen = BTreeSet::from([""]);
        for (depth, function) in outermost_first.into_iter().enumerate() {
            // A function that calls itself counts once.
            if seen.insert(function) {
                let inside = self.functions.entry(function.to_owned()).or_default();
                inside.samples += count.samples;
                inside.depth += depth as u64 * count.samples;
            }
        }
    }

    fn bytes_per_call(&self) -> Option<f64> {
        (self.calls > 0).then_some(self.bytes? as f64 / self.calls as f64)
    }
}

fn is_of(thread: &Thread, call: &Syscall, kind: TermKind) -> bool {
    kinds::is_part_of(Some(&thread.role), kinds::of_syscall(call).0, kind)
}

fn calls(recording: &Recording, kind: TermKind) -> impl Iterator<Item = &Syscall> {
    let threads = recording.threads.iter();
    threads.flat_map(move |thread| {
        let made = thread.syscalls.iter().filter(|call| call.count > 0);
        made.filter(move |call| is_of(thread, call, kind))
    })
}

#[cfg(test)]
mod tests;
