//! Checkpoints: the state of a session every few seconds, so that its recording can begin at one.
//!
//! The programs' maps hold sums since the window opened. The growth since a checkpoint is the sum
//! at the end less that at the checkpoint. So a recording of the last minute costs the target
//! nothing: no program runs more than once for an event, and no map is reset.

use super::super::block_io::{self, BlockSums};
use super::super::drain::{self, Drained, LiveMaps};
use super::super::memory::{self, Regions};
use super::super::open_sockets;
use super::super::peers::{self, PeerSums};
use super::super::proc_snapshot::ProcSnapshot;
use super::super::stacks::Samples;
use super::super::tasks::Tasks;
use super::super::threads::since as threads_since;
use super::super::threads::{self, JoinedThread};
use super::super::window::{Opening, Span, monotonic_ns};
use super::super::{Options, TICKS_PER_POINT, assemble};
use super::{Closed, IN_FLIGHT, Session};
use anyhow::{Result, bail};
use profiler_common::thread::{FLAG_IN_SYSCALL, ON_CPU};
use profiler_common::{SyscallStat, Thread as Tracked};
use recording::runtime_stats::RuntimeStats;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

/// Checkpoints inside the time that a recording covers.
const INSIDE: u64 = 12;

/// The checkpoints of a session, oldest first.
pub(super) struct Checkpoints {
    last_ns: u64,
    maps: Option<LiveMaps>,
    kept: VecDeque<Checkpoint>,
    /// Whether a map of the programs was half full at the newest.
    maps_fill: bool,
    /// Checkpoints so far.
    count: u32,
}

/// The state at an instant.
pub(super) struct Checkpoint {
    /// The accounting of then; the start of a window that begins here.
    pub(super) opening: Opening,
    pub(super) regions: Regions,
    pub(super) peers: PeerSums,
    pub(super) block_io: BlockSums,
    /// Collections and safepoints that probes counted.
    pub(super) runtime_stats: RuntimeStats,
    threads: Vec<JoinedThread>,
    drained: Drained,
    /// Threads that had ended.
    exits: usize,
    own_cpu_ns: u64,
    /// CPU samples since the checkpoint before.
    samples: Samples,
}

impl Checkpoints {
    /// Makes room for the checkpoints of a session; `None` if its recording is of the whole window.
    ///
    /// # Errors
    /// The recording cannot be cut with these options.
    pub(super) fn of(options: &Options) -> Result<Option<Self>> {
        let Some(last) = options.last else {
            return Ok(None);
        };
        if options.off_cpu_stacks
            || options.timeline.is_some()
            || options.runtime_symbols.is_some()
            || !options.followed_calls.is_empty()
        {
            bail!(
                "waits, timelines, symbols of the runtime and series of system calls are recorded from the start on: leave them out of a recording of the last {}",
                recording::format::duration(nanoseconds(last))
            );
        }
        Ok(Some(Checkpoints {
            last_ns: nanoseconds(last),
            maps: None,
            kept: VecDeque::new(),
            maps_fill: false,
            count: 0,
        }))
    }

    /// Whether one is due at a tick. Points of the series are so as well.
    fn are_due(&self, number: u32) -> bool {
        let seconds = Duration::from_nanos(self.last_ns / INSIDE).as_secs().max(1);
        let apart = u32::try_from(seconds).unwrap_or(u32::MAX);
        number.is_multiple_of(apart.saturating_mul(TICKS_PER_POINT))
    }

    /// Returns how many are older than the time that a recording covers at `now`.
    fn older(&self, now: u64) -> usize {
        let begins = now.saturating_sub(self.last_ns);
        let kept = self.kept.iter();
        kept.take_while(|it| it.opening.start_ns <= begins).count()
    }

    /// Removes the checkpoints before the one at which a recording would begin.
    fn forget(&mut self, now: u64) {
        let unused = self.older(now).saturating_sub(1);
        self.kept.drain(..unused);
    }
}

