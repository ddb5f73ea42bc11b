//! A recording of what the kernel accounts for by itself, as `/proc` gives it, in the modes `none` and `counters`.
//!
//! It is there to be held against recordings of everything, to tell what those cost. Without programs it needs no privilege;
//! with those that see threads begin and end it has an account of each thread.

use super::assemble::Span;
use super::kernel_truth::{self, Truth};
use super::lifetimes::{Counted, Lifetimes};
use super::session::{clock_ns, describe, memory_point, unix_ns};
use super::target::Process;
use super::{GLANCES_A_POINT, Options, checks, host, memory};
use anyhow::Result;
use nix::time::ClockId;
use recording::memory::{Memory, MemoryPoint};
use recording::observer::{Mode, Observer};
use recording::process::{self, Cpu, CpuPoint};
use recording::{Ended, Recording, Target, Window};

/// A recording under way.
pub struct Accounts {
    processes: Vec<Process>,
    lifetimes: Option<Lifetimes>,
    target: Target,
    start_ns: u64,
    start_unix_ns: u64,
    own_cpu_ns: u64,
    before: Truth,
    /// The last account in which the target was alive.
    last: Truth,
    cpu: Vec<CpuPoint>,
    memory: Vec<MemoryPoint>,
}

impl Accounts {
    /// Opens the window.
    pub fn begin(processes: Vec<Process>, options: &Options) -> Result<Self> {
        let target = describe(&processes, options)?;
        let counting = options.mode == Mode::Counters;
        let mut lifetimes = counting
            .then(|| Lifetimes::attach(pids(&processes), options))
            .transpose()?;
        super::privilege::drop_excess();
        let before = Truth::read(&pids(&processes));
        let start_ns = clock_ns(ClockId::CLOCK_MONOTONIC);
        if let Some(lifetimes) = &mut lifetimes {
            lifetimes.open(start_ns)?;
        }
        Ok(Accounts {
            processes,
            lifetimes,
            target,
            start_ns,
            start_unix_ns: unix_ns(),
            own_cpu_ns: clock_ns(ClockId::CLOCK_PROCESS_CPUTIME_ID),
            last: before.clone(),
            before,
            cpu: Vec::new(),
            memory: Vec::new(),
        })
    }

    /// Adds a point to the series once a second; says whether the target has ended.
    pub fn glance(&mut self, count: u32) -> bool {
        if let Some(lifetimes) = &mut self.lifetimes {
            lifetimes.take_ended();
        }
        let first = &self.processes[0];
        if kernel_truth::has_ended(first.pid, first.start_time) {
            return true;
        }
        if count.is_multiple_of(GLANCES_A_POINT) {
            let t_ns = clock_ns(ClockId::CLOCK_MONOTONIC) - self.start_ns;
            let now = Truth::read(&pids(&self.processes));
            let on_cpu_ns = now.cpu_clock_since(&self.last).unwrap_or_default();
            let (user_ns, kernel_ns) = now.split_since(&self.last, on_cpu_ns);
            self.cpu.push(CpuPoint {
                t_ns,
                on_cpu_ns,
                user_ns,
                kernel_ns,
            });
            self.memory.push(memory_point(&self.processes, t_ns));
            self.last = now;
        }
        false
    }

    /// Closes the window and assembles the recording.
    ///
    /// # Errors
    /// The programs' maps cannot be read.
    pub fn end(mut self, ended: Ended, options: &Options) -> Result<Recording> {
        let end_ns = clock_ns(ClockId::CLOCK_MONOTONIC);
        let after = self.account();
        let own_cpu_ns = clock_ns(ClockId::CLOCK_PROCESS_CPUTIME_ID) - self.own_cpu_ns;
        let span = Span {
            start_ns: self.start_ns,
            end_ns,
        };
        let process = process(&self.before, &after, ended);
        let lifetimes = self.lifetimes.take();
        let counted = lifetimes
            .map(|lifetimes| lifetimes.end(&self.before, &after, span, process.cpu_clock_ns))
            .transpose()?;
        let mut recording = self.recording(&after, span, process, ended, options);
        recording.observer.cpu_ns = own_cpu_ns;
        if let Some(counted) = counted {
            with_threads(&mut recording, counted);
        }
        Ok(recording)
    }

    fn recording(
        self,
        after: &Truth,
        span: Span,
        process: process::Process,
        ended: Ended,
        options: &Options,
    ) -> Recording {
        let pid = self.processes[0].pid;
        let steal_ns = after.steal_since(&self.before);
        Recording {
            schema: recording::RECORDING_SCHEMA.into(),
            window: Window {
                start_unix_ns: self.start_unix_ns,
                duration_ns: span.end_ns - span.start_ns,
                ended,
            },
            process,
            faults: after.faults_since(&self.before),
            memory: Memory {
                series: self.memory,
                ..memory::memory_of(pid)
            },
            cpu: Cpu { series: self.cpu },
            observer: Observer {
                rss_bytes: memory::memory_of(std::process::id()).peak_rss_bytes,
                mode: options.mode,
                ..Observer::default()
            },
            checks: checks::without_programs(),
            host: host::fingerprint(pid, steal_ns, &options.placement),
            target: self.target,
            ..Recording::default()
        }
    }

    /// A target that has ended took its account along: what it had used is known up to the last point.
    fn account(&self) -> Truth {
        let now = Truth::read(&pids(&self.processes));
        match now.cpu_clock_ns {
            Some(_) => now,
            None => self.last.clone(),
        }
    }
}

fn process(before: &Truth, after: &Truth, ended: Ended) -> process::Process {
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

/// Adds what is known of each thread. How it split its time, who woke it and where it ran is not.
fn with_threads(recording: &mut Recording, counted: Counted) {
    let sum = |field: fn(&process::Thread) -> u64| counted.threads.iter().map(field).sum();
    let clock = recording.process.clone();
    recording.process = process::Process {
        on_cpu_ns: sum(|thread| thread.on_cpu_ns),
        run_queue_ns: sum(|thread| thread.run_queue_ns),
        voluntary_switches: sum(|thread| thread.voluntary_switches),
        involuntary_switches: sum(|thread| thread.involuntary_switches),
        ..clock
    };
    recording.observer.signals = counted.signals;
    recording.observer.lost_events = counted.lost_events;
    recording.checks = counted.checks;
    recording.threads = counted.threads;
    analysis::runtime::assign_roles(recording);
}

fn pids(processes: &[Process]) -> Vec<u32> {
    processes.iter().map(|process| process.pid).collect()
}
