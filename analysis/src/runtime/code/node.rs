//! Node (and Bun and Deno as far as they have symbols): V8 is C++. Its interpreter and built-in
//! functions, where JavaScript runs before it is compiled, are named `Builtins_…`.

use super::{Rule, anywhere};
use recording::vocabulary::CodeCategory::{
    self, Allocation, Crypto, EventLoop, Gc, Http, JavaScript, Jit, Json, Promises, Regex, Runtime,
    Text, Timers, Unnamed,
};

const NAMES: [Rule; 11] = [
    (Regex, &["RegExp", "Irregexp"]),
    (Crypto, &["node::crypto::", "ncrypto::"]),
    (
        Gc,
        &[
            "Scaveng",
            "MarkCompact",
            "Marking",
            "Sweeper",
            "Evacuat",
            "v8::internal::Heap::",
            "GCTracer",
            "WriteBarrier",
            "RecordWrite",
            "RememberedSet",
            "cppgc::",
            "WeakCallback",
            "GlobalHandles",
        ],
    ),
    (
        Jit,
        &[
            "v8::internal::compiler::",
            "v8::internal::maglev::",
            "v8::internal::baseline::",
            "v8::internal::interpreter::",
            "Compiler::",
            "OptimizedCompilation",
            "TurboFan",
            "TieringManager",
            "v8::internal::Parser",
            "v8::internal::Scanner",
            "Deoptimiz",
        ],
    ),
    (Json, &["Json"]),
    (Http, &["llhttp"]),
    (
        Text,
        &["simdutf", "Utf8", "node::StringBytes", "v8::String::Write"],
    ),
    (Promises, &["Promise", "Microtask", "AsyncFunction"]),
    (Timers, &["RunTimers", "uv__run_timers", "uv_timer"]),
    (
        Allocation,
        &[
            "v8::internal::Factory::",
            "AllocateRaw",
            "v8::internal::NewSpace",
            "LocalAllocationBuffer",
        ],
    ),
    (
        EventLoop,
        &[
            "uv_",
            "uv__",
            "node::LibuvStreamWrap",
            "node::StreamBase",
            "node::AsyncWrap",
        ],
    ),
];

/// Returns the category of a function; a named function that no rule knows is the runtime's own.
pub(super) fn category(function: &str) -> CodeCategory {
    match function {
        "" => Unnamed,
        _ => anywhere(&NAMES, function).unwrap_or(match function.starts_with("Builtins_") {
            true => JavaScript,
            false => Runtime,
        }),
    }
}
