//! Roots of a collector whose functions have no names.
//!
//! JavaScriptCore collects on the main thread, with helper threads that do nothing else. A sample
//! of the main thread does not name the collector where the binary is stripped, but its call stack
//! shows it: below some functions, nearly all samples fall into times in which helpers are awake.
//!
//! These are *inner* functions, such as marking. The functions that call them also stop and resume
//! the program while no helper is awake, so that less of their time falls into such times, about
//! half on a busy machine. They are recognised as the callers of all inner functions. Where
//! collections are rare and short, they are the only ones with enough samples.

use recording::Recording;
use recording::gc::{GcPart, GcRoot};
use recording::stacks::{StackCount, StackFrame};
use recording::vocabulary::{CodePlace, RegionClass};
use statrs::distribution::{Binomial, DiscreteCDF};
use std::collections::{BTreeMap, BTreeSet};

/// Least share of an inner function's samples in times with awake helpers. Measured on Bun 1.3 and
/// 1.4: 0.97 and more for marking.
const INNER_SHARE: f64 = 0.75;
/// The same for their callers. Measured: 0.53 to 0.85 for the outermost function of collection, and
/// 0.17 to 0.39 for the event loop above it, which is the share of its whole thread.
const CALLER_SHARE: f64 = 0.35;
/// Share in bursts of the samples of threads that collect, up to which collections are rare: with
/// few samples inside of them no function is inner. Then a function with [`CALLER_SHARE`] has seven
/// times that share, so that it does nothing else. The event loop has the share itself.
const RARE: f64 = 0.05;
/// Part of the samples below inner functions that is also below a caller of all of them. Some
/// stacks are broken.
const CALLED: f64 = 0.9;
/// Probability that chance gives a function without part in collection as many samples in bursts.
/// With this one, chance makes none of some hundred functions a root.
const CHANCE: f64 = 3e-5;
/// Samples that a function must have: several in one burst are no independent ones.
const FEWEST: u64 = 5;

/// Learns the roots of recordings of one program whose threads have roles: of each recording, in
/// their order. Rounds with few collections are learned from together. There are no roots where
/// helper threads cannot be recognised, or no stacks were recorded.
pub(super) fn roots(rounds: &[&Recording]) -> Vec<Vec<GcRoot>> {
    let seen = Seen::of(rounds);
    let roots = seen.roots();
    let of_round = |functions: &Vec<Option<usize>>| {
        let frames = functions.iter().enumerate();
        let frames = frames.filter(|(_, function)| function.is_some_and(|at| roots.contains(&at)));
        let part = GcPart::Pause;
        frames.map(|(frame, _)| GcRoot { frame, part }).collect()
    };
    seen.functions.iter().map(of_round).collect()
}

/// A function of a program, in any of its recordings: build id and name of the file, address, and
/// name. Inlined functions share an address.
type Function<'a> = (Option<(&'a str, &'a str)>, u64, &'a str);

/// Samples of one thread in one stack.
struct Sampled {
    /// Index of the recording, and of the thread in it.
    thread: (usize, usize),
    functions: BTreeSet<usize>,
    tally: Tally,
}

/// Samples of the threads that run the program, in all recordings.
struct Seen {
    /// For each recording, the function of each frame in the program's own code. Libraries serve
    /// all code, and compiled code has one frame for all of its functions.
    functions: Vec<Vec<Option<usize>>>,
    samples: Vec<Sampled>,
}

impl Seen {
    fn of(rounds: &[&Recording]) -> Self {
        let mut known: BTreeMap<Function<'_>, usize> = BTreeMap::new();
        let mut seen = Seen {
            functions: Vec::new(),
            samples: Vec::new(),
        };
        for (round, recording) in rounds.iter().enumerate() {
            let stacks = &recording.stacks;
            let functions = stacks.frames.iter().map(|frame| {
                let next = known.len();
                let function = function(recording, frame)?;
                Some(*known.entry(function).or_insert(next))
            });
            let functions: Vec<Option<usize>> = functions.collect();
            let counts = stacks.counts.iter();
            for count in counts.filter(|count| is_mutator(recording, count)) {
                let frames = stacks.frame_indexes(count.node);
                let frames = frames.filter_map(|frame| *functions.get(frame)?);
                seen.samples.push(Sampled {
                    thread: (round, count.thread),
                    functions: frames.collect(),
                    tally: Tally::of(count),
                });
            }
            seen.functions.push(functions);
        }
        seen
    }

