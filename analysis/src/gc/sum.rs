//! Adds up the time of threads while they collect.

use super::Collection;
use super::counted::stopping_thread;
use crate::grid::part;
use crate::ledger::sampling;
use recording::Recording;
use recording::gc::GcPart;
use recording::process::Thread;
use recording::runtime_stats::GcTimes;
use recording::stacks::SampleMode;
use recording::vocabulary::Role;
use std::collections::BTreeMap;

/// Samples of one thread that collect.
#[derive(Clone, Default)]
struct Share {
    by_part: BTreeMap<GcPart, u64>,
    /// Samples in bursts, also those that do not collect.
    in_bursts: u64,
    pauses_outside_bursts: u64,
    faults: u64,
    /// Part of `faults` in pauses.
    pause_faults: u64,
    syscalls: u64,
}

/// Counts the samples of each thread that collect, in the order of `threads`.
fn shares(recording: &Recording, collection: &Collection<'_>) -> Vec<Share> {
    let mut shares = vec![Share::default(); recording.threads.len()];
    for count in &recording.stacks.counts {
        let Some(share) = shares.get_mut(count.thread) else {
            continue;
        };
        share.in_bursts += u64::from(count.in_gc) * count.samples;
        let Some(part) = collection.part(count) else {
            continue;
        };
        *share.by_part.entry(part).or_default() += count.samples;
        if part == GcPart::Pause && !count.in_gc {
            share.pauses_outside_bursts += count.samples;
        }
        match count.mode {
            SampleMode::User => {}
            SampleMode::Fault | SampleMode::FaultReturn => {
                share.faults += count.samples;
                share.pause_faults += u64::from(part == GcPart::Pause) * count.samples;
            }
            SampleMode::Syscall | SampleMode::SyscallEdge => share.syscalls += count.samples,
        }
    }
    shares
}

/// A time that samples split.
#[derive(Clone, Copy, Default)]
pub(super) struct Estimate {
    pub(super) ns: u64,
    variance: f64,
}

impl Estimate {
    pub(super) fn measured(ns: u64) -> Self {
        Estimate { ns, variance: 0.0 }
    }

    pub(super) fn error_ns(self) -> u64 {
        (sampling::Z * self.variance.sqrt()) as u64
    }

    /// Adds the share of a thread's time; nothing where no sample was found.
    fn add(&mut self, whole_ns: u64, found: u64, samples: u64) {
        if found > 0 {
            self.ns += part(whole_ns, found.min(samples), samples);
            self.variance += sampling::variance(whole_ns, found, samples);
        }
    }
}

/// Time of all threads while they collect.
#[derive(Default)]
pub(super) struct Sum {
    pub(super) by_role: BTreeMap<Role, u64>,
    pub(super) by_part: BTreeMap<GcPart, u64>,
    /// On-CPU time that samples found.
    pub(super) on_cpu: Estimate,
    pub(super) elapsed_ns: u64,
    /// Elapsed time of pauses.
    pub(super) pause: Estimate,
    pause_outside_bursts: Estimate,
    /// Samples in bursts of the threads that collect.
    in_bursts: u64,
    /// Those in pauses.
    pauses_in_bursts: u64,
    pub(super) fault_ns: u64,
    pub(super) syscall_ns: u64,
    pub(super) faults: u64,
    /// On-CPU time that samples found, without pauses.
    beside_pauses: Estimate,
    /// On-CPU time of pauses by role.
    pauses: BTreeMap<Role, u64>,
    pause_faults: u64,
}

impl Sum {
    /// Adds up the threads of a recording.
    pub(super) fn of(recording: &Recording, collection: &Collection<'_>) -> Self {
        let mut sum = Sum::default();
        let shares = shares(recording, collection);
        for (thread, share) in recording.threads.iter().zip(&shares) {
            match thread.role.is_gc() {
                true => sum.add_dedicated(thread),
                false => sum.add(thread, share),
            }
        }
        sum
    }

