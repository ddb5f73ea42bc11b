//! Rust: tokio's workers are named. A main thread that waits for events is a runtime of one thread; with workers, it
//! only waits for them.

use super::{Seen, TOKIO_WORKER, unknown};

pub(super) fn role(seen: Seen<'_>) -> String {
    if !seen.is_main && seen.is_named(&["tokio-r"]) {
        return TOKIO_WORKER.into();
    }
    unknown::role(seen)
}
