//! The function with most of each row of CPU time, by the call stacks that found it.

use crate::arms::Rounds;
use crate::attribution;
use crate::kinds;
use crate::ledger::Key;
use crate::runtime::code;
use recording::comparison::{Arm, LedgerRow, Metric, Pair, Term};
use recording::stacks::{SampleMode, StackCount};
use recording::vocabulary::{CodeCategory, CodePlace, MetricId, RegionClass, Role, TermKind};
use recording::{Recording, Stacks};
use std::collections::BTreeMap;

/// Time by function, ns.
type Functions = BTreeMap<String, u64>;

/// Share of a row that its largest function needs to stand for it.
const LARGE: f64 = 0.05;

/// The functions behind each row of one arm's CPU time, all rounds together.
#[derive(Debug, Default)]
pub struct LargestFunctions(BTreeMap<Key, Functions>);

impl LargestFunctions {
    /// Adds up the rounds of an arm.
    pub fn of(arm: &Rounds<'_>) -> Self {
        let mut all = LargestFunctions::default();
        for (_, recording) in &arm.rounds {
            all.add(recording);
        }
        all
    }

    fn add(&mut self, recording: &Recording) {
        if recording.stacks.is_empty() {
            return;
        }
        for row in attribution::stack_rows(recording) {
            let kind = row.key.kind;
            let functions = self.0.entry(row.key).or_default();
            for share in row.stacks {
                let count = &recording.stacks.counts[share.count];
                if let Some(function) = function(recording, count, kind) {
                    *functions.entry(function).or_default() += share.ns;
                }
            }
        }
    }

    /// Returns the largest function of rows that fit.
    fn largest(&self, fits: impl Fn(&Key) -> bool) -> Option<String> {
        let mut sums: BTreeMap<&str, u64> = BTreeMap::new();
        for (_, functions) in self.0.iter().filter(|(key, _)| fits(key)) {
            for (function, ns) in functions {
                *sums.entry(function).or_default() += ns;
            }
        }
        let all: u64 = sums.values().sum();
        let (function, ns) = sums.into_iter().max_by_key(|(_, ns)| *ns)?;
        (ns as f64 >= LARGE * all as f64).then(|| function.to_owned())
    }

    fn of_row(&self, role: Option<&Role>, kind: TermKind, cause: &str) -> Option<String> {
        self.largest(|key| key.role.as_ref() == role && key.kind == kind && key.cause == cause)
    }
}

/// Names the largest function of each row of CPU time, of arms and of differences. The function of
/// a difference is that of the arm that takes more.
pub fn name(arms: &mut [Arm], metrics: &mut [Metric], found: &[LargestFunctions]) {
    for (arm, functions) in arms.iter_mut().zip(found) {
        name_rows(&mut arm.ledger, functions, |row, key| {
            row.role == key.role && row.kind == key.kind && row.cause == key.cause
        });
        name_rows(&mut arm.by_cause, functions, |row, key| {
            row.kind == key.kind && row.cause == key.cause
        });
        name_rows(&mut arm.by_kind, functions, |row, key| {
            kinds::is_part_of(key.role.as_ref(), key.kind, row.kind)
        });
    }
    let place = |name: &str| arms.iter().position(|arm| arm.arm == name);
    for metric in metrics
        .iter_mut()
        .filter(|metric| metric.name.is_cpu_time())
    {
        for pair in &mut metric.pairs {
            let arms = [&pair.a, &pair.b].map(|arm| place(arm).and_then(|at| found.get(at)));
            if let [Some(a), Some(b)] = arms {
                name_pair(pair, [a, b]);
            }
        }
    }
}

/// Names the rows of CPU time; `holds` says whether a row has what a key stands for.
fn name_rows(
    ledgers: &mut BTreeMap<MetricId, Vec<LedgerRow>>,
    functions: &LargestFunctions,
    holds: fn(&LedgerRow, &Key) -> bool,
) {
    let of_cpu = ledgers
        .iter_mut()
        .filter(|(metric, _)| metric.is_cpu_time());
    for row in of_cpu.flat_map(|(_, rows)| rows) {
        row.function = functions.largest(|key| holds(row, key));
    }
}