    fn roots(&self) -> BTreeSet<usize> {
        let mut found: BTreeMap<usize, Tally> = BTreeMap::new();
        let mut all = Tally::default();
        for sampled in &self.samples {
            all.add(sampled.tally);
            for function in &sampled.functions {
                found.entry(*function).or_default().add(sampled.tally);
            }
        }
        let above = |share: f64, chance: f64| {
            let known = found.iter().filter(move |(_, tally)| {
                let sure = tally.exceeds(chance);
                sure && tally.share() >= share
            });
            known.map(|(function, _)| *function)
        };
        let mut roots: BTreeSet<usize> = above(INNER_SHARE, all.share()).collect();
        if roots.is_empty() {
            // Chance is that of the threads that collect: the loop has it, and no more.
            let own = self.chance_of(|sampled| sampled.tally.in_gc > 0);
            let rare = Some(own).filter(|own| *own <= RARE);
            roots.extend(rare.into_iter().flat_map(|own| above(CALLER_SHARE, own)));
        } else {
            let callers = self.callers(&roots);
            roots.extend(above(CALLER_SHARE, callers.chance).filter(|at| callers.calls_all(*at)));
        }
        roots
    }

    /// Finds the functions above the inner ones.
    fn callers(&self, inner: &BTreeSet<usize>) -> Callers {
        let mut callers = Callers::default();
        let is_inner = |sampled: &Sampled| !sampled.functions.is_disjoint(inner);
        let samples = self.samples.iter();
        for sampled in samples.filter(|sampled| is_inner(sampled)) {
            callers.inner += sampled.tally.all;
            for function in &sampled.functions {
                *callers.called.entry(*function).or_default() += sampled.tally.all;
            }
        }
        // The event loop calls inner functions as well, but holds its threads' whole time: its
        // share is theirs, and more than that of all threads.
        callers.chance = self.chance_of(is_inner);
        callers
    }

    /// Returns the share in bursts of all samples of the threads with a sample that collects.
    fn chance_of(&self, collects: impl Fn(&Sampled) -> bool) -> f64 {
        let collecting = self.samples.iter().filter(|sampled| collects(sampled));
        let threads: BTreeSet<_> = collecting.map(|sampled| sampled.thread).collect();
        let mut own = Tally::default();
        let samples = self.samples.iter();
        let own_samples = samples.filter(|sampled| threads.contains(&sampled.thread));
        own_samples.for_each(|sampled| own.add(sampled.tally));
        own.share()
    }
}

/// Samples below inner functions.
#[derive(Default)]
struct Callers {
    inner: u64,
    /// Those below each function.
    called: BTreeMap<usize, u64>,
    /// Share in bursts of all samples of the threads that collect.
    chance: f64,
}

impl Callers {
    fn calls_all(&self, function: usize) -> bool {
        let called = self.called.get(&function).copied().unwrap_or(0);
        called as f64 >= CALLED * self.inner as f64
    }
}

/// Samples below a function.
#[derive(Clone, Copy, Default)]
struct Tally {
    all: u64,
    in_gc: u64,
}

impl Tally {
    fn of(count: &StackCount) -> Self {
        Tally {
            all: count.samples,
            in_gc: u64::from(count.in_gc) * count.samples,
        }
    }

    fn add(&mut self, other: Tally) {
        self.all += other.all;
        self.in_gc += other.in_gc;
    }

    fn share(self) -> f64 {
        self.in_gc as f64 / self.all.max(1) as f64
    }

    /// Returns whether the share is more than that of all samples, `chance`: so much more that
    /// samples without part in collection have it with the probability [`CHANCE`] at most.
    fn exceeds(self, chance: f64) -> bool {
        if self.all < FEWEST || self.share() <= chance {
            return false;
        }
        // It refuses what is no probability.
        let drawn = Binomial::new(chance, self.all);
        drawn.is_ok_and(|drawn| self.in_gc == 0 || drawn.sf(self.in_gc - 1) <= CHANCE)
    }
}

/// Returns whether a sample is of a thread that also runs the program.
fn is_mutator(recording: &Recording, count: &StackCount) -> bool {
    let thread = recording.threads.get(count.thread);
    thread.is_some_and(|thread| !thread.role.is_gc() && !thread.role.is_jit())
}

/// Returns the function of a frame in the program's own code.
fn function<'a>(recording: &'a Recording, frame: &'a StackFrame) -> Option<Function<'a>> {
    const CODE: CodePlace = CodePlace::Region(RegionClass::BinaryText);
    let module = frame.module.and_then(|at| recording.stacks.modules.get(at));
    let file = module.map(|module| (&*module.build_id, &*module.file));
    (frame.place == CODE).then_some((file, frame.address, &*frame.function))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn learns_no_root_from_few_samples() {
        let tally = |all, in_gc| Tally { all, in_gc };
        assert!(!tally(4, 4).exceeds(0.01));
        assert!(tally(5, 5).exceeds(0.1));
        assert!(!tally(5, 5).exceeds(0.2), "1 in 3,000");
        assert!(
            !tally(20, 13).exceeds(0.35),
            "chance makes some of hundreds"
        );
        assert!(tally(20, 17).exceeds(0.35));
        assert!(!tally(0, 0).exceeds(0.0) && !tally(9, 9).exceeds(1.0));
    }
}
