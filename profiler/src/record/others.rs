//! What the target's threads had to do with each other and with other processes: who woke whom, who was waited for.

use super::drain::{self, Drained};
use profiler_common::{Thread, ThreadExit, WAKER_IDLE, WAKER_OTHER, WaitedFor as Charged};
use recording::Recording;
use recording::process::{WaitedFor, Waker};
use std::collections::BTreeMap;
use std::fs;

/// Processes listed; those after them are waited for little.
const MOST: usize = 16;

/// Who woke whom, by role.
pub fn wakers(drained: &Drained, ended: &[ThreadExit], recording: &Recording) -> Vec<Waker> {
    let tracked: Vec<Thread> = drained
        .live
        .iter()
        .copied()
        .chain(ended.iter().map(|exit| exit.thread))
        .collect();
    let tids = drain::by_serial(tracked.iter());
    let role = |serial: u32| match serial {
        WAKER_IDLE => "idle/interrupt".to_owned(),
        WAKER_OTHER => "other process".to_owned(),
        _ => {
            let tid = tids.get(&serial).copied().unwrap_or(0);
            let thread = recording.threads.iter().find(|thread| thread.tid == tid);
            thread.map_or_else(|| "ended thread".to_owned(), |thread| thread.role.clone())
        }
    };
    let mut sums: BTreeMap<(String, String), u64> = BTreeMap::new();
    for (from, to, count) in &drained.wakes {
        *sums.entry((role(*from), role(*to))).or_default() += count;
    }
    let mut wakers: Vec<Waker> = sums
        .into_iter()
        .map(|((from_role, to_role), count)| Waker {
            from_role,
            to_role,
            count,
        })
        .collect();
    wakers.sort_by_key(|waker| std::cmp::Reverse(waker.count));
    wakers
}

/// Who had the CPU while threads of `own` processes waited for one, longest first.
pub fn waited_for(charged: &[(u32, Charged)], own: &[u32]) -> Vec<WaitedFor> {
    let mut waits: Vec<WaitedFor> = charged
        .iter()
        .map(|(pid, charged)| WaitedFor {
            pid: *pid,
            name: name_of(*pid, charged),
            own: own.contains(pid),
            count: charged.count,
            wait_ns: charged.wait_ns,
        })
        .collect();
    waits.sort_by_key(|wait| std::cmp::Reverse(wait.wait_ns));
    waits.truncate(MOST);
    waits
}

/// What the process calls itself now; what its thread was called then, if it has ended.
fn name_of(pid: u32, charged: &Charged) -> String {
    match fs::read_to_string(format!("/proc/{pid}/comm")) {
        Ok(name) => name.trim_end_matches('\n').to_owned(),
        Err(_) if pid == 0 => "idle".to_owned(),
        Err(_) => String::from_utf8_lossy(&charged.comm)
            .trim_end_matches('\0')
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_waits_come_first_and_each_has_a_name() {
        let charged = |wait_ns| Charged {
            count: 1,
            wait_ns,
            comm: *b"rustc\0\0\0\0\0\0\0\0\0\0\0",
        };
        let own = std::process::id();
        let waits = waited_for(
            &[(0, charged(1)), (u32::MAX, charged(3)), (own, charged(2))],
            &[own],
        );
        let found: Vec<_> = waits.iter().map(|wait| (wait.wait_ns, wait.own)).collect();
        assert_eq!(found, [(3, false), (2, true), (1, false)]);
        assert_eq!((&*waits[0].name, &*waits[2].name), ("rustc", "idle"));
        assert!(!waits[1].name.is_empty());
    }

    #[test]
    fn a_crowd_is_cut_off() {
        let crowd: Vec<_> = (1..100)
            .map(|pid| (u32::MAX - pid, Charged::default()))
            .collect();
        assert_eq!(waited_for(&crowd, &[]).len(), MOST);
    }
}
