//! Makes a session's recording, apart from its lists by thread.

use super::super::checks::{self, Evidence};
use super::super::memory::{self, WindowRegions};
use super::super::probe_groups::PROC_STAT;
use super::super::tasks::Tasks;
use super::super::threads::{JoinedThread, cpu_clock_of_ended};
use super::super::{assemble, block_io, host, peers, runtime_stats, sockets, steal, target};
use super::checkpoint::Checkpoint;
use super::{Closed, Session};
use anyhow::Result;
use recording::host::Host;
use recording::memory::{Memory, RegionWalk};
use recording::observer::{Check, Mode, Observer, ProbeGroupStatus};
use recording::process::{Cpu, Sockets, Thread, TreeProcess};
use recording::vocabulary::ProbeGroup;
use recording::{Ended, Recording, Target};
use std::cmp::Reverse;

impl Session {
    /// Makes the recording without its lists by thread.
    pub(super) fn assemble(
        &mut self,
        closed: &Closed,
        joined: &[JoinedThread],
        regions: WindowRegions,
        ended: Ended,
    ) -> Recording {
        let (drained, span) = (&closed.drained, closed.span);
        let pids = self.tree.pids();
        let steal_ns = closed.after.steal_since(&self.opening.before);
        let on_cpu_ns = |thread: &JoinedThread| thread.tracked.on_cpu_ns;
        let processes = self.tree.rows(joined, span, on_cpu_ns);
        self.runtime
            .look_at_all(self.tree.first().pid, busiest_first(&processes));
        let runtime = self.runtime.runtime();
        let mut threads = assemble::threads(joined, drained, span);
        let observer = self.observer(closed);
        let faults = match has_source(&observer.probe_groups, ProbeGroup::PageFaults) {
            true => assemble::faults(joined, &drained.faults, regions),
            false => closed.after.faults_since(&self.opening.before),
        };
        // The checks are about on-CPU time as the programs saw it, steal included.
        let checks = self.checks(closed, joined, &threads, &observer);
        steal::set_apart(&mut threads, joined, steal_ns);
        let mut syscalls = assemble::syscalls(&threads, &drained.errors);
        self.call_series.take_into(&mut syscalls, span.length_ns());
        let mut process = assemble::process(&threads);
        let of_ended = cpu_clock_of_ended(joined, &closed.after);
        let of_live = closed.after.cpu_clock_since(&self.opening.before);
        let clocks = self.programs.clocks.as_ref();
        let cpu_changes = clocks.map(|clocks| clocks.changes_since(span.start_ns));
        process.cpu_clock_ns = of_ended.map(|of_ended| of_ended + of_live);
        Recording {
            schema: recording::RECORDING_SCHEMA.into(),
            target: Target {
                other_pids: pids[1..].to_vec(),
                ..target::describe_again(&self.target, runtime)
            },
            processes,
            host: Host {
                cpu_changes: cpu_changes.unwrap_or_default(),
                ..host::fingerprint(&self.opening.quotas, steal_ns, &self.placement)
            },
            window: self.opening.window(span, ended),
            process,
            sockets: Sockets {
                series: self
                    .series
                    .take_sockets(span.length_ns(), &drained.counters),
                ..sockets::sockets(drained, &syscalls)
            },
            syscalls,
            faults,
            memory: self.memory(&self.tree.live_pids()),
            cpu: Cpu {
                series: std::mem::take(&mut self.series.cpu),
            },
            latency: sockets::latency(drained),
            relays: sockets::relays(drained),
            runtime_stats: runtime_stats::runtime_stats(drained, self.visible.of(runtime)),
            observer,
            threads,
            checks,
            ..Recording::default()
        }
    }

    /// Adds the collections that probes counted, the peers and the requests to block devices, since
    /// the checkpoint at which the window began.
    pub(super) fn add_probed(
        &self,
        recording: &mut Recording,
        start: Option<Checkpoint>,
    ) -> Result<()> {
        let bpf = &self.programs.bpf;
        let (mut probed, mut peers) = (self.probed()?, peers::read(bpf)?);
        let mut requests = block_io::read(bpf)?;
        if let Some(start) = start {
            let before = start.runtime_stats;
            let calls = probed.gc_calls.zip(before.gc_calls);
            probed.gc_calls = calls.map(|(now, before)| now.since(&before));
            let safepoints = probed.safepoints.zip(before.safepoints);
            probed.safepoints = safepoints.map(|(now, before)| now.since(&before));
            peers = peers::since(peers, &start.peers);
            requests = block_io::since(requests, &start.block_io);
        }
        recording.runtime_stats.gc_calls = probed.gc_calls;
        recording.runtime_stats.safepoints = probed.safepoints;
        recording.peers = peers::listed(peers);
        recording.block_io = block_io::listed(requests);
        Ok(())
    }

    fn memory(&mut self, pids: &[u32]) -> Memory {
        let tasks = Tasks::read(&mut self.programs.bpf);
        let memory = memory::memory_of_all(pids, &tasks);
        let (series, last) = (&self.series.walk, memory.region_walk);
        Memory {
            region_walk: RegionWalk {
                in_pieces: series.in_pieces | last.in_pieces,
                longest_ns: series.longest_ns.max(last.longest_ns),
                interval_ns: series.interval_ns,
            },
            series: std::mem::take(&mut self.series.memory),
            region_series: std::mem::take(&mut self.series.regions),
            ..memory
        }
    }

    fn observer(&self, closed: &Closed) -> Observer {
        let costs = self.programs.costs();
        Observer {
            probe_groups: self.stats.scaled(costs, closed.span.length_ns()),
            lost_events: closed.drained.counters.lost(),
            cpu_ns: closed.own_cpu_ns,
            rss_bytes: memory::peak_rss_of(std::process::id()),
            sampled_ns: self.stats.sampled_ns(),
            syscall_entry_exit_ns: self.syscall_entry_exit_ns,
            mode: Mode::All,
            ..Observer::default()
        }
    }

    fn checks(
        &self,
        closed: &Closed,
        joined: &[JoinedThread],
        threads: &[Thread],
        observer: &Observer,
    ) -> Vec<Check> {
        let groups = &observer.probe_groups;
        checks::all(&Evidence {
            threads,
            joined,
            span: closed.span,
            before: &self.opening.before,
            after: &closed.after,
            faults_counted: has_source(groups, ProbeGroup::PageFaults),
            wakeups_seen: groups
                .iter()
                .any(|group| group.group == ProbeGroup::Wakeups && !group.programs.is_empty()),
            counters: &closed.drained.counters,
            waits: Some(&self.series.stacks.waits),
            exits_consumed: self.ended.count() as u64,
        })
    }
}

fn busiest_first(processes: &[TreeProcess]) -> Vec<u32> {
    let mut processes: Vec<&TreeProcess> = processes.iter().collect();
    processes.sort_by_key(|process| Reverse(process.on_cpu_ns));
    processes.iter().map(|process| process.pid).collect()
}

/// Returns whether programs serve a probe group. Page faults have another source than programs.
fn has_source(groups: &[ProbeGroupStatus], wanted: ProbeGroup) -> bool {
    groups
        .iter()
        .any(|group| group.group == wanted && group.source != PROC_STAT)
}
