//! Node (and Bun and Deno as far as they have symbols): V8 is C++, and its interpreter and built-in functions, which is
//! where JavaScript runs before it is compiled, are named `Builtins_…`.

use super::{
    ALLOCATING, APPLICATION, COLLECTING, COMPILING, LOOPING, PARSING, RUNTIME, UNKNOWN, anywhere,
};

const NAMES: [(&str, &[&str]); 5] = [
    (
        COLLECTING,
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
        COMPILING,
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
    (
        PARSING,
        &[
            "Json",
            "simdutf",
            "llhttp",
            "Utf8",
            "node::StringBytes",
            "v8::String::Write",
        ],
    ),
    (
        ALLOCATING,
        &[
            "v8::internal::Factory::",
            "AllocateRaw",
            "v8::internal::NewSpace",
            "LocalAllocationBuffer",
        ],
    ),
    (
        LOOPING,
        &[
            "uv_",
            "uv__",
            "node::LibuvStreamWrap",
            "node::StreamBase",
            "node::AsyncWrap",
            "MicrotaskQueue",
            "node::Environment::RunTimers",
        ],
    ),
];

/// What a function of a JavaScript runtime does; what no rule knows is the runtime's own.
pub(super) fn doing(function: &str) -> &'static str {
    match function {
        "" => UNKNOWN,
        _ => anywhere(&NAMES, function).unwrap_or(match function.starts_with("Builtins_") {
            true => APPLICATION,
            false => RUNTIME,
        }),
    }
}
