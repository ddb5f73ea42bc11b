//! Bun: the threads of Bun itself and of JavaScriptCore have names.

use super::Seen;
use recording::vocabulary::Role;

static ROLES: [(&str, Role); 8] = [
    ("HTTP Client", Role::HttpClient),
    ("HeapHelper", Role::JscHeapHelper),
    ("Heap Helper", Role::JscHeapHelper),
    ("JITWorker", Role::JscJit),
    ("JSC", Role::JscHelper),
    ("mi-scavenger", Role::AllocatorScavenger),
    ("Bun Pool", Role::Pool),
    ("Worker", Role::JavaScriptWorker),
];

pub(super) fn role(seen: Seen<'_>) -> Role {
    if seen.is_main {
        return Role::MainLoop;
    }
    match ROLES.iter().find(|(name, _)| seen.is_named(&[name])) {
        Some((_, role)) => role.clone(),
        // WebKit's allocator returns pages on a thread that has no name.
        None if seen.mostly(&["madvise"]) => Role::AllocatorScavenger,
        None => Role::Pool,
    }
}
