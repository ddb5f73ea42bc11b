//! The part of a call's sleep that is a wait for a lock.

use recording::Recording;
use recording::vocabulary::WaitKind;
use std::collections::BTreeMap;

/// Time and number of the waits for locks and of all waits, by thread and system call.
pub(super) type Locks<'a> = BTreeMap<(usize, &'a str), ([u64; 2], [u64; 2])>;

/// Returns the system calls in which threads wait for locks.
pub(super) fn locks(recording: &Recording) -> Locks<'_> {
    let mut calls = Locks::new();
    for wait in &recording.waits.rows {
        let call = calls.entry((wait.thread, wait.syscall.as_str()));
        let (time, count) = call.or_default();
        time[1] = time[1].saturating_add(wait.off_cpu_ns);
        count[1] = count[1].saturating_add(wait.count);
        if wait.kind == WaitKind::Lock {
            time[0] = time[0].saturating_add(wait.off_cpu_ns);
            count[0] = count[0].saturating_add(wait.count);
        }
    }
    calls
}

/// Returns the part of a whole that one of two numbers is of the other.
pub(super) fn part(whole: u64, [some, all]: [u64; 2]) -> u64 {
    let part = u128::from(whole) * u128::from(some) / u128::from(all.max(1));
    whole.min(part as u64)
}
