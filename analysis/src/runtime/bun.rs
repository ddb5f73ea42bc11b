//! Bun: the threads of Bun itself and of JavaScriptCore are named.

use super::{JSC_HEAP_HELPER, JSC_JIT, Seen};

pub(super) fn role(seen: Seen<'_>) -> &'static str {
    let roles = [
        ("HTTP Client", "HTTP Client"),
        ("HeapHelper", JSC_HEAP_HELPER),
        ("Heap Helper", JSC_HEAP_HELPER),
        ("JITWorker", JSC_JIT),
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
