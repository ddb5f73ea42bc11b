//! A recording without any program: what the kernel accounts for by itself, as `/proc` gives it.
//!
//! It is there to be held against recordings with programs, to tell what those cost; and it needs no privilege.

use super::kernel_truth::{self, Truth};
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
pub struct Unprobed {
    processes: Vec<Process>,
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

impl Unprobed {
    /// Opens the window.
    pub fn begin(processes: Vec<Process>, options: &Options) -> Result<Self> {
        let target = describe(&processes, options)?;
        super::privilege::drop_excess();
        let before = Truth::read(&pids(&processes));
        Ok(Unprobed {
            processes,
            target,
            start_ns: clock_ns(ClockId::CLOCK_MONOTONIC),
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
    pub fn end(self, ended: Ended, options: &Options) -> Recording {
        let end_ns = clock_ns(ClockId::CLOCK_MONOTONIC);
        let after = self.account();
        let pid = self.processes[0].pid;
        let steal_ns = after.steal_since(&self.before);
        Recording {
            schema: recording::RECORDING_SCHEMA.into(),
            window: Window {
                start_unix_ns: self.start_unix_ns,
                duration_ns: end_ns - self.start_ns,
                ended,
            },
            process: process(&self.before, &after, ended),
            faults: after.faults_since(&self.before),
            memory: Memory {
                series: self.memory,
                ..memory::memory_of(pid)
            },
            cpu: Cpu { series: self.cpu },
            observer: Observer {
                cpu_ns: clock_ns(ClockId::CLOCK_PROCESS_CPUTIME_ID) - self.own_cpu_ns,
                rss_bytes: memory::memory_of(std::process::id()).peak_rss_bytes,
                mode: Mode::None,
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

fn pids(processes: &[Process]) -> Vec<u32> {
    processes.iter().map(|process| process.pid).collect()
}
