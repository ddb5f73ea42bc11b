//! Flame graphs: the ledger of CPU time, split over call stacks.
//!
//! Levels are thread role, kind of ledger row, cause where the row has a more precise one, then the
//! frames of the stack from the outermost inward. Values are per unit of the load, as in the
//! ledger. [`attribution`] decides which stack belongs to which row, and splits each row's time.
//!
//! *Identity:* the nodes of a row add up to the row, and a graph to the arm's ledger, to the last
//! bit. Time that no stack shows has a separate node.

mod costliest;
mod fold;
mod frames;
mod off_cpu;
mod pair;
mod tree;

use crate::annotate_all;
use crate::arms::{self, Rounds};
use crate::attribution::{StackRow, stack_rows};
use crate::grid::Grid;
use crate::ledger::Key;
use crate::metrics;
use crate::packages;
use crate::pairs::Measured;
use crate::unit_of_work;
pub use costliest::Costliest;
use fold::{Folded, Weighed};
use frames::{Frames, Rebuilt};
pub use off_cpu::off_cpu;
use recording::Recording;
use recording::comparison::{Flame, FlameGraph, FlameNode};
use recording::vocabulary::Per;
use tree::Tree;

/// Nodes of all trees of a comparison together, so that a page stays small.
const ALL_NODES: usize = 6_000;
/// Nodes of a tree by package.
const OF_PACKAGES: usize = 300;
/// Nodes of one tree, at most and at least.
const OF_TREE: (usize, usize) = (1_000, 100);

/// An arm with its tree.
struct Arm<'a> {
    name: &'a str,
    rounds: Vec<Round<'a>>,
    tree: Tree,
    /// Time of each node outside of its children, on the grid.
    own: Vec<i64>,
}

/// A round with its ledger rows.
struct Round<'a> {
    recording: &'a Recording,
    rows: Vec<StackRow>,
    /// Denominator of its values.
    over: f64,
}

