//! The processes of the target: those it was given, their descendants, and those they fork.

use super::Options;
use super::proc_snapshot::{parent_of, start_time_ticks};
use super::runtime::ByExecutable;
use super::select::Cgroup;
use super::target::Process;
use super::threads::JoinedThread;
use super::window::Span;
use procfs::process::all_processes;
use profiler_common::Forked;
use recording::process::TreeProcess;
use std::collections::{BTreeMap, BTreeSet};

/// The processes of the target, in the order in which they became known.
#[derive(Debug)]
pub struct ProcessTree {
    processes: Vec<Process>,
    known: BTreeSet<u32>,
    /// The parent of each process that was alive when it became known.
    parents: BTreeMap<u32, u32>,
    forked: BTreeMap<u32, Forked>,
    follows: bool,
    cgroups: Vec<Cgroup>,
}

impl ProcessTree {
    /// Begins with some processes and, if the tree `follows`, their descendants.
    pub fn new(processes: Vec<Process>, follows: bool) -> Self {
        let mut tree = ProcessTree {
            known: processes.iter().map(|process| process.pid).collect(),
            parents: processes.iter().filter_map(parent).collect(),
            processes,
            forked: BTreeMap::new(),
            follows,
            cgroups: Vec::new(),
        };
        tree.find_descendants();
        tree
    }

    /// Begins as the options of a recording say; processes that join their cgroups later belong to
    /// the target too.
    pub fn of(processes: Vec<Process>, options: &Options) -> Self {
        ProcessTree {
            cgroups: options.cgroups.clone(),
            ..Self::new(processes, options.follow_forks)
        }
    }

    /// Returns whether descendants belong to the target.
    pub fn follows(&self) -> bool {
        self.follows
    }

    /// Returns the first process.
    pub fn first(&self) -> &Process {
        &self.processes[0]
    }

    /// Returns the PIDs, ended processes included.
    pub fn pids(&self) -> Vec<u32> {
        self.processes.iter().map(|process| process.pid).collect()
    }

    /// Returns the PIDs of processes that are alive. That of an ended one may be another's by now.
    pub fn live_pids(&self) -> Vec<u32> {
        let live = self.processes.iter().filter(|process| !process.has_ended());
        live.map(|process| process.pid).collect()
    }

    /// Returns whether all processes have ended.
    pub fn has_ended(&self) -> bool {
        self.processes.iter().all(Process::has_ended)
    }

    /// Adds descendants that are not known yet; returns their PIDs.
    pub fn find_descendants(&mut self) -> Vec<u32> {
        self.find_descendants_of(self.pids())
    }

    /// Adds descendants of some processes that are not known yet; returns their PIDs.
    pub fn find_descendants_of(&mut self, mut parents: Vec<u32>) -> Vec<u32> {
        if !self.follows {
            return Vec::new();
        }
        let children = children_by_parent();
        let mut found = Vec::new();
        while let Some(parent) = parents.pop() {
            for child in children.get(&parent).into_iter().flatten() {
                if self.add(*child) {
                    found.push(*child);
                    parents.push(*child);
                }
            }
        }
        found
    }

    /// Returns the processes that are in the cgroups now.
    pub fn members(&self) -> BTreeSet<u32> {
        self.cgroups.iter().flat_map(Cgroup::pids).collect()
    }

    /// Adds those of some processes that are new, with their descendants; returns the PIDs. Leaves
    /// out what this process started, such as a load.
    pub fn add_joined(&mut self, members: &BTreeSet<u32>) -> Vec<u32> {
        let new = members.iter().filter(|pid| !self.known.contains(*pid));
        let alive = new.filter(|pid| start_time_ticks(**pid).is_some() && !is_own(**pid));
        let alive: Vec<u32> = alive.copied().collect();
        let mut joined: Vec<u32> = alive.into_iter().filter(|pid| self.add(*pid)).collect();
        if !joined.is_empty() {
            joined.extend(self.find_descendants_of(joined.clone()));
        }
        joined
    }

