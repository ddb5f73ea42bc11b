//! Deno: V8's platform threads are named as in Node; what is not JavaScript runs on tokio's.

use super::{MAIN_LOOP, Seen, TOKIO_WORKER, V8_WORKER, unknown};

pub(super) fn role(seen: Seen<'_>) -> String {
    let roles = [
        ("V8 DefaultWorke", V8_WORKER),
        ("V8Worker", V8_WORKER),
        ("DenoV8", V8_WORKER),
        ("tokio-r", TOKIO_WORKER),
    ];
    if seen.is_main {
        return MAIN_LOOP.into();
    }
    let known = roles.iter().find(|(name, _)| seen.is_named(&[name]));
    known.map_or_else(|| unknown::role(seen), |(_, role)| (*role).into())
}
