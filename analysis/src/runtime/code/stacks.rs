//! Categories of user code from whole call stacks.
//!
//! In this order: the only job of the thread; a root of garbage collection anywhere in the stack;
//! the innermost function, by its symbol, its file or evidence of its work; a function of the same
//! kind that called it, at most [`MOST_CALLERS`] calls away, if it works for that function alone; a
//! function above whose work is one class of system calls. Otherwise only the context is known:
//! called from JavaScript or from an event loop.

use super::syscall_paths::SyscallPaths;
use super::{category, compiled_leaves, dedicated, evidence, frame as frame_of};
use crate::gc::Collection;
use crate::kinds;
use crate::stack_calls::bare;
use recording::Recording;
use recording::process::CodeSamples;
use recording::stacks::{SampleMode, StackCount};
use recording::vocabulary::{CodeCategory, CodePlace, RegionClass, Role, Runtime};
use std::collections::{BTreeMap, BTreeSet};

/// Calls over which a function without a name is taken to work for its caller.
const MOST_CALLERS: usize = 3;

/// The category of each sample of user code of one recording whose threads have roles.
///
/// With call stacks the whole stack decides, without them (`--stacks none`) the innermost function.
/// Attribution, flame graphs and lists of functions ask here, so that a sample has one category
/// everywhere.
pub struct StackCategories<'a> {
    recording: &'a Recording,
    /// Names of the calls that threads of a role made.
    calls: BTreeMap<&'a Role, BTreeSet<&'a str>>,
    /// Categories by evidence, by index of the frame.
    hints: BTreeMap<usize, CodeCategory>,
    paths: SyscallPaths,
    /// Functions, by index of the frame, whose compiled callees are regular expressions.
    regex: BTreeSet<usize>,
    /// In the order of `stacks.counts`; absent for samples outside of user code.
    found: Vec<Option<CodeCategory>>,
}

