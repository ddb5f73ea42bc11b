//! The processes of the target: those it was given, their descendants, and those they fork.

use super::proc_snapshot::start_time_ticks;
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
    forked: BTreeMap<u32, Forked>,
    follows: bool,
}

impl ProcessTree {
    /// Begins with some processes and, if the tree `follows`, their descendants.
    pub fn new(processes: Vec<Process>, follows: bool) -> Self {
        let mut tree = ProcessTree {
            known: processes.iter().map(|process| process.pid).collect(),
            processes,
            forked: BTreeMap::new(),
            follows,
        };
        tree.find_descendants();
        tree
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
        if !self.follows {
            return Vec::new();
        }
        let children = children_by_parent();
        let mut found = Vec::new();
        let mut parents = self.pids();
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

    /// Adds processes that the programs saw being forked.
    pub fn add_forked(&mut self, forked: impl IntoIterator<Item = (u32, Forked)>) {
        let mut forked: Vec<_> = forked.into_iter().collect();
        forked.sort_by_key(|(_, fork)| fork.started_ns);
        for (pid, fork) in forked {
            self.forked.insert(pid, fork);
            self.add(pid);
        }
    }

    /// Adds a process; returns whether it is new. One that has ended already has no start time.
    fn add(&mut self, pid: u32) -> bool {
        let new = pid != std::process::id() && self.known.insert(pid);
        if new {
            let start_time = start_time_ticks(pid).unwrap_or_default();
            self.processes.push(Process { pid, start_time });
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
        for process in &self.processes {
            let pid = process.pid;
            let threads = || {
                joined
                    .iter()
                    .filter(move |thread| thread.tracked.tgid == pid)
            };
            let forked = self.forked.get(&pid);
            let main = threads().find(|thread| thread.tracked.tid == pid);
            let ended = process.has_ended() && threads().all(|thread| thread.exited_ns.is_some());
            let last_exit = threads().filter_map(|thread| thread.exited_in(span)).max();
            rows.push(TreeProcess {
                pid,
                ppid: forked.map(|fork| fork.parent),
                name: main.map(|thread| thread.name.clone()).unwrap_or_default(),
                threads: threads().count() as u64,
                on_cpu_ns: threads().map(on_cpu_ns).sum(),
                started_ns: forked.map(|fork| fork.started_ns.saturating_sub(span.start_ns)),
                exited_ns: last_exit.filter(|_| ended),
            });
        }
        rows
    }
}

/// Returns the children of each process of this host.
fn children_by_parent() -> BTreeMap<u32, Vec<u32>> {
    let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for process in all_processes().into_iter().flatten().flatten() {
        if let Ok(stat) = process.stat() {
            let (pid, parent) = (stat.pid.cast_unsigned(), stat.ppid.cast_unsigned());
            children.entry(parent).or_default().push(pid);
        }
    }
    children
}

#[cfg(test)]
mod tests {
    use super::*;
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
    fn keeps_forked_processes_that_have_ended() {
        let fork = Forked {
            parent: 1,
            started_ns: 1_500,
            ..Forked::default()
        };
        let mut tree = ProcessTree::new(Vec::new(), false);
        tree.add_forked([(u32::MAX >> 1, fork), (u32::MAX >> 1, fork)]);
        assert!(tree.has_ended());
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
