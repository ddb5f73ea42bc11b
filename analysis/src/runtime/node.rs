//! Node: newer versions name their threads; before that all are `node` and behaviour decides.

use super::Seen;

const WAITS: [&str; 3] = ["epoll_wait", "epoll_pwait", "epoll_pwait2"];

pub(super) fn role(seen: Seen<'_>) -> &'static str {
    if seen.is_main {
        "main loop"
    } else if seen.is_named(&["libuv-worker"]) {
        "libuv pool"
    } else if seen.is_named(&["V8Worker", "V8 DefaultWorke"]) {
        "V8 worker (garbage collection, JIT)"
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
        "secondary loop"
    } else if seen.calls(&["read", "pread64", "openat", "statx", "connect", "sendmmsg"]) > 0 {
        "libuv pool"
    } else {
        "V8 worker (garbage collection, JIT)"
    }
}
