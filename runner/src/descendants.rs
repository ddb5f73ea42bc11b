//! Ends the processes that blocking work has started, when the user interrupts it.

use super::interrupt::{Interrupt, Interrupted};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

/// Between two signals: work that continues may start another process.
const AGAIN: Duration = Duration::from_millis(100);
/// Time after which the signal is SIGKILL.
const GRACE: Duration = Duration::from_secs(3);

/// Does blocking `work` on another thread. If the user interrupts it, ends the processes that it
/// has started, and waits for it.
///
/// A build or the start of a server cannot be dropped half-way as a future can, but it fails at
/// once when the process it waits for is gone. The test of a run that is interrupted while building
/// shows that process groups do not suffice: a build has no group that this thread knows.
///
/// # Errors
/// Fails with [`Interrupted`] once the work has ended.
pub async fn ended_with<T: Send + 'static>(
    interrupt: &Interrupt,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Interrupted> {
    if interrupt.is_asked() {
        return Err(Interrupted);
    }
    let mut task = tokio::task::spawn_blocking(work);
    let asked = tokio::select! {
        biased;
        () = interrupt.asked(1) => Instant::now(),
        Ok(result) = &mut task => return Ok(result),
    };
    while !task.is_finished() {
        let patient = asked.elapsed() < GRACE;
        signal(if patient {
            Signal::SIGTERM
        } else {
            Signal::SIGKILL
        });
        // The loop checks whether it has ended.
        let _ = tokio::time::timeout(AGAIN, &mut task).await;
    }
    Err(Interrupted)
}

/// Signals every descendant of this process. Those of other users (sudo) cannot be reached.
pub fn signal(signal: Signal) {
    for pid in of(nix::unistd::getpid().as_raw()) {
        let _ = kill(pid, signal);
    }
}

/// Returns the children of a process, their children, and so on.
pub fn of(root: i32) -> Vec<Pid> {
    let processes = procfs::process::all_processes()
        .into_iter()
        .flatten()
        .flatten();
    let parents: Vec<(i32, i32)> = processes
        .filter_map(|process| process.stat().ok())
        .map(|stat| (stat.pid, stat.ppid))
        .collect();
    let found = below(root, &parents).into_iter();
    found.map(Pid::from_raw).collect()
}

/// Returns the descendants of `root`, given `(process, parent)` pairs in any order.
fn below(root: i32, parents: &[(i32, i32)]) -> HashSet<i32> {
    let mut found = HashSet::new();
    let mut open = vec![root];
    while let Some(parent) = open.pop() {
        let children = parents
            .iter()
            .filter(|(_, of)| *of == parent)
            .map(|(pid, _)| *pid);
        open.extend(children.filter(|pid| found.insert(*pid)));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_descendants_in_any_order() {
        let parents = [(5, 4), (4, 2), (3, 2), (9, 1), (2, 1)];
        assert_eq!(below(2, &parents), HashSet::from([3, 4, 5]));
        assert_eq!(below(9, &parents), HashSet::new());
    }

    #[test]
    fn terminates_on_a_circle() {
        assert_eq!(below(1, &[(1, 2), (2, 1)]), HashSet::from([1, 2]));
    }
}
