//! Run-queue blame: which processes held a CPU while threads of the target waited for one.

use super::proc_snapshot::read_lossy;
use super::tasks::comm;
use profiler_common::{FOREIGN, OTHER_PROCESSES, RunQueueBlame as Blame};
use recording::process::RunQueueBlame;
use std::cmp::Reverse;

/// Processes listed; the others are waited for little.
const LISTED: usize = 16;

/// Lists the processes, longest waits first. `blamed` are waits by PID, `own` the target's PIDs.
pub fn run_queue_blame(blamed: &[(u32, Blame)], own: &[u32]) -> Vec<RunQueueBlame> {
    let waited = blamed.iter().filter(|(_, blame)| blame.count > 0);
    let blame = |(pid, blame): &(u32, Blame)| RunQueueBlame {
        pid: pid & !FOREIGN,
        name: name_of(*pid, blame),
        own: own.contains(pid),
        count: blame.count,
        wait_ns: blame.wait_ns,
    };
    let mut waits: Vec<RunQueueBlame> = waited.map(blame).collect();
    waits.sort_by_key(|wait| Reverse(wait.wait_ns));
    waits.truncate(LISTED);
    waits
}

/// Returns the map's entry for processes that it has no room for.
pub fn other_processes() -> (u32, Blame) {
    let mut comm = [0; 16];
    comm[..15].copy_from_slice(b"other processes");
    let none = Blame {
        comm,
        ..Blame::default()
    };
    (OTHER_PROCESSES, none)
}

/// Returns the present name of the process; if it has ended, the name that its thread had then.
fn name_of(pid: u32, blame: &Blame) -> String {
    match read_lossy(format!("/proc/{pid}/comm")) {
        Some(name) => name.trim_end_matches('\n').to_owned(),
        None if pid == 0 => "idle".to_owned(),
        None => comm(&blame.comm),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blame(wait_ns: u64) -> Blame {
        Blame {
            count: 1,
            wait_ns,
            comm: *b"rustc\0\0\0\0\0\0\0\0\0\0\0",
        }
    }

    #[test]
    fn lists_the_longest_waits_first_with_names() {
        let own = std::process::id();
        let waits = run_queue_blame(
            &[(0, blame(1)), (u32::MAX, blame(3)), (own, blame(2))],
            &[own],
        );
        let found: Vec<_> = waits.iter().map(|wait| (wait.wait_ns, wait.own)).collect();
        assert_eq!(found, [(3, false), (2, true), (1, false)]);
        assert_eq!((&*waits[0].name, &*waits[2].name), ("rustc", "idle"));
        assert!(!waits[1].name.is_empty());
    }

    #[test]
    fn lists_no_more_than_the_limit() {
        let crowd: Vec<_> = (1..100).map(|pid| (u32::MAX - pid, blame(1))).collect();
        assert_eq!(run_queue_blame(&crowd, &[]).len(), LISTED);
    }

    #[test]
    fn lists_other_processes_only_if_there_were_any() {
        let (pid, none) = other_processes();
        assert!(run_queue_blame(&[(pid, none)], &[]).is_empty());
        let some = Blame { count: 2, ..none };
        let listed = run_queue_blame(&[(pid, some)], &[]);
        assert_eq!(listed[0].name, "other processes");
    }
}
