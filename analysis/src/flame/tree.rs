//! The tree of one arm, or of two: ledger rows split over call stacks, round by round.

use super::frames::{Frames, Joins, Rebuilt, by_function, by_package};
use crate::attribution::StackRow;
use crate::grid::part;
use crate::ledger::Key;
use crate::packages;
use recording::comparison::FlameLevel;
use recording::{Recording, Stacks};
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

/// Words for stacks without a package.
const NO_PACKAGE: &str = "no package";
/// Depth of a tree, in frames. The recorder keeps fewer; the limit is for damaged files.
const DEEPEST: usize = 256;

/// A node.
pub(super) struct Node {
    pub(super) parent: Option<usize>,
    pub(super) frame: usize,
    /// Index of the ledger row that its own time belongs to.
    row: usize,
    depth: usize,
    /// Time and samples outside of its children, by round.
    pub(super) own: Vec<Found>,
}

/// Time with the samples that found it.
#[derive(Clone, Copy, Default)]
pub(super) struct Found {
    pub(super) ns: u64,
    pub(super) samples: u64,
}

impl Found {
    pub(super) fn add(&mut self, other: Found) {
        self.ns = self.ns.saturating_add(other.ns);
        self.samples = self.samples.saturating_add(other.samples);
    }
}

/// A tree. A parent stands before its children.
pub(super) struct Tree {
    pub(super) nodes: Vec<Node>,
    children: HashMap<(Option<usize>, usize), usize>,
    rows: Vec<Key>,
    /// Node and index of each row.
    row_nodes: BTreeMap<Key, (usize, usize)>,
    rounds: usize,
}

impl Tree {
    /// Returns a tree of so many rounds without nodes.
    pub(super) fn new(rounds: usize) -> Self {
        Tree {
            nodes: Vec::new(),
            children: HashMap::new(),
            rows: Vec::new(),
            row_nodes: BTreeMap::new(),
            rounds,
        }
    }

    /// Adds one round's ledger rows by function.
    pub(super) fn add(
        &mut self,
        round: usize,
        facts: (&Recording, &[StackRow]),
        rebuilt: &Rebuilt,
        frames: &mut Frames,
    ) {
        let stacks = &facts.0.stacks;
        let functions = stacks.frames.iter();
        let functions = functions.map(|frame| by_function((stacks, frame), rebuilt, frames));
        let functions = functions.collect();
        let no_sample = frames.no_sample;
        self.add_rows(round, facts, (functions, no_sample), frames);
    }

    /// Adds one round's ledger rows by package.
    pub(super) fn add_packages(
        &mut self,
        round: usize,
        facts: (&Recording, &[StackRow]),
        frames: &mut Frames,
    ) {
        let packages = packages::of_frames(facts.0);
        let packages = packages.iter();
        let packages = packages.map(|package| by_package(package.as_deref(), frames));
        let packages = packages.collect();
        let none = frames.plain(FlameLevel::Package, NO_PACKAGE);
        self.add_rows(round, facts, (packages, none), frames);
    }

    /// Adds one round's ledger rows. A stack without a frame of the graph has the frame
    /// `otherwise`.
    fn add_rows(
        &mut self,
        round: usize,
        (recording, rows): (&Recording, &[StackRow]),
        (shown, otherwise): (Vec<(usize, Joins)>, usize),
        frames: &mut Frames,
    ) {
        let stacks = &recording.stacks;
        let mut walk = Walk {
            stacks,
            frames: shown,
            seen: HashMap::new(),
        };
        for row in rows.iter().filter(|row| row.ns > 0) {
            let (top, index) = self.row(&row.key, frames);
            let mut rest = Found {
                ns: row.unsampled_ns,
                samples: 0,
            };
            for share in &row.stacks {
                let count = &stacks.counts[share.count];
                let found = Found {
                    ns: share.ns,
                    samples: count.samples,
                };
                let node = count.node;
                match node.and_then(|node| walk.node(self, (top, index), node)) {
                    Some(node) => self.nodes[node].own[round].add(found),
                    None if otherwise != frames.no_sample => {
                        let node = self.child(Some(top), otherwise, index);
                        self.nodes[node].own[round].add(found);
                    }
                    None => rest.add(found),
                }
            }
            if rest.ns > 0 {
                let node = self.child(Some(top), frames.no_sample, index);
                self.nodes[node].own[round].add(rest);
            }
        }
    }

    /// Returns the node and the index of a ledger row.
    fn row(&mut self, key: &Key, frames: &mut Frames) -> (usize, usize) {
        if let Some(found) = self.row_nodes.get(key) {
            return *found;
        }
        let row = self.rows.len();
        self.rows.push(key.clone());
        let role = key.role.as_ref().map_or("process", |role| role.label());
        let label = key.kind.label();
        let role = frames.plain(FlameLevel::Role, role);
        let kind = frames.plain(FlameLevel::Kind, label);
        let role = self.child(None, role, row);
        let mut node = self.child(Some(role), kind, row);
        if key.cause != label {
            let cause = frames.plain(FlameLevel::Cause, &key.cause);
            node = self.child(Some(node), cause, row);
        }
        self.row_nodes.insert(key.clone(), (node, row));
        (node, row)
    }

