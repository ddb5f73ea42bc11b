//! .NET: CoreCLR names its threads. With the workstation collector the thread that allocates
//! collects; the server collector has dedicated threads.

use super::{Seen, by_name, unknown};
use recording::vocabulary::Role;

static ROLES: [(&str, Role); 12] = [
    (".NET Server GC", Role::Gc),
    (".NET BGC", Role::Gc),
    (".NET Tiered", Role::Jit),
    (".NET TP ", Role::Pool),
    (".NET ThreadPool", Role::Pool),
    (".NET Long Runni", Role::Pool),
    (".NET Sockets", Role::SecondaryLoop),
    (".NET Finalizer", Role::VmThread),
    (".NET SigHandler", Role::VmThread),
    (".NET Synch", Role::VmThread),
    (".NET EventPipe", Role::VmThread),
    (".NET Timer", Role::VmThread),
];

pub(super) fn role(seen: Seen<'_>) -> Role {
    let known = by_name(seen, &ROLES).filter(|_| !seen.is_main);
    known.unwrap_or_else(|| unknown::role(seen))
}
