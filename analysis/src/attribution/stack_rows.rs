//! Rows of the ledger by call stack.

use super::part::Found;
use super::parts;
use crate::grid;
use crate::kinds;
use crate::ledger::Key;
use crate::runtime::code::StackCategories;
use crate::stack_calls;
use recording::Recording;
use recording::process::Thread;
use recording::stacks::{SampleMode, StackCount};
use recording::vocabulary::{CodeCategory, CodePlace, Role, TermKind};
use std::collections::BTreeMap;

/// Kernel functions that only run for a context switch.
const SWITCHING: [&str; 3] = ["schedule", "__schedule", "finish_task_switch"];

/// A row of the ledger of one recording, with the call stacks that found its time.
#[derive(Clone, Debug, PartialEq)]
pub struct StackRow {
    /// Role, kind and cause, as the ledger has them.
    pub key: Key,
    /// Time of the row: the sum of `stacks` and `unsampled_ns`.
    pub ns: u64,
    /// Its time by stack, in the order of `stacks.counts`.
    pub stacks: Vec<StackShare>,
    /// Time that no stack found: calls too short or too rare for a sample, or samples without a
    /// stack.
    pub unsampled_ns: u64,
}

/// The part of a row that one stack found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StackShare {
    /// Index into `stacks.counts`.
    pub count: usize,
    /// Time, ns.
    pub ns: u64,
}

/// Returns the rows of one recording's ledger of CPU time with the time of each call stack.
///
/// Rows are those that [`super::book`] books, to the nanosecond. A row's time is split over the
/// stacks that belong to it, by their samples; roundings go to the last of them. A stack of user
/// code belongs to the row of its category, one in the kernel to the row of its system call, of
/// faults or of context switches. Time of wrappers goes to the rows of the calls, as in the ledger,
/// and is split over the stacks that end in wrappers: those of this call where their function names
/// it, otherwise all of the role.
pub fn stack_rows(recording: &Recording) -> Vec<StackRow> {
    let categories = StackCategories::of(recording);
    let samples = Samples::of(recording, &categories);
    let mut rows: BTreeMap<Key, StackRow> = BTreeMap::new();
    let mut times: BTreeMap<(Key, Found), u64> = BTreeMap::new();
    for part in parts("", recording, &categories) {
        *times.entry((part.key, part.found)).or_default() += part.value;
    }
    for ((key, found), ns) in times.into_iter().filter(|(_, ns)| *ns > 0) {
        let row = rows.entry(key.clone()).or_insert_with(|| StackRow {
            key: key.clone(),
            ns: 0,
            stacks: Vec::new(),
            unsampled_ns: 0,
        });
        row.ns += ns;
        match samples.get(&key, found) {
            [] => row.unsampled_ns += ns,
            counts => row.stacks.extend(shares(recording, counts, ns)),
        }
    }
    let mut rows: Vec<StackRow> = rows.into_values().collect();
    for row in &mut rows {
        row.stacks.sort_by_key(|share| share.count);
    }
    rows
}

/// Splits a time over stacks by their samples, to the last nanosecond.
fn shares(recording: &Recording, counts: &[usize], ns: u64) -> Vec<StackShare> {
    let samples = |count: &usize| recording.stacks.counts[*count].samples;
    let all: u64 = counts.iter().map(samples).sum();
    let (mut seen, mut given) = (0, 0);
    let share = |count: &usize| {
        seen += samples(count);
        let up_to_here = grid::part(ns, seen, all);
        let own = up_to_here - given;
        given = up_to_here;
        StackShare {
            count: *count,
            ns: own,
        }
    };
    let shares = counts.iter().map(share);
    shares.filter(|share| share.ns > 0).collect()
}

/// Stacks by the row that they belong to.
#[derive(Default)]
struct Samples {
    own: BTreeMap<Key, Vec<usize>>,
    /// Stacks of user code around a known call.
    around: BTreeMap<Key, Vec<usize>>,
    /// Stacks of user code around calls, by role.
    wrappers: BTreeMap<Option<Role>, Vec<usize>>,
}

impl Samples {
    fn of(recording: &Recording, categories: &StackCategories<'_>) -> Self {
        let mut samples = Samples::default();
        for (index, count) in recording.stacks.counts.iter().enumerate() {
            // A damaged file may have stacks without samples.
            if let Some(thread) = recording.threads.get(count.thread)
                && count.samples > 0
            {
                samples.add(recording, index, (count, thread), categories);
            }
        }
        samples
    }

    fn add(
        &mut self,
        recording: &Recording,
        index: usize,
        (count, thread): (&StackCount, &Thread),
        categories: &StackCategories<'_>,
    ) {
        let role = Some(&thread.role);
        let has_calls = thread.syscalls.iter().any(|call| call.count > 0);
        let own = match (count.mode, categories.get(index)) {
            (SampleMode::User, Some(CodeCategory::SyscallWrapper)) if has_calls => {
                let of_role = self.wrappers.entry(role.cloned()).or_default();
                of_role.push(index);
                if let Some(key) = call_of(recording, count, thread) {
                    self.around.entry(key).or_default().push(index);
                }
                None
            }
            (SampleMode::User, category) => {
                category.map(|category| Key::of_kind(role, TermKind::Code(category)))
            }
            (SampleMode::Syscall | SampleMode::SyscallEdge, _) => call_of(recording, count, thread),
            (SampleMode::Fault, _) if switches(recording, count) => {
                Some(Key::of_kind(role, TermKind::ContextSwitch))
            }
            (SampleMode::Fault | SampleMode::FaultReturn, _) => {
                Some(Key::of_kind(role, TermKind::Fault))
            }
        };
        if let Some(key) = own {
            self.own.entry(key).or_default().push(index);
        }
    }

    fn get(&self, key: &Key, found: Found) -> &[usize] {
        let known = match found {
            Found::Own => self.own.get(key),
            Found::Wrapper => {
                let around = self.around.get(key);
                around.or_else(|| self.wrappers.get(&key.role))
            }
        };
        known.map_or(&[], Vec::as_slice)
    }
}

/// Returns the row of the system call that a stack is in or around.
fn call_of(recording: &Recording, count: &StackCount, thread: &Thread) -> Option<Key> {
    let call = stack_calls::call_of(recording, count, thread)?;
    let (kind, cause) = kinds::of_syscall(call);
    Some(Key::new(Some(&thread.role), kind, cause))
}

/// Returns whether a sample in the kernel outside of system calls is of a context switch. A page
/// fault may sleep, which is part of the fault.
fn switches(recording: &Recording, count: &StackCount) -> bool {
    let frames = || recording.stacks.frames_of(count.node);
    let in_kernel = || frames().filter(|frame| frame.place == CodePlace::Kernel);
    let faults = in_kernel().any(|frame| frame.function.contains("page_fault"));
    let begins = |name: &str| {
        SWITCHING
            .iter()
            .any(|switching| name.starts_with(switching))
    };
    !faults && in_kernel().any(|frame| begins(&frame.function))
}

#[cfg(test)]
mod tests;