    /// Returns the ledger row that a node's own time belongs to.
    pub(super) fn key(&self, node: &Node) -> &Key {
        &self.rows[node.row]
    }

    fn child(&mut self, parent: Option<usize>, frame: usize, row: usize) -> usize {
        let nodes = &mut self.nodes;
        let own = vec![Found::default(); self.rounds];
        *self.children.entry((parent, frame)).or_insert_with(|| {
            let depth = parent.map_or(0, |parent| nodes[parent].depth + 1);
            nodes.push(Node {
                parent,
                frame,
                row,
                depth,
                own,
            });
            nodes.len() - 1
        })
    }

    /// Splits the values of ledger rows over the nodes by their time in some of the rounds. The
    /// nodes of a row add up to its value, exactly.
    pub(super) fn split(&self, rounds: Range<usize>, value: impl Fn(&Key) -> u64) -> Vec<u64> {
        let own = |node: &Node| {
            let found = node.own[rounds.clone()].iter();
            found.fold(0u64, |sum, found| sum.saturating_add(found.ns))
        };
        let mut all = vec![0u64; self.rows.len()];
        for node in &self.nodes {
            all[node.row] = all[node.row].saturating_add(own(node));
        }
        let values: Vec<u64> = self.rows.iter().map(value).collect();
        let mut seen = vec![0u64; self.rows.len()];
        let mut given = vec![0u64; self.rows.len()];
        let split = self.nodes.iter().map(|node| {
            let row = node.row;
            seen[row] = seen[row].saturating_add(own(node));
            let up_to_here = part(values[row], seen[row], all[row]);
            let own = up_to_here - given[row];
            given[row] = up_to_here;
            own
        });
        split.collect()
    }

    /// Returns time and samples of each node with its children, by round.
    pub(super) fn totals(&self) -> Vec<Vec<Found>> {
        let mut totals: Vec<Vec<Found>> = self.nodes.iter().map(|node| node.own.clone()).collect();
        for index in (0..self.nodes.len()).rev() {
            let Some(parent) = self.nodes[index].parent else {
                continue;
            };
            let (before, after) = totals.split_at_mut(index);
            for (sum, own) in before[parent].iter_mut().zip(&after[0]) {
                sum.add(*own);
            }
        }
        totals
    }

    /// Returns time and samples of each frame, wherever it occurs, by round. A function that calls
    /// itself counts once.
    pub(super) fn by_frame(&self) -> HashMap<usize, Vec<Found>> {
        let mut sums: HashMap<usize, Vec<Found>> = HashMap::new();
        for (index, total) in self.totals().into_iter().enumerate() {
            let frame = self.nodes[index].frame;
            let outward = |index: &usize| self.nodes[*index].parent;
            let mut callers = std::iter::successors(outward(&index), outward);
            if callers.any(|caller| self.nodes[caller].frame == frame) {
                continue;
            }
            let sum = sums.entry(frame);
            let sum = sum.or_insert_with(|| vec![Found::default(); self.rounds]);
            for (sum, own) in sum.iter_mut().zip(total) {
                sum.add(own);
            }
        }
        sums
    }
}

/// The way from the nodes of a recording to those of a tree.
struct Walk<'a> {
    stacks: &'a Stacks,
    /// The recording's frames, by their index, and how they join their callers.
    frames: Vec<(usize, Joins)>,
    /// Nodes found so far, by ledger row and the recording's node.
    seen: HashMap<(usize, usize), usize>,
}

impl Walk<'_> {
    /// Returns the tree's node of a stack below a row; `None` for a stack without frames.
    fn node(&mut self, tree: &mut Tree, (top, row): (usize, usize), node: usize) -> Option<usize> {
        let mut missing = Vec::new();
        let mut at = None;
        for node in self.stacks.node_indexes(Some(node)) {
            at = self.seen.get(&(row, node)).copied();
            if at.is_some() {
                break;
            }
            missing.push(node);
        }
        for node in missing.into_iter().rev() {
            let frame = self.stacks.nodes[node].frame;
            let parent = at.unwrap_or(top);
            let Some((frame, joins)) = self.frames.get(frame).copied() else {
                continue;
            };
            let again = match joins {
                Joins::Never => false,
                Joins::Same => tree.nodes[parent].frame == frame,
                Joins::Always => true,
            };
            let found = match again || tree.nodes[parent].depth >= DEEPEST {
                true => parent,
                false => tree.child(Some(parent), frame, row),
            };
            self.seen.insert((row, node), found);
            at = Some(found);
        }
        at.filter(|at| *at != top)
    }
}
