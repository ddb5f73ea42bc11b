//! Bun: the threads of Bun itself and of JavaScriptCore are named.

use super::{ALLOCATOR_SCAVENGER, HTTP_CLIENT, JSC_HEAP_HELPER, JSC_JIT, MAIN_LOOP, Seen};

pub(super) fn role(seen: Seen<'_>) -> &'static str {
    let roles = [
        ("HTTP Client", HTTP_CLIENT),
        ("HeapHelper", JSC_HEAP_HELPER),
        ("Heap Helper", JSC_HEAP_HELPER),
        ("JITWorker", JSC_JIT),
        ("JSC", "JSC helper"),
        ("mi-scavenger", ALLOCATOR_SCAVENGER),
        ("Bun Pool", "pool"),
        ("Worker", "JavaScript worker"),
    ];
    if seen.is_main {
        return MAIN_LOOP;
    }
    match roles.iter().find(|(name, _)| seen.is_named(&[name])) {
        Some((_, role)) => role,
        // WebKit's allocator has a thread without a name of its own that gives pages back.
        None if seen.mostly(&["madvise"]) => ALLOCATOR_SCAVENGER,
        None => "pool",
    }
}
