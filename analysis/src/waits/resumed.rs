//! Waits for a lock that a time limit interrupts.
//!
//! CPython's `take_gil` sleeps for 5 ms at most, then asks the holder to let the lock go, and
//! sleeps on until it does. So most of a wait ends by the time limit, and the holder ends the
//! short rest.

use super::functions;
use recording::Stacks;
use recording::process::WakeSource;
use recording::vocabulary::WaitKind;
use recording::waits::Wait;
use std::collections::BTreeMap;

/// Writes for each wait that a time limit interrupted the row of the wait that came next: of the
/// same thread the one with most waits that a thread ended.
pub(super) fn annotate(stacks: &Stacks, rows: &mut [Wait]) {
    let is_repeated = |wait: &Wait| {
        let mut names = stacks.frames_of(wait.node).map(|frame| &frame.function);
        wait.kind == WaitKind::Lock && names.any(|name| functions::takes_python_global_lock(name))
    };
    let mut last: BTreeMap<usize, (u64, usize)> = BTreeMap::new();
    for (index, wait) in rows.iter().enumerate() {
        if matches!(wait.waker, WakeSource::Thread(_)) && is_repeated(wait) {
            let most = last.entry(wait.thread).or_default();
            *most = (*most).max((wait.count, index));
        }
    }
    for wait in rows.iter_mut() {
        let interrupted = wait.waker == WakeSource::Timer && is_repeated(wait);
        let next = last.get(&wait.thread).filter(|_| interrupted);
        wait.resumed = next.map(|(_, index)| *index);
    }
}
