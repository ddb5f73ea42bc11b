//! Waits for a lock that a time limit interrupts.
//!
//! Runtimes wait for a contended lock in turns: CPython's `take_gil` sleeps for 5 ms at most, then
//! asks the holder to let the lock go, and sleeps on. The first thread that the JVM's
//! `ObjectMonitor` queues sleeps 1 ms, 8 ms, 64 ms and so on, and tries in between. So a time limit
//! ends most of a wait, and the holder ends its last turn. A program that tries
//! `pthread_mutex_timedlock` again does the same.
//!
//! All turns of one wait sleep on one futex, or on the two words of one condition variable.

use super::kind;
use recording::Stacks;
use recording::process::WakeSource;
use recording::vocabulary::WaitKind;
use recording::waits::Wait;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Bits of an address within the two words of a condition variable of glibc, which lie side by
/// side: a waiter sleeps on one of them, the next group of waiters on the other.
const WORDS: u64 = 7;

/// Thread and futex of a wait.
type Place = (usize, u64);

/// Writes for each wait for a lock that a time limit interrupted the row of the turn that got it:
/// of the same thread and futex one that a thread ended, if possible with the same user code, and
/// of these the one with most waits.
pub(super) fn annotate(stacks: &Stacks, rows: &mut [Wait]) {
    let mut ended: BTreeMap<Place, Vec<usize>> = BTreeMap::new();
    for (index, wait) in rows.iter().enumerate() {
        if let (WakeSource::Thread(_), Some(place)) = (wait.waker, place(wait)) {
            ended.entry(place).or_default().push(index);
        }
    }
    let next = |wait: &Wait| {
        let interrupted = wait.waker == WakeSource::Timer;
        let ended = ended.get(&place(wait).filter(|_| interrupted)?)?;
        let code = user_code(stacks, wait);
        let best = |index: &&usize| {
            let other = &rows[**index];
            // Of equal rows the first: those of a recording come longest first.
            let is_same = user_code(stacks, other) == code;
            (is_same, other.count, Reverse(**index))
        };
        ended.iter().max_by_key(best).copied()
    };
    let resumed: Vec<Option<usize>> = rows.iter().map(next).collect();
    for (wait, resumed) in rows.iter_mut().zip(resumed) {
        wait.resumed = resumed;
    }
}

/// Returns where a thread waits for a lock.
fn place(wait: &Wait) -> Option<Place> {
    let futex = wait.futex.filter(|_| wait.kind == WaitKind::Lock)?;
    Some((wait.thread, futex & !WORDS))
}

/// Returns the node of the innermost frame outside of the kernel: equal for equal user code.
fn user_code(stacks: &Stacks, wait: &Wait) -> Option<usize> {
    let nodes = stacks.node_indexes(wait.node);
    let frames = stacks.frames_of(wait.node);
    let mut both = nodes.zip(frames);
    let (node, _) = both.find(|(_, frame)| kind::is_user(frame))?;
    Some(node)
}
