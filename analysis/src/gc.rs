//! Garbage collection on every thread, also on those that run the program.
//!
//! A sample collects when one frame of its stack is a *root*: a function of the collector. A table
//! names the roots of runtimes whose functions have names; where they have none, roots are learned.
//! [`measure`] finds them once for each recording and keeps them in [`Gc::roots`].

mod collectors;
mod learned;

use crate::grid::part;
use crate::ledger::sampling;
use recording::Recording;
use recording::gc::{Gc, GcPart, GcRoot};
use recording::process::Thread;
use recording::stacks::{SampleMode, StackCount};
use recording::vocabulary::Role;
use std::collections::BTreeMap;

/// The samples of one recording that collect garbage.
pub struct Collection<'a> {
    recording: &'a Recording,
    /// For each node of the call tree, who does the work at it, if it is below a root.
    parts: Vec<Option<GcPart>>,
}

impl<'a> Collection<'a> {
    /// Returns the samples below the roots that [`measure`] found; none before that.
    pub fn of(recording: &'a Recording) -> Self {
        let roots = recording.gc.as_ref().map_or(&[][..], |gc| &gc.roots);
        Self::below(recording, roots)
    }

    fn below(recording: &'a Recording, roots: &[GcRoot]) -> Self {
        let stacks = &recording.stacks;
        let mut of_frames = vec![None; stacks.frames.len()];
        for root in roots {
            if let Some(frame) = of_frames.get_mut(root.frame) {
                *frame = Some(root.part);
            }
        }
        let mut parts: Vec<Option<GcPart>> = Vec::with_capacity(stacks.nodes.len());
        for node in &stacks.nodes {
            // A parent stands before its children.
            let caller = node.parent.and_then(|parent| parts.get(parent).copied());
            let own = of_frames.get(node.frame).copied().flatten();
            parts.push(inner(caller.flatten(), own));
        }
        Collection { recording, parts }
    }

    /// Returns who does the work of a sample that collects garbage: by its stack, or because its
    /// thread does nothing else.
    pub fn part(&self, count: &StackCount) -> Option<GcPart> {
        let role = &self.thread(count)?.role;
        let found = count.node.and_then(|node| *self.parts.get(node)?);
        match role {
            role if role.is_gc() => Some(GcPart::Worker),
            // These threads never run the program.
            Role::V8Worker => found.map(|_| GcPart::Worker),
            role if role.is_jit() => None,
            _ => found,
        }
    }

    /// Returns whether samples of a thread that also does other work collect garbage.
    pub fn collects(&self, count: &StackCount) -> bool {
        let is_dedicated = |thread: &Thread| thread.role.is_gc();
        !self.thread(count).is_some_and(is_dedicated) && self.part(count).is_some()
    }

    fn thread(&self, count: &StackCount) -> Option<&'a Thread> {
        self.recording.threads.get(count.thread)
    }
}

/// Returns who does the work at a frame. Workers mark on behalf of all others, so that theirs is
/// the weakest claim; otherwise the outermost root began it.
fn inner(caller: Option<GcPart>, own: Option<GcPart>) -> Option<GcPart> {
    match caller {
        None | Some(GcPart::Worker) => own.or(caller),
        known => known,
    }
}

/// Returns the garbage collection of a recording whose threads have roles, on all threads: on-CPU
/// time of dedicated threads whole, and of others in the share of their samples that collect.
/// `None` where it is unknown.
pub fn measure(recording: &Recording) -> Option<Gc> {
    let bursts = recording.runtime_stats.gc_bursts.as_ref();
    let named = collectors::roots(recording);
    let dedicated = recording.threads.iter().any(|thread| thread.role.is_gc());
    if bursts.is_none() && named.is_none() && !dedicated {
        return None;
    }
    let source = source(named.is_some(), bursts.is_some());
    let is_named = named.is_some();
    let mut roots = named.unwrap_or_default();
    if bursts.is_some() && roots.is_empty() {
        roots = learned::roots(recording);
    }
    let shares = shares(recording, &Collection::below(recording, &roots));
    let sum = sum(recording, &shares);
    let faults: u64 = recording.threads.iter().map(|thread| thread.faults).sum();
    let collections = bursts.map(|bursts| bursts.spans.count);
    let pause = match bursts {
        Some(bursts) => Some(sum.pause_outside_bursts.plus(bursts.span_ns)),
        None => is_named.then_some(sum.pause),
    };
    Some(Gc {
        runtime: recording.target.runtime,
        collections,
        pause_ns: pause.map(|pause| pause.ns),
        pause_sampling_error_ns: pause.map_or(0, Estimate::error_ns),
        on_cpu_ns: sum.by_role.values().sum(),
        by_role: sum.by_role,
        by_part: sum.by_part,
        elapsed_ns: sum.elapsed_ns,
        sampling_error_ns: sum.on_cpu.error_ns(),
        fault_ns: sum.fault_ns,
        syscall_ns: sum.syscall_ns,
        faults: sum.faults,
        faults_between: collections
            .and_then(|collections| faults.saturating_sub(sum.faults).checked_div(collections)),
        roots,
        source: source.into(),
    })
}

