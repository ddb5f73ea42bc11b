//! Bun: the threads of Bun itself and of JavaScriptCore are named.

use super::Seen;

pub(super) fn role(seen: Seen<'_>) -> &'static str {
    let roles = [
        ("HTTP Client", "HTTP Client"),
        ("HeapHelper", "JSC heap helper (garbage collection)"),
        ("Heap Helper", "JSC heap helper (garbage collection)"),
        ("JITWorker", "JSC JIT compiler"),
        ("JSC", "JSC helper"),
        ("mi-scavenger", "allocator scavenger"),
        ("Bun Pool", "pool"),
        ("Worker", "JavaScript worker"),
    ];
    if seen.is_main {
        return "main loop";
    }
    let known = roles.iter().find(|(name, _)| seen.is_named(&[name]));
    known.map_or("pool", |(_, role)| role)
}