    /// Adds processes that the programs saw being forked or joining a cgroup; returns the latter,
    /// with the time at which they joined.
    pub fn add_forked(
        &mut self,
        forked: impl IntoIterator<Item = (u32, Forked)>,
    ) -> Vec<(u32, u64)> {
        let mut forked: Vec<_> = forked.into_iter().collect();
        forked.sort_by_key(|(_, fork)| fork.started_ns);
        let mut joined = Vec::new();
        for (pid, fork) in forked {
            let joins = fork.parent == 0;
            if !joins {
                self.forked.insert(pid, fork);
            }
            if self.add(pid) && joins {
                joined.push((pid, fork.started_ns));
            }
        }
        joined
    }

    /// Forgets processes that have ended, except the first one and those in `kept`.
    pub fn forget_ended(&mut self, kept: &BTreeSet<u32>) {
        let first = self.first().pid;
        let stays = |process: &Process| {
            let pid = process.pid;
            pid == first || kept.contains(&pid) || !process.has_ended()
        };
        self.processes.retain(stays);
        let pids: BTreeSet<u32> = self.pids().into_iter().collect();
        self.known.retain(|pid| pids.contains(pid));
        self.parents.retain(|pid, _| pids.contains(pid));
        self.forked.retain(|pid, _| pids.contains(pid));
    }

    /// Adds a process; returns whether it is new. One that has ended already has no start time.
    fn add(&mut self, pid: u32) -> bool {
        let new = pid != std::process::id() && self.known.insert(pid);
        if new {
            let start_time = start_time_ticks(pid).unwrap_or_default();
            let process = Process { pid, start_time };
            self.parents.extend(parent(&process));
            self.processes.push(process);
        }
        new
    }

    /// Lists the processes of the recording, whose threads are `joined`. `on_cpu_ns` gives the
    /// on-CPU time of a thread.
    pub fn rows(
        &self,
        joined: &[JoinedThread],
        span: Span,
        on_cpu_ns: fn(&JoinedThread) -> u64,
    ) -> Vec<TreeProcess> {
        let mut rows: Vec<TreeProcess> = Vec::new();
        let mut runtimes = ByExecutable::default();
        for process in &self.processes {
            let pid = process.pid;
            let threads = || {
                joined
                    .iter()
                    .filter(move |thread| thread.tracked.tgid == pid)
            };
            let forked = self.forked.get(&pid);
            let main = threads().find(|thread| thread.tracked.tid == pid);
            let has_ended = process.has_ended();
            let ended = has_ended && threads().all(|thread| thread.exited_ns.is_some());
            let last_exit = threads().filter_map(|thread| thread.exited_in(span)).max();
            rows.push(TreeProcess {
                pid,
                ppid: forked
                    .map(|fork| fork.parent)
                    .or_else(|| self.parents.get(&pid).copied()),
                name: main.map(|thread| thread.name.clone()).unwrap_or_default(),
                runtime: (!has_ended).then(|| runtimes.of(pid)),
                threads: threads().count() as u64,
                on_cpu_ns: threads().map(on_cpu_ns).sum(),
                started_ns: forked
                    .and_then(|fork| fork.started_ns.checked_sub(span.start_ns))
                    .or_else(|| main.and_then(|thread| thread.started_in(span))),
                exited_ns: last_exit.filter(|_| ended),
            });
        }
        rows
    }
}

/// Returns the process with its parent, if it is alive.
fn parent(process: &Process) -> Option<(u32, u32)> {
    Some((process.pid, parent_of(process.pid)?))
}

/// Returns whether a process is this one or descends from it.
fn is_own(pid: u32) -> bool {
    let own = std::process::id();
    let mut parents = std::iter::successors(Some(pid), |pid| parent_of(*pid));
    parents.any(|parent| parent == own)
}

/// Returns the children of each process of this host.
fn children_by_parent() -> BTreeMap<u32, Vec<u32>> {
    let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for process in all_processes().into_iter().flatten().flatten() {
        let pid = process.pid().cast_unsigned();
        if let Some(parent) = parent_of(pid) {
            children.entry(parent).or_default().push(pid);
        }
    }
    children
}

#[cfg(test)]
mod tests {
    use super::*;
    use recording::vocabulary::Runtime;
    use std::process::{Command, Stdio};