impl<'a> StackCategories<'a> {
    /// Decides on every sample.
    pub fn of(recording: &'a Recording) -> Self {
        let hints = recording.stacks.hints.iter();
        let hints = hints.filter_map(|hint| Some((hint.frame, evidence::category(hint)?)));
        let mut categories = StackCategories {
            recording,
            calls: calls(recording),
            hints: hints.collect(),
            paths: SyscallPaths::of(recording),
            regex: compiled_leaves::callers(recording),
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
        let is_wrapper = self.wraps(role, &samples.function);
        match is_wrapper && dedicated(role).is_none() {
            true => CodeCategory::SyscallWrapper,
            false => category(self.recording.target.runtime, role, samples),
        }
    }

    /// Returns whether a function is the C library's wrapper of a call that the role makes.
    fn wraps(&self, role: &Role, function: &str) -> bool {
        let calls = self.calls.get(role);
        calls.is_some_and(|calls| calls.contains(bare(function)))
    }

    fn decide(&self, count: &StackCount, collection: &Collection<'_>) -> Option<CodeCategory> {
        if count.mode != SampleMode::User {
            return None;
        }
        let role = &self.recording.threads.get(count.thread)?.role;
        let by_stack = || collection.collects(count).then_some(CodeCategory::Gc);
        let decided = dedicated(role).or_else(by_stack);
        Some(decided.unwrap_or_else(|| self.by_frames(role, count)))
    }

    fn by_frames(&self, role: &Role, count: &StackCount) -> CodeCategory {
        let all: Vec<usize> = self.recording.stacks.frame_indexes(count.node).collect();
        // Callers of compiled code did not choose what it calls.
        let compiled = all.iter().position(|frame| self.is_compiled(*frame));
        let native = &all[..compiled.unwrap_or(all.len())];
        let Some((innermost, callers)) = native.split_first() else {
            let caller = all.get(1).copied();
            let is_regex = caller.is_some_and(|caller| self.runs_regex(role, caller));
            return match is_regex {
                true => CodeCategory::Regex,
                false => self.of_leaf(role, &leaf(self.recording, count)),
            };
        };
        let own = self.of_frame(role, *innermost);
        // Parts of a runtime for all purposes work for their caller.
        let own_work = own.filter(|category| !is_general(*category));
        let by_caller = || {
            let mut callers = callers.iter().take(MOST_CALLERS);
            callers.find_map(|caller| {
                let category = self.of_frame(role, *caller)?;
                let says_more = own.is_none() || !is_general(category);
                (employs(category) && says_more).then_some(category)
            })
        };
        let by_path = || native.iter().find_map(|frame| self.paths.get(*frame));
        let named = own_work.or_else(by_caller).or(own).or_else(by_path);
        named.unwrap_or_else(|| self.context(role, compiled.is_some()))
    }

    /// Returns whether compiled code that a function calls is a regular expression: engines compile
    /// those, too. A function that replaces text may call the program.
    fn runs_regex(&self, role: &Role, frame: usize) -> bool {
        let frames = &self.recording.stacks.frames;
        let replaces = frames
            .get(frame)
            .is_some_and(|frame| frame.function.contains("Replace"));
        let is_known = || self.of_frame(role, frame) == Some(CodeCategory::Regex);
        self.regex.contains(&frame) || !replaces && is_known()
    }

    /// Returns the category of a function by itself, if it is named.
    fn of_frame(&self, role: &Role, frame: usize) -> Option<CodeCategory> {
        let found = self.recording.stacks.frames.get(frame)?;
        if !matches!(found.place, CodePlace::Region(_)) {
            return None;
        }
        let by_evidence = self.hints.get(&frame).copied();
        let by_name = || {
            let category = self.of_leaf(role, &frame_of(&self.recording.stacks, frame)?);
            category.is_named().then_some(category)
        };
        if found.function.is_empty() {
            return by_evidence.or_else(by_name);
        }
        // A name of a known kind says more than instructions.
        let by_name = by_name();
        let says_work = |category: &CodeCategory| {
            *category != CodeCategory::Application && !is_general(*category)
        };
        by_name.filter(says_work).or(by_evidence).or(by_name)
    }

    fn is_compiled(&self, frame: usize) -> bool {
        let frames = &self.recording.stacks.frames;
        let place = frames.get(frame).map(|frame| frame.place);
        place == Some(CodePlace::Region(RegionClass::JitCode))
    }

    /// Returns what is known of code without a name by the place that it is called from.
    fn context(&self, role: &Role, is_below_compiled: bool) -> CodeCategory {
        let runtime = self.recording.target.runtime;
        let runs_javascript = matches!(runtime, Runtime::Bun | Runtime::Node | Runtime::Deno);
        match role {
            // The thread is named by its only work.
            Role::HttpClient => CodeCategory::Http,
            _ if is_below_compiled && runs_javascript => CodeCategory::CalledFromJs,
            Role::MainLoop | Role::SecondaryLoop | Role::JavaScriptWorker if runs_javascript => {
                CodeCategory::CalledFromLoop
            }
            _ => CodeCategory::Unnamed,
        }
    }
}

/// Returns whether functions that code of a category calls work for it. Loops, schedulers and the
/// program call functions of any kind.
fn employs(category: CodeCategory) -> bool {
    use CodeCategory::*;
    match category {
        Gc | Jit | Promises | Engine | Crypto | Compression | Http | Json | Text | Regex
        | Parsing | Streams | Sockets | Copying | Zeroing | Allocation | Timers => true,
        Scheduler | EventLoop | Application | JavaScript | Runtime | SyscallWrapper
        | CalledFromJs | CalledFromLoop | Unnamed => false,
    }
}

/// Returns whether a category is of code for any purpose, as objects of an engine are.
fn is_general(category: CodeCategory) -> bool {
    matches!(category, CodeCategory::Runtime | CodeCategory::Engine)
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
    let innermost = recording.stacks.frames_of(count.node).next();
    CodeSamples {
        class: match innermost.map(|frame| frame.place) {
            Some(CodePlace::Region(class)) => class,
            _ => RegionClass::Unmapped,
        },
        ..CodeSamples::default()
    }
}

#[cfg(test)]
mod tests;
