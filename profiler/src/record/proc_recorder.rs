//! A recording of the kernel's own accounting in `/proc`, for the modes `none` and `counters`.
//!
//! Recordings with all probes are compared with it to find the cost of the probes. Mode `none`
//! needs no privilege. In mode `counters`, programs see threads begin and end, so that the
//! recording has the accounting of each thread.

use super::proc_snapshot::ProcSnapshot;
use super::process_tree::ProcessTree;
use super::runtime::Watch;
use super::target::{self, Process};
use super::tasks::Tasks;
use super::thread_exits::{Accounted, ThreadExits};
use super::threads::JoinedThread;
use super::window::{Opening, Span, monotonic_ns};
use super::{Options, Recorder, TICKS_PER_POINT, checks, host, memory};
use anyhow::Result;
use recording::memory::{Memory, MemoryPoint};
use recording::observer::{Mode, Observer};
use recording::process::{self, Cpu, CpuPoint};
use recording::{Ended, Recording, Target};
use std::collections::BTreeSet;

/// A recording under way.
pub struct ProcRecorder {
    tree: ProcessTree,
    thread_exits: Option<ThreadExits>,
    target: Target,
    runtime: Watch,
    placement: String,
    mode: Mode,
    opening: Opening,
    /// The last accounting of each process, and where it stood at the last point.
    last: ProcSnapshot,
    last_point: ProcSnapshot,
    cpu: Vec<CpuPoint>,
    memory: Vec<MemoryPoint>,
}

impl ProcRecorder {
    /// Attaches the programs of mode `counters`, and opens the window.
    ///
    /// # Errors
    /// The kernel refuses a program.
    pub fn begin(processes: Vec<Process>, options: &Options) -> Result<Self> {
        let tree = ProcessTree::of(processes, options);
        let pid = tree.first().pid;
        let runtime = Watch::begin(pid, options.runtime, options.program.as_deref());
        let first = std::slice::from_ref(tree.first());
        let target = target::describe(first, options, runtime.runtime())?;
        let thread_exits = (options.mode == Mode::Counters)
            .then(|| ThreadExits::attach(&tree.pids(), options))
            .transpose()?;
        super::privilege::drop_excess();
        let opening = Opening::now(&tree.pids(), &Tasks::default());
        let mut recorder = ProcRecorder {
            tree,
            thread_exits,
            target,
            runtime,
            placement: options.placement.clone(),
            mode: options.mode,
            last: opening.before.clone(),
            last_point: opening.before.clone(),
            opening,
            cpu: Vec::new(),
            memory: Vec::new(),
        };
        recorder.open()?;
        Ok(recorder)
    }

    /// Opens the programs' window. Processes that were forked since the search for descendants
    /// began before it.
    fn open(&mut self) -> Result<()> {
        if let Some(thread_exits) = &mut self.thread_exits {
            thread_exits.open(self.opening.start_ns)?;
        }
        let late = self.tree.find_descendants();
        self.opening.before.add(&late);
        match &mut self.thread_exits {
            Some(thread_exits) => thread_exits.add_targets(&late, 0),
            None => Ok(()),
        }
    }

    /// Adds processes that were forked since the last call. Without programs they are looked up,
    /// which misses those that end before the next look.
    fn add_forked(&mut self, looks: bool) -> Result<()> {
        match &mut self.thread_exits {
            Some(thread_exits) => drop(self.tree.add_forked(thread_exits.forked()?)),
            None if looks => drop(self.tree.find_descendants()),
            None => (),
        }
        Ok(())
    }

    /// Adds processes that were forked or have joined a cgroup of the target since the last call.
    /// The CPU time that the latter used before is left out. A member that was forked meanwhile is
    /// among the forked ones, since these are read last.
    fn add_new(&mut self, looks: bool) -> Result<()> {
        let members = match looks {
            true => self.tree.members(),
            false => BTreeSet::new(),
        };
        self.add_forked(looks)?;
        let joined = self.tree.add_joined(&members);
        if joined.is_empty() {
            return Ok(());
        }
        let now = monotonic_ns();
        self.opening.before.add_joined(&joined, now);
        self.last_point.add(&joined);
        match &mut self.thread_exits {
            Some(thread_exits) => thread_exits.add_targets(&joined, now),
            None => Ok(()),
        }
    }

    /// Reads the CPU clocks of the processes; returns their growth since the window opened.
    pub fn read_clocks(&mut self) -> u64 {
        let live = self.tree.live_pids();
        self.last.update(ProcSnapshot::of_processes(&live));
        self.last.cpu_clock_since(&self.opening.before)
    }

