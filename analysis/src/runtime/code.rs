//! Categories of user code, from the function that a sample found, its file, and the role of its
//! thread.
//!
//! Rules match function names as the symbols of a file have them, without parameters. Code that no
//! rule knows has no category rather than a guessed one: a file without symbols (Bun's and Deno's
//! are stripped) shows nothing but the region that the code was mapped in.

mod compiled_leaves;
mod cpp;
mod evidence;
mod go;
mod native;
mod node;
mod python;
mod rust;
mod stacks;
mod syscall_paths;

pub use stacks::StackCategories;

use recording::Stacks;
use recording::process::CodeSamples;
use recording::vocabulary::{CodeCategory, CodePlace, RegionClass, Role, Runtime};

/// A rule: a category, and words in names of functions or files.
type Rule = (CodeCategory, &'static [&'static str]);

/// Returns the category of all code of threads that have a single job.
pub fn dedicated(role: &Role) -> Option<CodeCategory> {
    match role {
        role if role.is_gc() => Some(CodeCategory::Gc),
        role if role.is_jit() => Some(CodeCategory::Jit),
        Role::AllocatorScavenger => Some(CodeCategory::Allocation),
        Role::GoSysmon => Some(CodeCategory::Scheduler),
        _ => None,
    }
}

/// Returns the category of code that samples found in a thread of a role.
pub fn category(runtime: Runtime, role: &Role, samples: &CodeSamples) -> CodeCategory {
    dedicated(role).unwrap_or_else(|| of_function(runtime, samples))
}

/// Returns the frame of a stack at an index as samples without a stack have it.
pub fn frame(stacks: &Stacks, index: usize) -> Option<CodeSamples> {
    let frame = stacks.frames.get(index)?;
    let module = frame.module.and_then(|module| stacks.modules.get(module));
    Some(CodeSamples {
        function: frame.function.clone(),
        file: module.map_or_else(String::new, |module| module.file.clone()),
        class: match frame.place {
            CodePlace::Region(class) => class,
            CodePlace::Syscall | CodePlace::Kernel => RegionClass::Other,
        },
        ..CodeSamples::default()
    })
}

/// Returns the category of a function in a thread with more than one job.
pub fn of_function(runtime: Runtime, samples: &CodeSamples) -> CodeCategory {
    if samples.class == RegionClass::JitCode {
        return match runtime {
            Runtime::Bun | Runtime::Node | Runtime::Deno => CodeCategory::JavaScript,
            _ => CodeCategory::Application,
        };
    }
    let (function, file) = (samples.function.as_str(), samples.file.as_str());
    let known = native::library(file).or_else(|| native::function(function));
    if let Some(known) = known.or_else(|| native::in_c_library(file, function)) {
        return known;
    }
    match runtime {
        Runtime::Go => go::category(function),
        Runtime::Rust => rust::category(function),
        Runtime::C | Runtime::Cpp => cpp::category(function),
        Runtime::Node | Runtime::Deno | Runtime::Bun => node::category(function),
        Runtime::Python => python::category(function, file),
        _ if function.is_empty() => CodeCategory::Unnamed,
        // A symbol names it.
        _ => CodeCategory::Application,
    }
}

/// Returns the category of the first rule one of whose words the name begins with.
fn first(rules: &[Rule], function: &str) -> Option<CodeCategory> {
    let begins = |starts: &&[&str]| starts.iter().any(|start| function.starts_with(start));
    let rule = rules.iter().find(|(_, starts)| begins(starts));
    rule.map(|(category, _)| *category)
}

/// Returns the category of the first rule one of whose words is anywhere in the name.
fn anywhere(rules: &[Rule], function: &str) -> Option<CodeCategory> {
    let holds = |words: &&[&str]| words.iter().any(|word| function.contains(word));
    let rule = rules.iter().find(|(_, words)| holds(words));
    rule.map(|(category, _)| *category)
}

#[cfg(test)]
mod tests;
