//! Differential graphs: one tree for two builds of one program, otherwise two trees.
//!
//! In one tree nodes are compared, since both arms have the same paths. In two trees frames are
//! compared, wherever they occur: a function that both arms call, such as the kernel's, has other
//! callers in each.

use super::fold::{Folded, Weighed};
use super::frames::{Frames, Rebuilt};
use super::tree::{Found, Tree};
use super::{Arm, split};
use crate::grid::Grid;
use crate::ledger::Key;
use crate::ledger::sampling::Z;
use crate::stats::{self, Resamples, Sample};
use recording::comparison::{FlameFrame, FlameLevel, FlamePair, FlamePairNode};
use recording::vocabulary::{CodePlace, RegionClass};
use std::collections::{BTreeMap, BTreeSet};

/// Data that all pairs share.
pub(super) struct Scene<'v> {
    /// Value of a row of the arm at a place among all, on the grid.
    pub(super) value: &'v dyn Fn(usize, &Key) -> u64,
    /// The grid.
    pub(super) grid: Grid,
    /// Nodes of a tree.
    pub(super) most: usize,
}

impl Scene<'_> {
    /// Compares each two arms, which stand at `places` among all.
    pub(super) fn pairs(
        &self,
        arms: &[Arm<'_>],
        places: &[usize],
        frames: &mut Frames,
    ) -> Vec<FlamePair> {
        let mut pairs = Vec::new();
        for (index, a) in arms.iter().enumerate() {
            for (other, b) in arms.iter().enumerate().skip(index + 1) {
                let places = [places[index], places[other]];
                pairs.push(self.pair([a, b], places, frames));
            }
        }
        pairs
    }

    /// Compares two arms, which stand at these places among all.
    fn pair(&self, arms: [&Arm<'_>; 2], places: [usize; 2], frames: &mut Frames) -> FlamePair {
        let rebuilt = rebuilt(arms);
        let (trees, folded_below) = match are_builds_of_one_program(arms) {
            true => self.in_one_tree(arms, places, &rebuilt, frames),
            false => self.in_two_trees(arms, &rebuilt, frames),
        };
        let [a, b] = arms.map(|arm| arm.name.to_owned());
        FlamePair {
            a,
            b,
            folded_below,
            trees,
        }
    }

    fn in_one_tree(
        &self,
        arms: [&Arm<'_>; 2],
        places: [usize; 2],
        rebuilt: &Rebuilt,
        frames: &mut Frames,
    ) -> (Vec<Vec<FlamePairNode>>, f64) {
        let [of_a, of_b] = arms.map(|arm| arm.rounds.len());
        let mut tree = Tree::new(of_a + of_b);
        let rounds = arms.into_iter().flat_map(|arm| &arm.rounds);
        for (index, round) in rounds.enumerate() {
            tree.add(index, (round.recording, &round.rows), rebuilt, frames);
        }
        let in_a = split(&tree, 0..of_a, |key| (self.value)(places[0], key));
        let in_b = split(&tree, of_a..of_a + of_b, |key| (self.value)(places[1], key));
        let own = in_a.into_iter().zip(in_b).map(|(a, b)| [a, b]).collect();
        let weighed = Weighed::new(&tree, own, frames);
        let (totals, found) = (weighed.totals(), tree.totals());
        let rounds = Rounds::of(arms);
        let grid = self.grid;
        let node = |node: Folded<2>| {
            let compared = node.source.map_or(node.own, |source| totals[source]);
            let found = node.source.map(|source| found[source].split_at(of_a));
            let is_sampled = frames.is_function(node.frame);
            FlamePairNode {
                parent: node.parent,
                frame: node.frame,
                own: node.own.map(|own| grid.float(own)),
                compared: compared.map(|total| grid.float(total)),
                ci95: found.and_then(|(a, b)| rounds.interval([a, b], is_sampled)),
            }
        };
        let limit = weighed.limit(self.most);
        let nodes = weighed.fold(limit).into_iter().map(node).collect();
        (vec![nodes], limit)
    }

    fn in_two_trees(
        &self,
        arms: [&Arm<'_>; 2],
        rebuilt: &Rebuilt,
        frames: &Frames,
    ) -> (Vec<Vec<FlamePairNode>>, f64) {
        let by_frame = arms.map(|arm| arm.tree.by_frame());
        let none = arms.map(|arm| vec![Found::default(); arm.rounds.len()]);
        let rounds = Rounds::of(arms);
        let weighed = arms.map(|arm| arm.weighed(frames));
        let limits = weighed.each_ref().map(|weighed| weighed.limit(self.most));
        let limit = limits.into_iter().fold(0.0, f64::max);
        let grid = self.grid;
        let node = |side: usize, node: Folded<1>| {
            let mut own = [0.0; 2];
            own[side] = grid.float(node.own[0]);
            let frame = &frames.list[node.frame];
            let found = |side: usize| by_frame[side].get(&node.frame).unwrap_or(&none[side]);
            let found = [found(0).as_slice(), found(1)];
            let is_compared = is_comparable(frame, rebuilt);
            FlamePairNode {
                parent: node.parent,
                frame: node.frame,
                own,
                compared: match is_compared {
                    true => rounds.values(found),
                    false => [0.0; 2],
                },
                ci95: is_compared
                    .then(|| rounds.interval(found, frame.level == FlameLevel::Function))
                    .flatten(),
            }
        };
        let tree = |side: usize| {
            let nodes = weighed[side].fold(limit).into_iter();
            nodes.map(|folded| node(side, folded)).collect()
        };
        (vec![tree(0), tree(1)], limit)
    }
}

/// The rounds of two arms.
struct Rounds {
    over: [Vec<f64>; 2],
    resamples: Option<Resamples>,
}

impl Rounds {
    fn of(arms: [&Arm<'_>; 2]) -> Self {
        let over = arms.map(|arm| arm.rounds.iter().map(|round| round.over).collect());
        let [a, b] = arms.map(|arm| arm.rounds.len());
        Rounds {
            over,
            resamples: Resamples::of(a, b),
        }
    }

    fn samples(&self, found: [&[Found]; 2]) -> [Vec<Sample>; 2] {
        [0, 1].map(|side| {
            let rounds = found[side].iter().zip(&self.over[side]);
            let samples = rounds.map(|(found, over)| Sample {
                amount: found.ns as f64,
                over: *over,
            });
            samples.collect()
        })
    }

    /// Returns the time of both arms.
    fn values(&self, found: [&[Found]; 2]) -> [f64; 2] {
        self.samples(found).map(|samples| stats::value(&samples))
    }

    /// Returns the interval of the difference over rounds, or that which sampling causes where it
    /// is wider: a few rounds may agree by chance. `None` with a single round.
    fn interval(&self, found: [&[Found]; 2], is_sampled: bool) -> Option<[f64; 2]> {
        let [a, b] = self.samples(found);
        let [low, high] = self.resamples.as_ref()?.difference(&a, &b);
        if !is_sampled {
            return Some([low, high]);
        }
        let variance = |samples: &[Sample], found: &[Found]| {
            let count: u64 = found.iter().map(|found| found.samples).sum();
            stats::value(samples).powi(2) / count.max(1) as f64
        };
        let error = Z * (variance(&a, found[0]) + variance(&b, found[1])).sqrt();
        let (middle, reach) = ((low + high) / 2.0, ((high - low) / 2.0).max(error));
        Some([middle - reach, middle + reach])
    }
}

/// Returns whether a frame means the same in two trees.
fn is_comparable(frame: &FlameFrame, rebuilt: &Rebuilt) -> bool {
    match frame.level {
        FlameLevel::Role | FlameLevel::Kind | FlameLevel::Cause | FlameLevel::Package => true,
        FlameLevel::Function => !(frame.unnamed && rebuilt.contains(&frame.module)),
        FlameLevel::NoSample | FlameLevel::Folded => false,
    }
}

/// Returns whether the arms run the same executable, or two builds of it, on one runtime.
fn are_builds_of_one_program(arms: [&Arm<'_>; 2]) -> bool {
    let runtimes = arms.map(|arm| {
        arm.rounds
            .first()
            .map(|round| round.recording.target.runtime)
    });
    let [a, b] = arms.map(executables);
    runtimes[0] == runtimes[1] && !a.is_disjoint(&b)
}

/// Returns the names of the executables whose code is in stacks.
fn executables<'a>(arm: &'a Arm<'_>) -> BTreeSet<&'a str> {
    let stacks = arm.rounds.iter().map(|round| &round.recording.stacks);
    let files = stacks.flat_map(|stacks| {
        let frames = stacks.frames.iter();
        let of_binary = CodePlace::Region(RegionClass::BinaryText);
        let own = frames.filter(move |frame| frame.place == of_binary);
        own.filter_map(|frame| Some(stacks.modules.get(frame.module?)?.file.as_str()))
    });
    files.collect()
}

/// Returns modules of both arms that are not known to be the same file.
fn rebuilt(arms: [&Arm<'_>; 2]) -> Rebuilt {
    let [a, b] = arms.map(build_ids);
    let both = a
        .iter()
        .filter_map(|(file, ids)| Some((file, ids, b.get(file)?)));
    let differ = both.filter(|(_, a, b)| a != b || a.contains(""));
    differ.map(|(file, _, _)| (*file).to_owned()).collect()
}

fn build_ids<'a>(arm: &'a Arm<'_>) -> BTreeMap<&'a str, BTreeSet<&'a str>> {
    let rounds = arm.rounds.iter();
    let modules = rounds.flat_map(|round| &round.recording.stacks.modules);
    let mut ids: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for module in modules {
        let of_file = ids.entry(&module.file).or_default();
        of_file.insert(&module.build_id);
    }
    ids
}
