//! Ruby: the interpreter names its timer thread and its compiler; other threads belong to the
//! program.

use super::{Seen, by_name, unknown};
use recording::vocabulary::Role;

static ROLES: [(&str, Role); 3] = [
    ("ruby-timer-thr", Role::VmThread),
    ("ruby-mjit", Role::Jit),
    ("puma srv tp", Role::Pool),
];

pub(super) fn role(seen: Seen<'_>) -> Role {
    let known = by_name(seen, &ROLES).filter(|_| !seen.is_main);
    known.unwrap_or_else(|| unknown::role(seen))
}