    fn add_point(&mut self) {
        let t_ns = self.opening.elapsed_ns();
        let on_cpu_ns = self.last.cpu_clock_since(&self.last_point);
        let (user_ns, kernel_ns) = self.last.split_since(&self.last_point, on_cpu_ns);
        self.cpu.push(CpuPoint {
            t_ns,
            on_cpu_ns,
            user_ns,
            kernel_ns,
        });
        let pids = self.tree.live_pids();
        self.memory.push(memory::memory_point(&pids, t_ns));
        self.last_point = self.last.clone();
    }

    fn recording(self, span: Span, process: process::Process, ended: Ended) -> Recording {
        let before = &self.opening.before;
        Recording {
            schema: recording::RECORDING_SCHEMA.into(),
            window: self.opening.window(span, ended),
            process,
            faults: self.last.faults_since(before),
            memory: Memory {
                series: self.memory,
                ..memory::memory_of_all(&self.tree.live_pids(), &Tasks::default())
            },
            cpu: Cpu { series: self.cpu },
            observer: Observer {
                rss_bytes: memory::peak_rss_of(std::process::id()),
                mode: self.mode,
                ..Observer::default()
            },
            checks: checks::without_programs(),
            host: host::fingerprint(
                &self.opening.quotas,
                self.last.steal_since(before),
                &self.placement,
            ),
            target: Target {
                other_pids: self.tree.pids().split_off(1),
                ..target::describe_again(&self.target, self.runtime.runtime())
            },
            ..Recording::default()
        }
    }
}

impl Recorder for ProcRecorder {
    fn tick(&mut self, number: u32) -> Result<bool> {
        if let Some(thread_exits) = &mut self.thread_exits {
            thread_exits.take();
        }
        self.runtime.look(self.target.pid);
        let is_point = number.is_multiple_of(TICKS_PER_POINT);
        self.add_new(is_point)?;
        self.read_clocks();
        self.opening.quotas.update(self.tree.first().pid);
        if is_point {
            self.add_point();
        }
        Ok(self.tree.has_ended())
    }

    fn finish(mut self: Box<Self>, ended: Ended) -> Result<Recording> {
        let span = Span {
            start_ns: self.opening.start_ns,
            end_ns: monotonic_ns(),
        };
        self.add_forked(true)?;
        let others = self.tree.pids().split_off(1);
        self.runtime.look_at_all(self.target.pid, others);
        let live = self.tree.live_pids();
        let after = match self.mode {
            Mode::Counters => ProcSnapshot::read(&live),
            _ => ProcSnapshot::of_processes(&live),
        };
        self.last.update(after.clone());
        self.opening.quotas.update(self.tree.first().pid);
        let own_cpu_ns = self.opening.own_cpu_ns();
        let accounted = self.thread_exits.take();
        let accounted = accounted
            .map(|exits| exits.finish(&self.opening.before, &after, span))
            .transpose()?;
        // Without programs, nothing has the clock of a process that has ended to its end.
        let all_live = live.len() == self.tree.pids().len();
        let process = process_of(&self.opening.before, &self.last, all_live);
        let run_time = |thread: &JoinedThread| thread.kernel.as_ref().map_or(0, |it| it.exec_ns);
        let rows = accounted
            .as_ref()
            .map(|accounted| self.tree.rows(&accounted.joined, span, run_time));
        let mut recording = self.recording(span, process, ended);
        recording.observer.cpu_ns = own_cpu_ns;
        recording.processes = rows.unwrap_or_default();
        if let Some(accounted) = accounted {
            add_threads(&mut recording, accounted);
        }
        Ok(recording)
    }
}

fn process_of(before: &ProcSnapshot, last: &ProcSnapshot, all_live: bool) -> process::Process {
    let on_cpu_ns = last.cpu_clock_since(before);
    let (user_ns, kernel_ns) = last.split_since(before, on_cpu_ns);
    process::Process {
        on_cpu_ns,
        user_ns,
        kernel_ns,
        cpu_clock_ns: all_live.then_some(on_cpu_ns),
        ..process::Process::default()
    }
}

/// Adds the kernel's accounting of each thread. It does not have the split of CPU time, wakers and
/// migrations.
fn add_threads(recording: &mut Recording, accounted: Accounted) {
    let sum = |field: fn(&process::Thread) -> u64| accounted.threads.iter().map(field).sum();
    recording.process = process::Process {
        on_cpu_ns: sum(|thread| thread.on_cpu_ns),
        run_queue_ns: sum(|thread| thread.run_queue_ns),
        voluntary_switches: sum(|thread| thread.voluntary_switches),
        involuntary_switches: sum(|thread| thread.involuntary_switches),
        cpu_clock_ns: accounted.cpu_clock_ns,
        ..recording.process.clone()
    };
    recording.observer.probe_groups = accounted.probe_groups;
    recording.observer.lost_events = accounted.lost_events;
    recording.checks = accounted.checks;
    recording.threads = accounted.threads;
}
