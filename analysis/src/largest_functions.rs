//! The function with most of each row of CPU time, by the call stacks that found it.

use crate::arms::Rounds;
use crate::attribution;
use crate::kinds;
use crate::ledger::Key;
use recording::comparison::{Arm, LedgerRow, Metric, Pair, Term};
use recording::stacks::{SampleMode, StackFrame};
use recording::vocabulary::{CodePlace, MetricId, Role, TermKind};
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
            let functions = self.0.entry(row.key).or_default();
            for share in row.stacks {
                let count = &recording.stacks.counts[share.count];
                if let Some(function) = function(&recording.stacks, count.mode, count.node) {
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
/// that called the kernel. Compiled code without names has none.
fn function(stacks: &Stacks, mode: SampleMode, node: Option<usize>) -> Option<String> {
    let mut frames = stacks.frames_of(node);
    let in_user = |place| matches!(place, CodePlace::Region(_));
    let innermost = match mode {
        SampleMode::User => frames.next(),
        _ => frames.find(|frame| in_user(frame.place)),
    };
    let known = |frame: &&StackFrame| !frame.function.is_empty() || frame.module.is_some();
    innermost.filter(known).map(|frame| stacks.label(frame))
}

#[cfg(test)]
mod tests {
    use super::*;
    use recording::stacks::StacksBuilder;
    use recording::testing::{Build, MAIN};
    use recording::vocabulary::{CodeCategory, RegionClass};

    /// An arm whose loop allocates in `function` and in another, and sends.
    fn arm(name: &str, function: &str, ns: u64) -> (String, Recording) {
        let frame = |function: &str, place| StackFrame {
            function: function.into(),
            module: None,
            address: 0,
            place,
            ..StackFrame::default()
        };
        let text = CodePlace::Region(RegionClass::BinaryText);
        let user = (0, SampleMode::User, false);
        let mut builder = StacksBuilder::default();
        builder.add(user, [frame("main", text), frame(function, text)], 80);
        builder.add(user, [frame("main", text), frame("free", text)], 20);
        let in_kernel = frame("__x64_sys_sendto", CodePlace::Kernel);
        let sending = [frame("main", text), frame("write_all", text), in_kernel];
        builder.add((0, SampleMode::Syscall, false), sending, 5);
        let build = Build::arm(name).load(1, 1);
        let build = build.thread(1, MAIN, |thread| {
            let thread = thread.user(ns, 1).call("sendto", 1, 50);
            thread.with(|thread| thread.samples.user = 100)
        });
        let build = build.with(|recording| recording.stacks = builder.done());
        (name.into(), build.done())
    }

    #[test]
    fn names_the_largest_function_of_rows_and_differences() {
        let recordings = [
            arm("cpp:a", "malloc", 1_000),
            arm("cpp:b", "mi_malloc", 5_000),
        ];
        let comparison = crate::testing::compare(&recordings);
        let rows = &comparison.arms[0].ledger[&MetricId::CpuNsPerToken];
        let of = |kind: fn(TermKind) -> bool| {
            let row = rows.iter().find(|row| kind(row.kind));
            row.and_then(|row| row.function.as_deref())
        };
        assert_eq!(of(TermKind::is_user_code), Some("malloc"));
        assert_eq!(of(TermKind::is_syscall), Some("write_all"));
        let metrics = comparison.metrics.iter();
        let metric = metrics
            .clone()
            .find(|metric| metric.name == MetricId::CpuNsPerToken);
        let pair = &metric.expect("a metric").pairs[0];
        let allocation = TermKind::Code(CodeCategory::Allocation);
        for terms in [&pair.terms, &pair.by_cause, &pair.by_kind] {
            let term = terms.iter().find(|term| term.kind == allocation);
            let function = term.and_then(|term| term.function.as_deref());
            assert_eq!(
                function,
                Some("mi_malloc"),
                "that of the arm that takes more"
            );
        }
    }

    #[test]
    fn names_no_function_without_stacks() {
        let mut plain = arm("cpp:a", "malloc", 1_000);
        plain.1.stacks = Stacks::default();
        let comparison = crate::testing::compare(&[plain]);
        let mut rows = comparison.arms[0].ledger[&MetricId::CpuNsPerToken].iter();
        assert!(rows.all(|row| row.function.is_none()));
    }
}
