//! Which processes are tracked.

use crate::maps::{FORKED, HEAP_ENDS, TARGET_CACHE, TARGETS, count};
use profiler_common::Forked;
use profiler_common::process::{self, Cached, TARGET_CACHE_LEN};
use profiler_common::slot::Field;

/// Whether a thread group is tracked.
#[inline(always)]
pub fn is_target(tgid: u32) -> bool {
    let Some(entry) = target_entry(tgid) else {
        return false;
    };
    match process::look_up(entry.get(), tgid) {
        Cached::Tracked => true,
        Cached::Untracked => false,
        Cached::Unknown => TARGETS.get_ptr(tgid).is_some(),
    }
}

/// The cache's entry of a thread group.
#[inline(always)]
fn target_entry(tgid: u32) -> Option<Field<'static, u32>> {
    let entry = TARGET_CACHE.get_ptr_mut(tgid % TARGET_CACHE_LEN)?;
    // SAFETY: an array's memory stays in place, and no reference to it is ever made.
    Some(unsafe { Field::inside(entry) })
}

/// Returns when a process joined the target, or `since_ns` if that was later.
#[inline(always)]
pub fn later_join(tgid: u32, since_ns: u64) -> u64 {
    let Some(joined) = TARGETS.get_ptr(tgid) else {
        return since_ns;
    };
    // SAFETY: a value of a preallocated hash stays in place, and a number is written whole.
    let joined_ns = unsafe { joined.read_volatile() };
    if joined_ns > since_ns {
        joined_ns
    } else {
        since_ns
    }
}

/// Begins to track a process, since `joined_ns` or, with 0, since its fork.
#[inline(always)]
pub fn insert_process(tgid: u32, forked: Forked, joined_ns: u64) {
    let known = TARGETS.insert(tgid, joined_ns, 0).is_ok();
    if !known || FORKED.insert(tgid, forked, 0).is_err() {
        count(|counters| counters.lost_processes += 1);
    }
    if known && let Some(entry) = target_entry(tgid) {
        entry.set(process::added(entry.get(), tgid));
    }
}

/// Ends the tracking of a process, so that its id can be another's.
#[inline(always)]
pub fn remove_process(tgid: u32) {
    // Most processes of the host are in neither map.
    if TARGETS.remove(tgid).is_err() {
        return;
    }
    if let Some(entry) = target_entry(tgid) {
        entry.set(process::removed(entry.get(), tgid));
    }
    // Only a process that has managed memory is there.
    let _ = HEAP_ENDS.remove(tgid);
}
