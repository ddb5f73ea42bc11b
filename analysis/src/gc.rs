//! Garbage collection on every thread, also on those that run the program.
//!
//! A sample collects when one frame of its stack is a *root*: a function of the collector. A table
//! names the roots of runtimes whose functions have names; where they have none, roots are learned.
//! [`measure`] finds them once for each recording and keeps them in [`Gc::roots`].

mod by_source;
mod collectors;
mod counted;
mod learned;
mod of_arm;
mod sum;

use counted::Counted;
pub use of_arm::of_arm;
use recording::Recording;
use recording::gc::{Gc, GcPart, GcRoot};
use recording::process::Thread;
use recording::stacks::StackCount;
use recording::vocabulary::{CodePlace, RegionClass, Role};
use std::collections::BTreeMap;
use sum::{Estimate, Sum};

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

/// Returns the garbage collection of a recording: see [`measure_all`].
pub fn measure(recording: &Recording) -> Option<Gc> {
    measure_all(&[recording]).pop().flatten()
}

/// Returns the garbage collection of each of some recordings whose threads have roles, on all
/// threads: on-CPU time of dedicated threads whole, and of others in the share of their samples
/// that collect. `None` where it is unknown. Recordings of one program, by its build id, are
/// learned from together.
pub fn measure_all(recordings: &[&Recording]) -> Vec<Option<Gc>> {
    let mut learned: Vec<Vec<GcRoot>> = vec![Vec::new(); recordings.len()];
    let named: Vec<_> = recordings.iter().map(|of| collectors::roots(of)).collect();
    let mut programs: BTreeMap<(&str, usize), Vec<usize>> = BTreeMap::new();
    for (at, recording) in recordings.iter().enumerate() {
        let is_named = named[at].as_ref().is_some_and(|roots| !roots.is_empty());
        if recording.runtime_stats.gc_bursts.is_some() && !is_named {
            let program = build_id(recording);
            let alone = if program.is_empty() { at } else { 0 };
            programs.entry((program, alone)).or_default().push(at);
        }
    }
    for places in programs.into_values() {
        let rounds: Vec<&Recording> = places.iter().map(|at| recordings[*at]).collect();
        for (at, roots) in places.into_iter().zip(learned::roots(&rounds)) {
            learned[at] = match roots.is_empty() {
                true => by_source::roots(recordings[at]),
                false => roots,
            };
        }
    }
    let each = recordings.iter().zip(named).zip(learned);
    each.map(|((recording, named), learned)| with_roots(recording, named, learned))
        .collect()
}

/// Returns the build id of the program: that of the file with most frames of its code. Empty
/// where the file has none.
fn build_id(recording: &Recording) -> &str {
    const CODE: CodePlace = CodePlace::Region(RegionClass::BinaryText);
    let stacks = &recording.stacks;
    let mut frames: BTreeMap<usize, usize> = BTreeMap::new();
    let own = stacks.frames.iter().filter(|frame| frame.place == CODE);
    for module in own.filter_map(|frame| frame.module) {
        *frames.entry(module).or_default() += 1;
    }
    let most = frames.into_iter().max_by_key(|(_, frames)| *frames);
    let module = most.and_then(|(module, _)| stacks.modules.get(module));
    module.map_or("", |module| &module.build_id)
}

fn with_roots(
    recording: &Recording,
    named: Option<Vec<GcRoot>>,
    learned: Vec<GcRoot>,
) -> Option<Gc> {
    let counted = Counted::of(recording);
    let dedicated = recording.threads.iter().any(|thread| thread.role.is_gc());
    if counted.is_empty() && named.is_none() && !dedicated {
        return None;
    }
    let source = counted.source(named.is_some());
    let is_named = named.is_some();
    let mut roots = named.unwrap_or_default();
    roots.extend(learned);
    let mut sum = Sum::of(recording, &Collection::below(recording, &roots));
    if let Some(times) = counted.times {
        sum.take_measured_pauses(times, recording);
    }
    let faults: u64 = recording.threads.iter().map(|thread| thread.faults).sum();
    // The bursts of helpers count collections, unless all were seen where no helper was awake.
    let is_known = |count: &u64| *count > 0 || sum.pause.ns == 0;
    let collections = counted.collections.filter(is_known);
    let pause = match (counted.times, counted.bursts) {
        (Some(times), _) => Some(Estimate::measured(times.wall_ns)),
        (None, Some(bursts)) => Some(sum.pause_in_bursts(bursts.span_ns)),
        (None, None) => is_named.then_some(sum.pause),
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

#[cfg(test)]
mod tests;
