//! Deno: V8's platform threads have the names that they have in Node; all but JavaScript runs on
//! tokio's threads.

use super::{Seen, unknown};
use recording::vocabulary::Role;

static ROLES: [(&str, Role); 4] = [
    ("V8 DefaultWorke", Role::V8Worker),
    ("V8Worker", Role::V8Worker),
    ("DenoV8", Role::V8Worker),
    ("tokio-r", Role::TokioWorker),
];

pub(super) fn role(seen: Seen<'_>) -> Role {
    if seen.is_main {
        return Role::MainLoop;
    }
    let known = ROLES.iter().find(|(name, _)| seen.is_named(&[name]));
    known.map_or_else(|| unknown::role(seen), |(_, role)| role.clone())
}
