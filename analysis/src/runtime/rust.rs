//! Rust: tokio's workers have names. A main thread that waits for events is a runtime of one
//! thread; with workers, it only waits for them.

use super::{Seen, unknown};
use recording::vocabulary::Role;

pub(super) fn role(seen: Seen<'_>) -> Role {
    if !seen.is_main && seen.is_named(&["tokio-r"]) {
        return Role::TokioWorker;
    }
    unknown::role(seen)
}
