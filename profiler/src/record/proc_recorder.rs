//! A recording of the kernel's own accounting in `/proc`, for the modes `none` and `counters`.
//!
//! Recordings with all probes are compared with it to find the cost of the probes. Mode `none`
//! needs no privilege. In mode `counters`, programs see threads begin and end, so that the
//! recording has the accounting of each thread.

use super::proc_snapshot::ProcSnapshot;
use super::runtime::Watch;
use super::target::{self, Process, pids};
use super::thread_exits::{Accounted, ThreadExits};
use super::window::{Opening, Span, monotonic_ns};
use super::{Options, Recorder, TICKS_PER_POINT, checks, host, memory};
use anyhow::{Context, Result};
use recording::memory::{Memory, MemoryPoint};
use recording::observer::{Mode, Observer};
use recording::process::{self, Cpu, CpuPoint};
use recording::{Ended, Recording, Target};

/// A recording under way.
pub struct ProcRecorder {
    processes: Vec<Process>,
    thread_exits: Option<ThreadExits>,
    target: Target,
    runtime: Watch,
    placement: String,
    mode: Mode,
    opening: Opening,
    /// The last snapshot in which the target was alive.
    last: ProcSnapshot,
    cpu: Vec<CpuPoint>,
    memory: Vec<MemoryPoint>,
}

impl ProcRecorder {
    /// Attaches the programs of mode `counters`, and opens the window.
    ///
    /// # Errors
    /// The kernel refuses a program.
    pub fn begin(processes: Vec<Process>, options: &Options) -> Result<Self> {
        let pid = processes.first().context("no process to record")?.pid;
        let runtime = Watch::begin(pid, options.runtime, options.program.as_deref());
        let target = target::describe(&processes, options, runtime.runtime())?;
        let mut thread_exits = (options.mode == Mode::Counters)
            .then(|| ThreadExits::attach(pids(&processes), options))
            .transpose()?;
        super::privilege::drop_excess();
        let opening = Opening::now(&pids(&processes));
        if let Some(thread_exits) = &mut thread_exits {
            thread_exits.open(opening.start_ns)?;
        }
        Ok(ProcRecorder {
            processes,
            thread_exits,
            target,
            runtime,
            placement: options.placement.clone(),
            mode: options.mode,
            last: opening.before.clone(),
            opening,
            cpu: Vec::new(),
            memory: Vec::new(),
        })
    }

    fn add_point(&mut self) {
        let t_ns = self.opening.elapsed_ns();
        let pids = pids(&self.processes);
        let now = ProcSnapshot::read(&pids);
        let on_cpu_ns = now.cpu_clock_since(&self.last).unwrap_or_default();
        let (user_ns, kernel_ns) = now.split_since(&self.last, on_cpu_ns);
        self.cpu.push(CpuPoint {
            t_ns,
            on_cpu_ns,
            user_ns,
            kernel_ns,
        });
        self.memory.push(memory::memory_point(&pids, t_ns));
        self.last = now;
    }

    /// Returns the accounting at the end. That of a target that has ended is gone; the last point
    /// has most of it.
    fn snapshot_at_end(&self) -> ProcSnapshot {
        let now = ProcSnapshot::read(&pids(&self.processes));
        match now.cpu_clock_ns {
            Some(_) => now,
            None => self.last.clone(),
        }
    }

    fn recording(
        self,
        after: &ProcSnapshot,
        span: Span,
        process: process::Process,
        ended: Ended,
    ) -> Recording {
        let pid = self.processes[0].pid;
        let before = &self.opening.before;
        Recording {
            schema: recording::RECORDING_SCHEMA.into(),
            window: self.opening.window(span, ended),
            process,
            faults: after.faults_since(before),
            memory: Memory {
                series: self.memory,
                ..memory::memory_of(pid)
            },
            cpu: Cpu { series: self.cpu },
            observer: Observer {
                rss_bytes: memory::memory_of(std::process::id()).peak_rss_bytes,
                mode: self.mode,
                ..Observer::default()
            },
            checks: checks::without_programs(),
            host: host::fingerprint(pid, after.steal_since(before), &self.placement),
            target: target::describe_again(&self.target, self.runtime.runtime()),
            ..Recording::default()
        }
    }
}

impl Recorder for ProcRecorder {
    fn tick(&mut self, number: u32) -> Result<bool> {
        if let Some(thread_exits) = &mut self.thread_exits {
            thread_exits.take();
        }
        if self.processes[0].has_ended() {
            return Ok(true);
        }
        self.runtime.look(self.target.pid);
        if number.is_multiple_of(TICKS_PER_POINT) {
            self.add_point();
        }
        Ok(false)
    }

    fn finish(mut self: Box<Self>, ended: Ended) -> Result<Recording> {
        let span = Span {
            start_ns: self.opening.start_ns,
            end_ns: monotonic_ns(),
        };
        self.runtime
            .look_at_all(self.target.pid, self.target.other_pids.clone());
        let after = self.snapshot_at_end();
        let own_cpu_ns = self.opening.own_cpu_ns();
        let process = process_of(&self.opening.before, &after, ended);
        let accounted = self.thread_exits.take();
        let accounted = accounted
            .map(|exits| exits.finish(&self.opening.before, &after, span, process.cpu_clock_ns))
            .transpose()?;
        let mut recording = self.recording(&after, span, process, ended);
        recording.observer.cpu_ns = own_cpu_ns;
        if let Some(accounted) = accounted {
            add_threads(&mut recording, accounted);
        }
        Ok(recording)
    }
}

fn process_of(before: &ProcSnapshot, after: &ProcSnapshot, ended: Ended) -> process::Process {
    let grown = after.cpu_clock_since(before);
    let on_cpu_ns = grown.unwrap_or_default();
    let (user_ns, kernel_ns) = after.split_since(before, on_cpu_ns);
    process::Process {
        on_cpu_ns,
        user_ns,
        kernel_ns,
        cpu_clock_ns: grown.filter(|_| ended != Ended::TargetExited),
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
        ..recording.process.clone()
    };
    recording.observer.probe_groups = accounted.probe_groups;
    recording.observer.lost_events = accounted.lost_events;
    recording.checks = accounted.checks;
    recording.threads = accounted.threads;
}