    /// Replaces the pauses that samples found by those that probes measured. They belong to the
    /// thread that stops the others, where the runtime has one; otherwise to the role in which
    /// samples found most; where no sample shows who collected, to the busiest thread.
    pub(super) fn take_measured_pauses(&mut self, times: GcTimes, recording: &Recording) {
        let found = std::mem::take(&mut self.pauses);
        for (role, ns) in &found {
            if let Some(of_role) = self.by_role.get_mut(role) {
                *of_role -= ns;
            }
        }
        self.by_part.remove(&GcPart::Pause);
        self.by_role.retain(|_, ns| *ns > 0);
        self.on_cpu = self.beside_pauses;
        let stops = stopping_thread(recording);
        if let Some(thread) = stops.filter(|thread| thread.role.is_gc()) {
            // It is counted whole already.
            let pause_ns = times.on_cpu_ns.min(thread.on_cpu_ns);
            if let Some(worker) = self.by_part.get_mut(&GcPart::Worker) {
                *worker -= pause_ns;
            }
            self.by_part.insert(GcPart::Pause, pause_ns);
            self.by_part.retain(|_, ns| *ns > 0);
            return;
        }
        let busiest = || {
            recording
                .threads
                .iter()
                .max_by_key(|thread| thread.on_cpu_ns)
        };
        let known = found.into_iter().max_by_key(|(_, ns)| *ns);
        let role = stops.map(|thread| thread.role.clone());
        let role = role.or(known.map(|(role, _)| role));
        if let Some(role) = role.or_else(|| Some(busiest()?.role.clone())) {
            self.add_on_cpu(&role, GcPart::Pause, times.on_cpu_ns);
        }
        self.elapsed_ns = self.elapsed_ns.saturating_sub(self.pause.ns) + times.wall_ns;
        self.faults = self.faults.saturating_sub(self.pause_faults) + times.faults;
    }

    /// Returns the pauses where bursts are known, which lasted `span_ns`.
    ///
    /// Helpers that wait for a CPU are awake when the pause is over. So a pause is that part of the
    /// bursts in which samples find the program's threads collecting, and what these collect
    /// outside of bursts. A collector without helpers has no bursts.
    pub(super) fn pause_in_bursts(&self, span_ns: u64) -> Estimate {
        match self.in_bursts {
            0 if span_ns > 0 => Estimate::measured(span_ns),
            in_bursts => {
                let mut pause = self.pause_outside_bursts;
                pause.add(span_ns, self.pauses_in_bursts, in_bursts);
                pause
            }
        }
    }

    fn add_on_cpu(&mut self, role: &Role, part: GcPart, ns: u64) {
        if ns > 0 {
            *self.by_role.entry(role.clone()).or_default() += ns;
            *self.by_part.entry(part).or_default() += ns;
        }
    }

    /// Adds a thread that only collects: its time is measured.
    fn add_dedicated(&mut self, thread: &Thread) {
        let samples = &thread.samples;
        let outside_ns = thread.on_cpu_ns.saturating_sub(thread.syscall_ns);
        self.add_on_cpu(&thread.role, GcPart::Worker, thread.on_cpu_ns);
        self.elapsed_ns += elapsed_ns(thread);
        self.fault_ns += part(outside_ns, samples.faults(), samples.outside_syscalls());
        self.syscall_ns += thread.syscall_ns.min(thread.on_cpu_ns);
        self.faults += thread.faults;
    }

    /// Adds the share of its samples in which a thread collects.
    fn add(&mut self, thread: &Thread, share: &Share) {
        let samples = thread.samples.outside_syscalls() + thread.samples.syscall;
        let ns = |found: u64| part(thread.on_cpu_ns, found.min(samples), samples);
        for (part, found) in &share.by_part {
            self.add_on_cpu(&thread.role, *part, ns(*found));
            if *part == GcPart::Pause {
                *self.pauses.entry(thread.role.clone()).or_default() += ns(*found);
            }
        }
        let found: u64 = share.by_part.values().sum();
        let elapsed_ns = elapsed_ns(thread);
        let pauses = share.by_part.get(&GcPart::Pause).copied().unwrap_or(0);
        let outside = share.pauses_outside_bursts;
        if pauses > 0 {
            self.in_bursts += share.in_bursts;
            self.pauses_in_bursts += pauses - outside;
        }
        self.on_cpu.add(thread.on_cpu_ns, found, samples);
        self.beside_pauses
            .add(thread.on_cpu_ns, found - pauses, samples);
        self.pause.add(elapsed_ns, pauses, samples);
        self.pause_outside_bursts.add(elapsed_ns, outside, samples);
        self.elapsed_ns += part(elapsed_ns, found.min(samples), samples);
        self.fault_ns += ns(share.faults);
        self.syscall_ns += ns(share.syscalls);
        let faults = thread.samples.faults();
        let in_faults = |found: u64| part(thread.faults, found.min(faults), faults);
        self.faults += in_faults(share.faults);
        self.pause_faults += in_faults(share.pause_faults);
    }
}

/// Returns the wall-clock time in which a thread was in the middle of running: on a CPU, preempted,
/// or stopped by the hypervisor.
fn elapsed_ns(thread: &Thread) -> u64 {
    thread.on_cpu_ns + thread.steal_ns + thread.preempted_ns.unwrap_or(0)
}