fn name_pair(pair: &mut Pair, [a, b]: [&LargestFunctions; 2]) {
    let costly = |term: &Term| if term.delta >= 0.0 { b } else { a };
    for term in &mut pair.terms {
        let functions = costly(term);
        term.function = functions.of_row(term.role.as_ref(), term.kind, &term.cause);
    }
    for term in &mut pair.by_cause {
        let functions = costly(term);
        term.function = functions.largest(|key| key.kind == term.kind && key.cause == term.cause);
    }
    for term in &mut pair.by_kind {
        let functions = costly(term);
        term.function =
            functions.largest(|key| kinds::is_part_of(key.role.as_ref(), key.kind, term.kind));
    }
}

/// Returns the words for the innermost function of user code: of a sample in the kernel the one
/// that called the kernel. Compiled code without names has none. Work on memory shows who asked for
/// it as well.
fn function(recording: &Recording, count: &StackCount, kind: TermKind) -> Option<String> {
    let stacks = &recording.stacks;
    let mut frames = stacks.frame_indexes(count.node);
    let place = |frame: usize| stacks.frames.get(frame).map(|frame| frame.place);
    let innermost = match count.mode {
        SampleMode::User => frames.next(),
        _ => frames.find(|frame| matches!(place(*frame), Some(CodePlace::Region(_)))),
    };
    let innermost = innermost.filter(|frame| is_known(stacks, *frame))?;
    let words = stacks.label_at(innermost);
    let asker = (works_on_memory(kind) || kind == TermKind::Fault)
        .then(|| asker(recording, frames))
        .flatten();
    match asker {
        Some(asker) => Some(format!("{words}, called by {}", stacks.label_at(asker))),
        None => Some(words),
    }
}

/// Returns whether a frame has a symbol or an address.
fn is_known(stacks: &Stacks, frame: usize) -> bool {
    let frame = stacks.frames.get(frame);
    frame.is_some_and(|frame| !frame.function.is_empty() || frame.module.is_some())
}

/// Returns whether rows of a kind are of memory that some caller asked for.
fn works_on_memory(kind: TermKind) -> bool {
    use CodeCategory::{Allocation, Copying, Zeroing};
    matches!(kind, TermKind::Code(Copying | Zeroing | Allocation))
}

/// Returns the nearest caller with a symbol or a known source file, otherwise the nearest. A folder
/// says too little, and so does a function of the allocator, which works for its caller.
fn asker(recording: &Recording, callers: impl Iterator<Item = usize>) -> Option<usize> {
    let stacks = &recording.stacks;
    let is_compiled = |frame: usize| {
        let place = stacks.frames.get(frame).map(|frame| frame.place);
        place == Some(CodePlace::Region(RegionClass::JitCode))
    };
    let callers = callers.take_while(|caller| !is_compiled(*caller));
    let callers: Vec<usize> = callers.filter(|caller| is_known(stacks, *caller)).collect();
    let says_more = |caller: &&usize| {
        let frame = stacks.frames.get(**caller);
        let has_symbol = frame.is_some_and(|frame| !frame.function.is_empty());
        let source = stacks.source_at(**caller);
        has_symbol || source.is_some_and(|source| !source.ends_with('/'))
    };
    let allocates = |caller: &&usize| {
        let samples = code::frame(stacks, **caller);
        let category = samples.map(|found| code::of_function(recording.target.runtime, &found));
        category.is_some_and(|category| works_on_memory(TermKind::Code(category)))
    };
    let named = || callers.iter().filter(says_more);
    let asker = named().find(|caller| !allocates(caller));
    asker.or(named().next()).or(callers.first()).copied()
}

#[cfg(test)]
mod tests;