/// Returns the graphs of all arms and pairs, with small frames folded, and the costliest stacks of
/// each row; `None` where no arm has call stacks.
pub fn graphs(
    arms: &[Rounds<'_>],
    measured: &[Measured<'_>],
    unit: Per,
) -> Option<(Flame, Costliest)> {
    let metric = metric(arms, measured, unit)?;
    let mut frames = Frames::new();
    let places: Vec<usize> = places(arms).collect();
    let built = places
        .iter()
        .map(|place| build(&arms[*place], *place, (metric, unit), &mut frames));
    let built: Vec<Arm<'_>> = built.collect();
    let pairs = built.len() * (built.len() - 1) / 2;
    let most = (ALL_NODES / (built.len() + 2 * pairs)).clamp(OF_TREE.1, OF_TREE.0);
    let graphs = built.iter().map(|arm| {
        let weighed = arm.weighed(&frames);
        let limit = weighed.limit(most);
        arm.graph(weighed.fold(limit), limit, metric.grid())
    });
    let graphs = graphs.collect();
    let packages = built
        .iter()
        .zip(&places)
        .filter_map(|(arm, place)| by_package(arm, *place, metric, &mut frames));
    let packages = packages.collect();
    let scene = pair::Scene {
        value: &|place, key| row_value(metric, place, key),
        grid: metric.grid(),
        most,
    };
    let pairs = scene.pairs(&built, &places, &mut frames);
    let costliest = Costliest::of(&built, metric.id(), metric.grid(), &frames);
    let flame = Flame {
        metric: metric.id(),
        per: unit,
        frames: frames.list,
        arms: graphs,
        packages,
        pairs,
    };
    Some((flame, costliest))
}

/// Returns the graphs of all arms with every frame, for programs that read profiles; `None` where
/// no arm has call stacks.
pub fn whole(recordings: &[(String, Recording)]) -> Option<Flame> {
    let mut annotated = recordings.to_vec();
    annotate_all(&mut annotated);
    let all = arms::group(&annotated);
    let arms = arms::compared(&all);
    let unit = unit_of_work::of(&arms);
    let definition = metrics::of(metrics::cpu_time_per(unit));
    let measured: Vec<_> = Measured::of(definition, &arms, unit).into_iter().collect();
    let metric = metric(&arms, &measured, unit)?;
    let mut frames = Frames::new();
    let graphs = places(&arms).map(|place| {
        let arm = build(&arms[place], place, (metric, unit), &mut frames);
        let nodes = arm.weighed(&frames).whole();
        arm.graph(nodes, 0.0, metric.grid())
    });
    let graphs = graphs.collect();
    Some(Flame {
        metric: metric.id(),
        per: unit,
        frames: frames.list,
        arms: graphs,
        packages: Vec::new(),
        pairs: Vec::new(),
    })
}

/// Returns the metric that the graphs split; `None` where no arm has call stacks.
fn metric<'m, 'a>(
    arms: &[Rounds<'_>],
    measured: &'m [Measured<'a>],
    unit: Per,
) -> Option<&'m Measured<'a>> {
    places(arms).next()?;
    let id = metrics::cpu_time_per(unit);
    let known = measured.iter().find(|metric| metric.id() == id);
    known.filter(|metric| metric.places().count() == arms.len())
}

/// Returns the places of arms that have call stacks.
fn places(arms: &[Rounds<'_>]) -> impl Iterator<Item = usize> {
    let has_stacks = |arm: &Rounds<'_>| {
        let mut rounds = arm.rounds.iter();
        rounds.any(|(_, recording)| recording.stacks.samples > 0)
    };
    let arms = arms.iter().enumerate();
    arms.filter_map(move |(place, arm)| has_stacks(arm).then_some(place))
}

fn build<'a>(
    arm: &Rounds<'a>,
    place: usize,
    (metric, unit): (&Measured<'_>, Per),
    frames: &mut Frames,
) -> Arm<'a> {
    let definition = metrics::of(metric.id());
    let rounds = arm.rounds.iter().filter_map(|(_, recording)| {
        let over = definition.sample(recording, unit)?.over;
        let rows = stack_rows(recording);
        Some(Round {
            recording,
            rows,
            over,
        })
    });
    let rounds: Vec<Round<'a>> = rounds.collect();
    let mut tree = Tree::new(rounds.len());
    for (index, round) in rounds.iter().enumerate() {
        let facts = (round.recording, &round.rows[..]);
        tree.add(index, facts, &Rebuilt::new(), frames);
    }
    let own = split(&tree, 0..rounds.len(), |key| row_value(metric, place, key));
    Arm {
        name: arm.arm,
        rounds,
        tree,
        own,
    }
}

/// Returns the graph of an arm by package; `None` where it has no packages.
fn by_package(
    arm: &Arm<'_>,
    place: usize,
    metric: &Measured<'_>,
    frames: &mut Frames,
) -> Option<FlameGraph> {
    let mut rounds = arm.rounds.iter();
    if !rounds.any(|round| packages::has_packages(round.recording)) {
        return None;
    }
    let mut tree = Tree::new(arm.rounds.len());
    for (index, round) in arm.rounds.iter().enumerate() {
        tree.add_packages(index, (round.recording, &round.rows), frames);
    }
    let own = split(&tree, 0..arm.rounds.len(), |key| {
        row_value(metric, place, key)
    });
    let own = own.iter().map(|own| [*own]).collect();
    let weighed = Weighed::new(&tree, own, frames);
    let limit = weighed.limit(OF_PACKAGES);
    Some(arm.graph(weighed.fold(limit), limit, metric.grid()))
}

/// Returns the value of a row of the arm at a place, on the grid.
fn row_value(metric: &Measured<'_>, place: usize, key: &Key) -> u64 {
    u64::try_from(metric.row_value(place, key)).unwrap_or(0)
}

/// Splits rows, whose values are on a grid.
fn split(tree: &Tree, rounds: std::ops::Range<usize>, value: impl Fn(&Key) -> u64) -> Vec<i64> {
    let own = tree.split(rounds, value).into_iter();
    own.map(|own| i64::try_from(own).unwrap_or(i64::MAX))
        .collect()
}

impl Arm<'_> {
    fn weighed<'t>(&'t self, frames: &'t Frames) -> Weighed<'t, 1> {
        let own = self.own.iter().map(|own| [*own]).collect();
        Weighed::new(&self.tree, own, frames)
    }

    fn graph(&self, nodes: Vec<Folded<1>>, folded_below: f64, grid: Grid) -> FlameGraph {
        let nodes = nodes.into_iter().map(|node| FlameNode {
            parent: node.parent,
            frame: node.frame,
            own: grid.float(node.own[0]),
        });
        FlameGraph {
            arm: self.name.into(),
            folded_below,
            nodes: nodes.collect(),
        }
    }
}

#[cfg(test)]
mod tests;