fn source(named: bool, bursts: bool) -> &'static str {
    match (named, bursts) {
        (true, true) => {
            "call stacks below functions of the collector; pauses and collections: bursts of GC \
             threads, and time of threads that collect outside of bursts"
        }
        (true, false) => {
            "call stacks below functions of the collector; pauses: on-CPU time and preemption, \
             without waits"
        }
        (false, true) => {
            "bursts of GC threads, and call stacks below functions that run during bursts"
        }
        (false, false) => "threads that only collect garbage",
    }
}

/// Samples of one thread that collect.
#[derive(Clone, Default)]
struct Share {
    by_part: BTreeMap<GcPart, u64>,
    pauses_outside_bursts: u64,
    faults: u64,
    syscalls: u64,
}

/// Counts the samples of each thread that collect, in the order of `threads`.
fn shares(recording: &Recording, collection: &Collection<'_>) -> Vec<Share> {
    let mut shares = vec![Share::default(); recording.threads.len()];
    for count in &recording.stacks.counts {
        let Some((part, share)) = collection.part(count).zip(shares.get_mut(count.thread)) else {
            continue;
        };
        *share.by_part.entry(part).or_default() += count.samples;
        if part == GcPart::Pause && !count.in_gc {
            share.pauses_outside_bursts += count.samples;
        }
        match count.mode {
            SampleMode::User => {}
            SampleMode::Fault | SampleMode::FaultReturn => share.faults += count.samples,
            SampleMode::Syscall | SampleMode::SyscallEdge => share.syscalls += count.samples,
        }
    }
    shares
}

/// A time that samples split.
#[derive(Clone, Copy, Default)]
struct Estimate {
    ns: u64,
    variance: f64,
}

impl Estimate {
    fn plus(self, ns: u64) -> Self {
        Estimate {
            ns: self.ns + ns,
            ..self
        }
    }

    fn error_ns(self) -> u64 {
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
struct Sum {
    by_role: BTreeMap<Role, u64>,
    by_part: BTreeMap<GcPart, u64>,
    on_cpu: Estimate,
    elapsed_ns: u64,
    pause: Estimate,
    pause_outside_bursts: Estimate,
    fault_ns: u64,
    syscall_ns: u64,
    faults: u64,
}

fn sum(recording: &Recording, shares: &[Share]) -> Sum {
    let mut sum = Sum::default();
    for (thread, share) in recording.threads.iter().zip(shares) {
        match thread.role.is_gc() {
            true => sum.add_dedicated(thread),
            false => sum.add(thread, share),
        }
    }
    sum
}

impl Sum {
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
        }
        let found: u64 = share.by_part.values().sum();
        let elapsed_ns = elapsed_ns(thread);
        let pauses = share.by_part.get(&GcPart::Pause).copied().unwrap_or(0);
        let outside = share.pauses_outside_bursts;
        self.on_cpu.add(thread.on_cpu_ns, found, samples);
        self.pause.add(elapsed_ns, pauses, samples);
        self.pause_outside_bursts.add(elapsed_ns, outside, samples);
        self.elapsed_ns += part(elapsed_ns, found.min(samples), samples);
        self.fault_ns += ns(share.faults);
        self.syscall_ns += ns(share.syscalls);
        let faults = thread.samples.faults();
        self.faults += part(thread.faults, share.faults.min(faults), faults);
    }
}

/// Returns the wall-clock time in which a thread was in the middle of running: on a CPU, preempted,
/// or stopped by the hypervisor.
fn elapsed_ns(thread: &Thread) -> u64 {
    thread.on_cpu_ns + thread.steal_ns + thread.preempted_ns.unwrap_or(0)
}

#[cfg(test)]
mod tests;
