//! Java: HotSpot names its threads. The program's threads have the names that Java gave them.

use super::{Seen, by_name, unknown};
use recording::process::Thread;
use recording::vocabulary::Role;
use std::collections::BTreeSet;

/// The thread that runs operations of the virtual machine at safepoints.
const VM_THREAD: &str = "VM Thread";

/// Names in HotSpot's sources (`share/gc`, `share/compiler`, `share/runtime`). Newer versions keep
/// the first seven bytes of a long name and its last six.
static ROLES: [(&str, Role); 33] = [
    ("GC Thread", Role::Gc),
    ("GC task thread", Role::Gc),
    ("G1 ", Role::Gc),
    ("ParGC Thread", Role::Gc),
    ("Gang worker", Role::Gc),
    ("Concurrent Mark", Role::Gc),
    ("CMS ", Role::Gc),
    ("ZWorker", Role::Gc),
    ("ZDirector", Role::Gc),
    ("ZDriver", Role::Gc),
    ("ZStat", Role::Gc),
    ("ZUncommitter", Role::Gc),
    ("RuntimeWorker", Role::Gc),
    ("XWorker", Role::Gc),
    ("XDirector", Role::Gc),
    ("XDriver", Role::Gc),
    ("Shenandoah", Role::Gc),
    ("C1 Comp", Role::Jit),
    ("C2 Comp", Role::Jit),
    ("JVMCI", Role::Jit),
    ("Sweeper thread", Role::Jit),
    (VM_THREAD, Role::VmThread),
    ("VM Peri", Role::VmThread),
    ("Signal Dispatch", Role::VmThread),
    ("Service Thread", Role::VmThread),
    ("Monitor Deflati", Role::VmThread),
    ("Monitor..", Role::VmThread),
    ("Notification Th", Role::VmThread),
    ("Notific..", Role::VmThread),
    ("Attach Listener", Role::VmThread),
    ("Reference Handl", Role::VmThread),
    ("Finalizer", Role::VmThread),
    ("Common-Cleaner", Role::VmThread),
];

pub(super) fn role(seen: Seen<'_>) -> Role {
    let known = by_name(seen, &ROLES).filter(|_| !seen.is_main);
    known.unwrap_or_else(|| unknown::role(seen))
}

/// Gives the role of a collector to the VM thread of processes without another: with the serial
/// collector, which HotSpot takes on small machines, that thread collects itself.
pub(super) fn find_serial_collectors(threads: &mut [Thread]) {
    let collectors = threads.iter().filter(|thread| thread.role == Role::Gc);
    let others: BTreeSet<u32> = collectors.map(|thread| thread.pid).collect();
    for thread in threads {
        if thread.name == VM_THREAD && !others.contains(&thread.pid) {
            thread.role = Role::Gc;
        }
    }
}
