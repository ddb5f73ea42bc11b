//! Node: newer versions name their threads; before that all are `node` and behaviour decides.

use super::Seen;
use recording::vocabulary::Role;

/// Calls that block, which Node makes on libuv's pool.
const BLOCKING: [&str; 6] = ["read", "pread64", "openat", "statx", "connect", "sendmmsg"];

pub(super) fn role(seen: Seen<'_>) -> Role {
    if seen.is_main {
        Role::MainLoop
    } else if seen.is_named(&["libuv-worker"]) {
        Role::LibuvPool
    } else if seen.is_named(&["V8Worker", "V8 DefaultWorke"]) {
        Role::V8Worker
    } else if seen.is_named(&["DelayedTaskSche"]) {
        Role::V8DelayedTasks
    } else if seen.is_named(&["SignalInspector"]) {
        Role::Inspector
    } else {
        by_behaviour(seen)
    }
}

/// Returns the role by the calls of the thread. V8's workers touch memory and futexes only; libuv's
/// pool does the blocking I/O; a thread that polls is another event loop.
fn by_behaviour(seen: Seen<'_>) -> Role {
    if seen.event_waits() > 0 {
        Role::SecondaryLoop
    } else if seen.calls(&BLOCKING) > 0 {
        Role::LibuvPool
    } else {
        Role::V8Worker
    }
}