impl Session {
    /// Adds a checkpoint if one is due at a tick, and forgets what is older than the oldest.
    ///
    /// # Errors
    /// A map cannot be read.
    pub(super) fn keep_checkpoints(&mut self, number: u32) -> Result<()> {
        let due = self.checkpoints.as_ref();
        if !due.is_some_and(|checkpoints| checkpoints.are_due(number)) {
            return Ok(());
        }
        let checkpoint = self.checkpoint()?;
        if let Some(checkpoints) = &mut self.checkpoints {
            checkpoints.forget(checkpoint.opening.start_ns);
            checkpoints.kept.push_back(checkpoint);
            checkpoints.count += 1;
            let oldest = checkpoints.count - checkpoints.kept.len() as u32;
            self.python.begin_generation(checkpoints.count, oldest);
            let first = &checkpoints.kept[0];
            self.ended.forget(first.exits);
            let begun_ns = self.opening.start_ns;
            self.series
                .forget(first.opening.start_ns.saturating_sub(begun_ns));
            self.tree.forget_ended(&self.ended.processes(first.exits));
            self.processes.keep(&self.tree.pids());
        }
        Ok(())
    }

    /// Returns whether a map of the programs was half full at the last checkpoint.
    pub fn has_filling_maps(&self) -> bool {
        self.checkpoints.as_ref().is_some_and(|kept| kept.maps_fill)
    }

    fn checkpoint(&mut self) -> Result<Checkpoint> {
        let pids = self.tree.live_pids();
        let (now, mut drained) = self.drain_open()?;
        // The programs may still write samples to the half that they have left.
        self.series.stacks.take(&mut self.programs.bpf)?;
        let tasks = Tasks::read(&mut self.programs.bpf);
        let then = accounting(&pids, &tasks, &drained.live);
        self.leave_out_ended(&mut drained);
        let span = Span {
            start_ns: self.opening.start_ns,
            end_ns: now,
        };
        let before = &self.opening.before;
        let mut threads = threads_since::at(&drained.live, before, &then, span);
        add_open_calls(&mut threads, &mut drained.syscalls);
        drained.live = Vec::new();
        for (place, count) in &self.series.code {
            *drained.code.entry(*place).or_default() += count;
        }
        let checkpoint = Checkpoint {
            own_cpu_ns: self.opening.own_cpu_ns(),
            regions: memory::regions_of_all(&pids, &tasks),
            peers: self.peers_now()?,
            block_io: block_io::read(&self.programs.bpf)?,
            runtime_stats: self.probed()?,
            exits: self.ended.count(),
            opening: self.opening.again(now, then),
            threads,
            drained,
            samples: Samples::default(),
        };
        std::thread::sleep(IN_FLIGHT);
        self.series.stacks.take(&mut self.programs.bpf)?;
        Ok(Checkpoint {
            samples: self.series.stacks.take_samples(),
            ..checkpoint
        })
    }

    /// Reads the traffic with each peer, full windows of open connections included.
    fn peers_now(&mut self) -> Result<PeerSums> {
        open_sockets::count_limited(&mut self.programs.bpf);
        peers::read(&self.programs.bpf)
    }

    /// Reads the maps while the programs write to them, at the time that is returned.
    fn drain_open(&mut self) -> Result<(u64, Drained)> {
        let bpf = &self.programs.bpf;
        let none = &mut None;
        let checkpoints = self.checkpoints.as_mut();
        let maps = match checkpoints.map_or(none, |kept| &mut kept.maps) {
            Some(maps) => maps,
            none => none.insert(LiveMaps::of(bpf)?),
        };
        let now = monotonic_ns();
        let drained = drain::drain_open(bpf, maps)?;
        if let Some(checkpoints) = &mut self.checkpoints {
            checkpoints.maps_fill = drained.is_half_of_a_map(bpf)?;
        }
        Ok((now, drained))
    }

    /// Takes the threads that have ended, and leaves them out of the live ones. Of their system
    /// calls nothing is subtracted later.
    fn leave_out_ended(&mut self, drained: &mut Drained) {
        let known = self.ended.count();
        self.take_exits();
        let ended = self.ended.since(known).iter();
        let ended: BTreeSet<u32> = ended.map(|exit| exit.thread.serial).collect();
        let live = &mut drained.live;
        live.retain(|thread| !ended.contains(&thread.serial));
        let serials: BTreeSet<u32> = live.iter().map(|thread| thread.serial).collect();
        drained
            .syscalls
            .retain(|(serial, _, _)| serials.contains(serial));
    }

