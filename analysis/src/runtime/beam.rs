//! Erlang: the virtual machine names its schedulers. Since OTP 25 names begin with `erts_`; before
//! that, with the scheduler's number.

use super::{Seen, by_name, unknown};
use recording::vocabulary::Role;

static ROLES: [(&str, Role); 11] = [
    ("erts_sched", Role::BeamScheduler),
    ("erts_dirty", Role::BeamDirtyScheduler),
    ("erts_dcpu", Role::BeamDirtyScheduler),
    ("erts_dio", Role::BeamDirtyScheduler),
    ("erts_poll", Role::SecondaryLoop),
    ("erts_async", Role::Pool),
    ("async_", Role::Pool),
    ("erts_", Role::VmThread),
    ("sys_", Role::VmThread),
    ("aux", Role::VmThread),
    ("child_setup", Role::VmThread),
];

pub(super) fn role(seen: Seen<'_>) -> Role {
    if seen.is_main {
        return unknown::role(seen);
    }
    let unnumbered = seen
        .thread
        .name
        .trim_start_matches(|letter: char| letter.is_ascii_digit());
    match unnumbered {
        "_scheduler" => Role::BeamScheduler,
        name if name.starts_with("_dirty_") => Role::BeamDirtyScheduler,
        _ => by_name(seen, &ROLES).unwrap_or_else(|| unknown::role(seen)),
    }
}
