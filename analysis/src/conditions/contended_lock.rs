//! Threads that wait for locks that others hold.

use super::{Sign, waits_for};
use crate::thresholds::{Limit, Thresholds};
use crate::waits;
use recording::Recording;
use recording::vocabulary::WaitKind;
use recording::waits::Wait;

/// Returns the sign of the condition in one round.
pub(super) fn check(path: &str, round: &Recording, limits: &Thresholds) -> Option<Sign> {
    let limit = limits[Limit::LockShare];
    let fits = |wait: &Wait| wait.kind == WaitKind::Lock;
    waits_for::sign((path, round), ("locks", limit), fits, place)
}

/// Returns where a thread waited, and who released the lock.
fn place(round: &Recording, wait: &Wait) -> String {
    let stacks = &round.waits.stacks;
    let last = round.waits.last(wait);
    let at = |node| waits::place(stacks, node).map_or(String::new(), |at| format!(" in {at}"));
    format!(
        "{}{}, until {}{} released it",
        round.role_of(wait.thread),
        at(wait.node),
        waits::waker_role(last.waker, |index| round.role_of(index)),
        at(last.waker_node)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use recording::process::WakeSource;
    use recording::testing::Build;

    #[test]
    fn detects_time_that_threads_wait_for_locks() {
        let with = |waited: u64, kind| {
            let build = Build::arm("x")
                .thread(1, "front", |thread| thread.user(100, 1))
                .thread(2, "back", |thread| thread);
            let build = build.with(|recording| {
                recording.waits.rows = vec![Wait {
                    kind,
                    waker: WakeSource::Thread(1),
                    off_cpu_ns: waited,
                    ..Wait::default()
                }];
                recording.process.on_cpu_ns = 100;
                recording.window.duration_ns = 1_000_000_000;
            });
            check("r", &build.done(), &Thresholds::default())
        };
        let sign = with(50, WaitKind::Lock).expect("seen");
        assert!(
            sign.text.starts_with(
                "its threads waited for locks 50 ns a second, 0.500 times as long as they ran"
            ),
            "{}",
            sign.text
        );
        assert!(sign.text.ends_with("released it"), "{}", sign.text);
        assert!(with(50, WaitKind::HandOff).is_none() && with(1, WaitKind::Lock).is_none());
    }
}