    /// Cuts the recording to what the options ask for, if the session is older. Returns the
    /// checkpoint at which it begins, and makes its state that of the window's start.
    pub(super) fn cut(
        &mut self,
        closed: &mut Closed,
        joined: &mut Vec<JoinedThread>,
    ) -> Option<Checkpoint> {
        let checkpoints = self.checkpoints.as_mut()?;
        let first = checkpoints.older(closed.span.end_ns).checked_sub(1)?;
        let mut since = checkpoints.kept.drain(first..);
        let mut start = since.next()?;
        since.for_each(|later| self.series.stacks.add(later.samples));
        add_open_calls(joined, &mut closed.drained.syscalls);
        let begun_ns = self.opening.start_ns;
        let start_ns = start.opening.start_ns;
        closed.span.start_ns = start_ns;
        closed.own_cpu_ns = closed.own_cpu_ns.saturating_sub(start.own_cpu_ns);
        *joined = threads_since::since(std::mem::take(joined), &start.threads, closed.span);
        let present = joined.iter().map(|thread| thread.tracked.tgid).collect();
        self.tree.forget_ended(&present);
        let exits_produced = closed.drained.counters.exits_produced;
        closed.drained = closed.drained.since(&start.drained);
        // Each end that was sent must have been read, since the session began.
        closed.drained.counters.exits_produced = exits_produced;
        add_later(&mut start.opening.before, &self.opening.before, start_ns);
        self.opening.begin_at(&mut start.opening);
        let counters = &start.drained.counters;
        self.series.begin_at(start_ns - begun_ns, counters);
        Some(start)
    }

    /// Returns how many threads ended before the window that [`Self::cut`] makes.
    pub(super) fn exits_before(&self, end_ns: u64) -> usize {
        let checkpoints = self.checkpoints.as_ref();
        let first = checkpoints.and_then(|kept| {
            let first = kept.older(end_ns).checked_sub(1)?;
            Some(kept.kept[first].exits)
        });
        first.unwrap_or(0)
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Adds the processes that joined the target after `since_ns`, as `later` has them.
fn add_later(before: &mut ProcSnapshot, later: &ProcSnapshot, since_ns: u64) {
    let joined = later.joined_ns.iter();
    for (pid, joined_ns) in joined.filter(|(_, joined_ns)| **joined_ns > since_ns) {
        before.joined_ns.insert(*pid, *joined_ns);
        let accounting = later.processes.get(pid);
        before.processes.extend(accounting.map(|it| (*pid, *it)));
    }
}

/// Reads the kernel's accounting of the processes and their threads, of those on a CPU first.
fn accounting(pids: &[u32], tasks: &Tasks, live: &[Tracked]) -> ProcSnapshot {
    let ids = |thread: &Tracked| (thread.tgid, thread.tid);
    let running = live.iter().filter(|thread| thread.state == ON_CPU);
    let running: Vec<_> = running.map(ids).collect();
    let settled = live.iter().filter(|thread| threads::is_settled(thread));
    let settled: Vec<_> = settled.map(ids).collect();
    ProcSnapshot::after_window(pids, || tasks.clone(), &running, &settled)
}

/// Adds the times so far of the calls that threads are in to those that returned, so that both ends
/// of a window have them.
fn add_open_calls(threads: &mut [JoinedThread], syscalls: &mut Vec<(u32, u32, SyscallStat)>) {
    let mut returned: BTreeMap<u32, u64> = BTreeMap::new();
    for (serial, _, stat) in syscalls.iter() {
        *returned.entry(*serial).or_default() += stat.on_cpu_ns;
    }
    for thread in threads {
        let tracked = &mut thread.tracked;
        let returned_ns = returned.get(&tracked.serial).copied();
        if let Some(open) = assemble::open_call(tracked, returned_ns.unwrap_or(0)) {
            syscalls.push((tracked.serial, tracked.syscall_nr, open));
        }
        tracked.flags &= !FLAG_IN_SYSCALL;
    }
}

#[cfg(test)]
mod tests;