    #[test]
    fn finds_descendants_and_waits_for_the_last_of_them() {
        let mut shell = Command::new("sh");
        shell.args(["-c", "sleep 1000 & echo; wait"]);
        let mut shell = shell.stdout(Stdio::piped()).spawn().expect("a shell");
        // Once the line is there, so is the child.
        let mut line = [0];
        std::io::Read::read_exact(shell.stdout.as_mut().expect("piped"), &mut line)
            .expect("a line");
        let process = Process::find(shell.id()).expect("it is there");
        let alone = ProcessTree::new(vec![process.clone()], false);
        assert_eq!(alone.pids(), [shell.id()]);
        let mut tree = ProcessTree::new(vec![process], true);
        assert_eq!(tree.pids().len(), 2, "{tree:?}");
        assert_eq!(tree.find_descendants(), [0; 0]);
        assert!(!tree.has_ended());
        let span = Span {
            start_ns: 0,
            end_ns: 1,
        };
        let rows = tree.rows(&[], span, |thread| thread.tracked.on_cpu_ns);
        let parents = rows.iter().map(|row| (row.ppid, row.runtime));
        let unknown = Some(Runtime::Unknown);
        let expected = [std::process::id(), shell.id()].map(|parent| (Some(parent), unknown));
        assert!(parents.eq(expected), "{rows:?}");
        shell.kill().expect("it can be ended");
        shell.wait().expect("it ends");
        let child = &tree.processes[1];
        nix::sys::signal::kill(
            nix::unistd::Pid::from_raw(child.pid.cast_signed()),
            nix::sys::signal::Signal::SIGKILL,
        )
        .expect("the child outlives its parent");
        while !child.has_ended() {
            std::thread::yield_now();
        }
        assert!(tree.has_ended());
    }

    #[test]
    fn adds_members_of_cgroups_but_not_its_own_processes() {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let list = |pids: &[u32]| {
            let lines: String = pids.iter().map(|pid| format!("{pid}\n")).collect();
            std::fs::write(folder.path().join("cgroup.procs"), lines).expect("written");
        };
        let mut own = Command::new("sleep").arg("1000").spawn().expect("starts");
        let parent = parent_of(std::process::id()).expect("it has one");
        let ended = u32::MAX >> 1;
        list(&[own.id(), std::process::id(), ended, 0]);
        let cgroup = Cgroup::at(folder.path()).expect("it looks like one");
        let mut tree = ProcessTree {
            cgroups: vec![cgroup],
            ..ProcessTree::new(Vec::new(), false)
        };
        let added = |tree: &mut ProcessTree| {
            let members = tree.members();
            tree.add_joined(&members)
        };
        let before = added(&mut tree);
        list(&[parent, own.id()]);
        let (joined, again) = (added(&mut tree), added(&mut tree));
        own.kill().expect("it runs");
        own.wait().expect("it ends");
        assert_eq!((before, joined, again), (vec![], vec![parent], vec![]));
    }

    #[test]
    fn distinguishes_processes_that_joined_from_forked_ones() {
        let at = |parent, started_ns| Forked {
            parent,
            started_ns,
            ..Forked::default()
        };
        let (joiner, child) = (u32::MAX >> 1, (u32::MAX >> 1) - 1);
        let mut tree = ProcessTree::new(Vec::new(), false);
        let joined = tree.add_forked([(child, at(joiner, 1_700)), (joiner, at(0, 1_500))]);
        assert_eq!(joined, [(joiner, 1_500)]);
        assert_eq!(tree.pids(), [joiner, child], "by time");
        assert_eq!(tree.add_forked([(joiner, at(0, 1_900))]), []);
        let span = Span {
            start_ns: 1_000,
            end_ns: 2_000,
        };
        let rows = tree.rows(&[], span, |thread| thread.tracked.on_cpu_ns);
        assert_eq!((rows[0].ppid, rows[1].ppid), (None, Some(joiner)));
    }

    #[test]
    fn keeps_forked_processes_that_have_ended() {
        let fork = Forked {
            parent: 1,
            started_ns: 1_500,
            ..Forked::default()
        };
        let mut tree = ProcessTree::new(Vec::new(), false);
        let joined = tree.add_forked([(u32::MAX >> 1, fork), (u32::MAX >> 1, fork)]);
        assert!(joined.is_empty() && tree.has_ended());
        let span = Span {
            start_ns: 1_000,
            end_ns: 2_000,
        };
        let rows = tree.rows(&[], span, |thread| thread.tracked.on_cpu_ns);
        assert_eq!(
            (rows.len(), rows[0].ppid, rows[0].started_ns),
            (1, Some(1), Some(500))
        );
    }
}
