//! Categories of user code from whole call stacks.

use super::{bare, category, dedicated};
use crate::gc::Collection;
use crate::kinds;
use recording::Recording;
use recording::process::CodeSamples;
use recording::stacks::{SampleMode, StackCount};
use recording::vocabulary::{CodeCategory, CodePlace, RegionClass, Role};
use std::collections::{BTreeMap, BTreeSet};

/// The category of each sample of user code of one recording whose threads have roles.
///
/// With call stacks the whole stack decides, without them (`--stacks none`) the innermost function.
/// Attribution, flame graphs and lists of functions ask here, so that a sample has one category
/// everywhere.
pub struct StackCategories<'a> {
    recording: &'a Recording,
    /// Names of the calls that threads of a role made.
    calls: BTreeMap<&'a Role, BTreeSet<&'a str>>,
    /// In the order of `stacks.counts`; absent for samples outside of user code.
    found: Vec<Option<CodeCategory>>,
}

impl<'a> StackCategories<'a> {
    /// Decides on every sample.
    pub fn of(recording: &'a Recording) -> Self {
        let mut categories = StackCategories {
            recording,
            calls: calls(recording),
            found: Vec::new(),
        };
        let collection = Collection::of(recording);
        let counts = recording.stacks.counts.iter();
        let found = counts.map(|count| categories.decide(count, &collection));
        categories.found = found.collect();
        categories
    }

    /// Returns the category of `stacks.counts[index]`; `None` where it was not in user code or its
    /// thread is unknown.
    pub fn get(&self, index: usize) -> Option<CodeCategory> {
        self.found.get(index).copied().flatten()
    }

    /// Returns the indexes of `stacks.counts` in user code with their categories.
    pub fn in_user_code(&self) -> impl Iterator<Item = (usize, CodeCategory)> {
        let found = self.found.iter().enumerate();
        found.filter_map(|(index, category)| Some((index, (*category)?)))
    }

    /// Returns the category of an innermost function without its callers.
    pub fn of_leaf(&self, role: &Role, samples: &CodeSamples) -> CodeCategory {
        let is_wrapper = self.wrapped(role, &samples.function).is_some();
        match is_wrapper && dedicated(role).is_none() {
            true => CodeCategory::SyscallWrapper,
            false => category(self.recording.target.runtime, role, samples),
        }
    }

    /// Returns the call of the role that a function of the C library wraps.
    pub fn wrapped(&self, role: &Role, function: &str) -> Option<&'a str> {
        self.calls.get(role)?.get(bare(function)).copied()
    }

    fn decide(&self, count: &StackCount, collection: &Collection<'_>) -> Option<CodeCategory> {
        if count.mode != SampleMode::User {
            return None;
        }
        let role = &self.recording.threads.get(count.thread)?.role;
        let leaf = leaf(self.recording, count);
        let by_role = dedicated(role);
        let by_stack = || collection.collects(count).then_some(CodeCategory::Gc);
        let decided = by_role.or_else(by_stack);
        Some(decided.unwrap_or_else(|| self.of_leaf(role, &leaf)))
    }
}

fn calls(recording: &Recording) -> BTreeMap<&Role, BTreeSet<&str>> {
    let mut calls: BTreeMap<&Role, BTreeSet<&str>> = BTreeMap::new();
    for thread in &recording.threads {
        let made = thread.syscalls.iter().filter(|call| call.count > 0);
        let names = made.map(|call| kinds::of_syscall(call).1);
        calls.entry(&thread.role).or_default().extend(names);
    }
    calls
}

/// Returns the innermost frame as samples without a stack have it.
fn leaf(recording: &Recording, count: &StackCount) -> CodeSamples {
    let stacks = &recording.stacks;
    let Some(frame) = stacks.frames_of(count.node).next() else {
        return CodeSamples {
            class: RegionClass::Unmapped,
            samples: count.samples,
            ..CodeSamples::default()
        };
    };
    let module = frame.module.and_then(|module| stacks.modules.get(module));
    CodeSamples {
        thread: count.thread,
        function: frame.function.clone(),
        file: module.map_or_else(String::new, |module| module.file.clone()),
        class: match frame.place {
            CodePlace::Region(class) => class,
            CodePlace::Syscall | CodePlace::Kernel => RegionClass::Other,
        },
        samples: count.samples,
    }
}
