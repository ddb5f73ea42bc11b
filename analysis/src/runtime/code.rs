//! What user code does, told from the function that a sample found, the file it came from and the thread's role.
//!
//! Function names are matched as the symbols of a file name them, without their parameters. What no rule knows is said
//! to be unknown rather than guessed: a file without symbols (Bun's and Deno's are stripped) tells nothing but where the
//! code was mapped from.

mod cpp;
mod go;
mod native;
mod node;
mod python;
mod rust;

use super::{ALLOCATOR_SCAVENGER, COLLECTOR, GO_SYSMON, JSC_HEAP_HELPER, JSC_JIT};
use crate::work;
use recording::process::CodeSamples;

/// Collecting garbage.
pub const COLLECTING: &str = work::COLLECTING;
/// Compiling what runs.
pub const COMPILING: &str = work::COMPILING;
/// Choosing what runs next, and passing it between threads.
pub const SCHEDULING: &str = "runtime scheduler";
/// Asking what is ready, and calling what waits for it.
pub const LOOPING: &str = "event loop";
/// The program itself, and the libraries it is written with.
pub const APPLICATION: &str = "application code";
/// Encryption and hashing.
pub const CRYPTO: &str = "encryption and hashing";
/// Reading and writing formats: HTTP, JSON, UTF-8.
pub const PARSING: &str = "parsing and formatting";
/// Copying, comparing and clearing memory.
pub const COPYING: &str = "copying memory";
/// Taking and giving back memory inside the process.
pub const ALLOCATING: &str = "memory allocation";
/// What is left of the runtime: its own code that none of the above describes.
pub const RUNTIME: &str = "other runtime code";
/// The few instructions around each system call.
pub const AROUND_CALLS: &str = "around system calls";
/// Nothing that was recorded tells.
pub const UNKNOWN: &str = work::USER_CODE;

/// Every kind of user code.
pub const EVERY: [&str; 12] = [
    COLLECTING,
    COMPILING,
    SCHEDULING,
    LOOPING,
    APPLICATION,
    CRYPTO,
    PARSING,
    COPYING,
    ALLOCATING,
    RUNTIME,
    AROUND_CALLS,
    UNKNOWN,
];

/// What threads of a role do all the time, if they exist for one job.
pub fn job_of(role: &str) -> Option<&'static str> {
    match role {
        JSC_HEAP_HELPER | COLLECTOR => Some(COLLECTING),
        JSC_JIT => Some(COMPILING),
        ALLOCATOR_SCAVENGER => Some(ALLOCATING),
        GO_SYSMON => Some(SCHEDULING),
        _ => None,
    }
}

/// What samples found a thread doing.
pub fn doing(runtime: &str, samples: &CodeSamples) -> &'static str {
    if let Some(job) = job_of(&samples.role) {
        return job;
    }
    if samples.class == "jit code" {
        return APPLICATION;
    }
    let (function, file) = (samples.function.as_str(), samples.file.as_str());
    if let Some(known) = native::library(file).or_else(|| native::function(function)) {
        return known;
    }
    match runtime {
        "go" => go::doing(function),
        "rust" => rust::doing(function),
        "c" | "cpp" => cpp::doing(function),
        "node" | "deno" | "bun" => node::doing(function),
        "python" => python::doing(function, file),
        _ => UNKNOWN,
    }
}

/// What a function is called if it is a wrapper of the C library or the vDSO: like the system call that it makes.
pub fn bare(function: &str) -> &str {
    let prefixes = ["__libc_", "__GI_", "__vdso_", "__"];
    let mut bare = prefixes
        .iter()
        .filter_map(|prefix| function.strip_prefix(prefix));
    bare.next().unwrap_or(function)
}

/// The first rule whose beginnings one of the function's parts matches.
fn first(rules: &[(&'static str, &[&str])], function: &str) -> Option<&'static str> {
    let begins = |starts: &&[&str]| starts.iter().any(|start| function.starts_with(start));
    let rule = rules.iter().find(|(_, starts)| begins(starts));
    rule.map(|(doing, _)| *doing)
}

/// The first rule one of whose words is anywhere in the function's name.
fn anywhere(rules: &[(&'static str, &[&str])], function: &str) -> Option<&'static str> {
    let holds = |words: &&[&str]| words.iter().any(|word| function.contains(word));
    let rule = rules.iter().find(|(_, words)| holds(words));
    rule.map(|(doing, _)| *doing)
}

#[cfg(test)]
mod tests;
