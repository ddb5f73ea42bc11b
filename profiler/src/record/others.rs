//! What the target's threads ran, and what they had to do with each other and with other processes: who woke whom, who
//! was waited for.

use super::drain::{self, Drained};
use super::memory::Places;
use super::symbols;
use profiler_common::{
    OTHER_PROCESSES, RunQueueBlame as Charged, Thread, ThreadExit, WAKER_IDLE, WAKER_OTHER,
};
use recording::Recording;
use recording::process::{CodeSamples, WaitedFor, Waker};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Processes listed; those after them are waited for little.
const MOST: usize = 16;

/// The roles of threads by their serial number.
pub struct Roles<'a>(BTreeMap<u32, &'a str>);

impl<'a> Roles<'a> {
    /// Of every thread that was followed.
    pub fn of(drained: &Drained, ended: &[ThreadExit], recording: &'a Recording) -> Self {
        let threads = recording.threads.iter();
        let by_tid: BTreeMap<u32, &str> = threads
            .map(|thread| (thread.tid, thread.role.as_str()))
            .collect();
        let ended = ended.iter().map(|exit| &exit.thread);
        let tracked: Vec<&Thread> = drained.live.iter().chain(ended).collect();
        let tids = drain::by_serial(tracked.into_iter());
        let roles = tids.into_iter();
        Roles(
            roles
                .filter_map(|(serial, tid)| Some((serial, *by_tid.get(&tid)?)))
                .collect(),
        )
    }

    /// The role of a thread, or who it was if it is none of the target's.
    pub fn role(&self, serial: u32) -> &'a str {
        match serial {
            WAKER_IDLE => "idle/interrupt",
            WAKER_OTHER => "other process",
            _ => self.0.get(&serial).copied().unwrap_or("ended thread"),
        }
    }
}

/// What samples of user mode found, by role, most first. `compiled` has names that no file's symbols tell.
pub fn code(
    drained: &Drained,
    pid: u32,
    places: Places,
    roles: &Roles<'_>,
    compiled: &BTreeMap<u64, String>,
) -> Vec<CodeSamples> {
    let units = drained.code.keys().map(|(_, unit)| *unit);
    let names = symbols::functions(pid, places, symbols::UNIT, units);
    let mut sums: BTreeMap<CodeKey, u64> = BTreeMap::new();
    for ((serial, unit), count) in &drained.code {
        let file = places.file_of(*unit);
        let key = CodeKey {
            role: roles.role(*serial),
            function: names
                .get(unit)
                .or_else(|| compiled.get(unit))
                .map_or("", String::as_str),
            file: file.map(|file| file_name(&file.path)).unwrap_or_default(),
            class: places.class_of_code(*unit),
        };
        *sums.entry(key).or_default() += count;
    }
    let found = sums.into_iter().map(|(key, samples)| CodeSamples {
        role: key.role.into(),
        function: key.function.into(),
        file: key.file,
        class: key.class.into(),
        samples,
    });
    let mut found: Vec<_> = found.collect();
    found.sort_by_key(|code| std::cmp::Reverse(code.samples));
    found
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct CodeKey<'a> {
    role: &'a str,
    function: &'a str,
    file: String,
    class: &'static str,
}

/// The last part of a path.
pub fn file_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

/// Who woke whom, by role.
pub fn wakers(drained: &Drained, roles: &Roles<'_>) -> Vec<Waker> {
    let role = |serial: u32| roles.role(serial).to_owned();
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
        .filter(|(_, charged)| charged.count > 0)
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

/// The entry for processes that no longer fit into the map.
pub fn late_processes() -> (u32, Charged) {
    let mut comm = [0; 16];
    comm[..15].copy_from_slice(b"other processes");
    let none = Charged {
        comm,
        ..Charged::default()
    };
    (OTHER_PROCESSES, none)
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

    fn charged(wait_ns: u64) -> Charged {
        Charged {
            count: 1,
            wait_ns,
            comm: *b"rustc\0\0\0\0\0\0\0\0\0\0\0",
        }
    }

    #[test]
    fn the_longest_waits_come_first_and_each_has_a_name() {
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
        let crowd: Vec<_> = (1..100).map(|pid| (u32::MAX - pid, charged(1))).collect();
        assert_eq!(waited_for(&crowd, &[]).len(), MOST);
    }

    #[test]
    fn those_that_came_late_are_told_if_there_are_any() {
        let (pid, none) = late_processes();
        assert!(waited_for(&[(pid, none)], &[]).is_empty());
        let some = Charged { count: 2, ..none };
        assert_eq!(waited_for(&[(pid, some)], &[])[0].name, "other processes");
    }
}
