//! Node: newer versions name their threads; before that all are `node` and behaviour decides.

use super::{MAIN_LOOP, SECONDARY_LOOP, Seen, V8_WORKER, WAITS};

pub(super) fn role(seen: Seen<'_>) -> &'static str {
    if seen.is_main {
        MAIN_LOOP
    } else if seen.is_named(&["libuv-worker"]) {
        "libuv pool"
    } else if seen.is_named(&["V8Worker", "V8 DefaultWorke"]) {
        V8_WORKER
    } else if seen.is_named(&["DelayedTaskSche"]) {
        "V8 delayed tasks"
    } else if seen.is_named(&["SignalInspector"]) {
        "inspector"
    } else {
        by_behaviour(seen)
    }
}

/// V8's workers touch memory and futexes only; libuv's pool does the blocking I/O; what polls is a loop of its own.
fn by_behaviour(seen: Seen<'_>) -> &'static str {
    if seen.calls(&WAITS) > 0 {
        SECONDARY_LOOP
    } else if seen.calls(&["read", "pread64", "openat", "statx", "connect", "sendmmsg"]) > 0 {
        "libuv pool"
    } else {
        V8_WORKER
    }
}
