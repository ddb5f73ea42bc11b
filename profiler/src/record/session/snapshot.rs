//! The state of a session in the middle of its window, for a live view.

use super::super::drain::{self, Drained, LiveMaps};
use super::super::proc_snapshot::{ProcSnapshot, TaskAccounting, name_of};
use super::super::window::{Span, monotonic_ns};
use super::super::{assemble, runtime_stats, sockets, threads};
use super::Session;
use anyhow::Result;
use profiler_common::Thread as Tracked;
use recording::observer::{Mode, Observer};
use recording::runtime_stats::RuntimeStats;
use recording::{Ended, Recording, Target};
use std::collections::{BTreeMap, BTreeSet};

/// Snapshots after which names of threads are read again: a thread may rename itself.
const NAMES_LAST: u32 = 8;

/// State that one snapshot leaves to the next.
#[derive(Debug, Default)]
pub struct Progress {
    /// Ends of threads.
    exits: usize,
    /// Batches of system calls of ended threads.
    batches: usize,
    /// Names by thread id and serial number.
    names: BTreeMap<(u32, u32), TaskAccounting>,
    snapshots: u32,
    maps: Option<LiveMaps>,
}

impl Session {
    /// Returns the counts since the window opened of the target and of its live threads, and of
    /// threads that have ended since the snapshot before. Lists that a live view has no use for are
    /// empty, and there are no checks.
    ///
    /// # Errors
    /// A map cannot be read.
    pub fn snapshot(&mut self, progress: &mut Progress) -> Result<Recording> {
        let now = monotonic_ns();
        let bpf = &self.programs.bpf;
        let maps = match &mut progress.maps {
            Some(maps) => maps,
            none => none.insert(LiveMaps::of(bpf)?),
        };
        let mut drained = drain::drain_live(bpf, maps)?;
        // In this order no thread that ends meanwhile is missed.
        self.take_exits();
        let (calls, batches) = self.ended.calls_since(progress.batches);
        drained.syscalls.extend(calls);
        let exits = self.ended.since(progress.exits);
        let ended: BTreeSet<u32> = exits.iter().map(|exit| exit.thread.serial).collect();
        drained
            .live
            .retain(|thread| !ended.contains(&thread.serial));
        (progress.batches, progress.exits) = (batches, self.ended.count());
        let latest = drained.live.iter().map(|thread| thread.since_ns);
        let span = Span {
            start_ns: self.opening.start_ns,
            end_ns: latest.fold(now, u64::max),
        };
        let (before, after) = (ProcSnapshot::default(), progress.named(&drained.live));
        let joined = threads::join(&drained.live, exits, &before, &after, span);
        let threads = assemble::threads(&joined, &drained, span);
        Ok(Recording {
            threads,
            ..self.sums(&drained, span)?
        })
    }

    /// Returns the collections and safepoints that probes counted.
    ///
    /// # Errors
    /// A map cannot be read.
    pub(super) fn probed(&self) -> Result<RuntimeStats> {
        Ok(RuntimeStats {
            gc_calls: self.programs.gc_calls()?,
            safepoints: self.programs.safepoints()?,
            ..RuntimeStats::default()
        })
    }

    /// Returns the counts of the whole target.
    fn sums(&self, drained: &Drained, span: Span) -> Result<Recording> {
        let runtime = self.runtime.runtime();
        let pids = self.tree.pids();
        let probed = self.probed()?;
        let runtime_stats = RuntimeStats {
            gc_calls: probed.gc_calls,
            safepoints: probed.safepoints,
            ..runtime_stats::runtime_stats(drained, self.visible.of(runtime))
        };
        Ok(Recording {
            schema: recording::RECORDING_SCHEMA.into(),
            target: Target {
                other_pids: pids[1..].to_vec(),
                runtime,
                ..self.target.clone()
            },
            window: self.opening.window(span, Ended::Asked),
            sockets: sockets::sockets(drained, &[]),
            latency: sockets::latency(drained),
            runtime_stats,
            observer: Observer {
                lost_events: drained.counters.lost(),
                cpu_ns: self.opening.own_cpu_ns(),
                syscall_entry_exit_ns: self.syscall_entry_exit_ns,
                mode: Mode::All,
                ..Observer::default()
            },
            ..Recording::default()
        })
    }
}

impl Progress {
    /// Returns the names of threads. Those of known threads are read now and then.
    fn named(&mut self, live: &[Tracked]) -> ProcSnapshot {
        if self.snapshots.is_multiple_of(NAMES_LAST) {
            self.names.clear();
        }
        self.snapshots += 1;
        let mut named = ProcSnapshot::default();
        for thread in live {
            let key = (thread.tid, thread.serial);
            if !self.names.contains_key(&key)
                && let Some(task) = name_of(thread.tgid, thread.tid)
            {
                self.names.insert(key, task);
            }
            if let Some(task) = self.names.get(&key) {
                named.threads.insert(thread.tid, task.clone());
            }
        }
        named
    }
}
