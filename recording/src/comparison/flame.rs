//! Flame graphs: CPU time as a tree of role, kind of ledger row, and call stacks.

use crate::vocabulary::{CodePlace, MetricId, Per, vocabulary};
use serde::{Deserialize, Serialize};

vocabulary! {
    /// The meaning of a frame in a flame graph.
    FlameLevel {
        /// Threads of one role.
        Role = "role", "thread role";
        /// Ledger rows of one kind.
        Kind = "kind", "kind";
        /// A ledger row that is more precise than its kind, as one system call.
        Cause = "cause", "cause";
        /// A frame of a call stack.
        Function = "function", "function";
        /// The package of a part of a call stack.
        Package = "package", "package";
        /// Time of a ledger row that no call stack shows.
        NoSample = "no-sample", "no sample";
        /// Nodes that are too small to be shown, added up.
        Folded = "folded", "smaller frames";
    }
}

/// Flame graphs of CPU time: one of each arm, and one of each pair.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Flame {
    /// The metric whose ledger rows the graphs split.
    pub metric: MetricId,
    /// Denominator of all values.
    pub per: Per,
    /// Frames that occur in the graphs.
    pub frames: Vec<FlameFrame>,
    /// Graph of each arm that has call stacks.
    pub arms: Vec<FlameGraph>,
    /// Graph of each of them by package: frames of one package that call each other are one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub packages: Vec<FlameGraph>,
    /// Differential graph of each pair of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pairs: Vec<FlamePair>,
}

/// A frame of a flame graph.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FlameFrame {
    /// Its meaning.
    pub level: FlameLevel,
    /// Its words: a role, a kind, or a function. Never trusted, renderers escape it.
    pub label: String,
    /// File that the function's code was mapped from; empty without one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub module: String,
    /// Package that the function belongs to, where it is known. Never trusted, renderers escape it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub package: String,
    /// Where the function's code lies; absent for other levels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<CodePlace>,
    /// Whether no symbol names the function.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unnamed: bool,
}

/// The flame graph of one arm.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FlameGraph {
    /// Name of the arm.
    pub arm: String,
    /// Share of the whole below which frames are added up as [`FlameLevel::Folded`]; 0 where all
    /// are kept.
    pub folded_below: f64,
    /// Nodes; a parent stands before its children.
    pub nodes: Vec<FlameNode>,
}

/// A node of an arm's flame graph.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FlameNode {
    /// Index of the node that it is a part of; absent for roles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<usize>,
    /// Index of the frame.
    pub frame: usize,
    /// Time outside of its children, in the metric's unit.
    pub own: f64,
}

/// The differential flame graph of two arms.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FlamePair {
    /// The reference.
    pub a: String,
    /// The arm that is compared with it.
    pub b: String,
    /// Share of each arm's whole below which frames are added up.
    pub folded_below: f64,
    /// One tree of both arms for two builds of one program; otherwise a tree of `a` and one of `b`.
    pub trees: Vec<Vec<FlamePairNode>>,
}

/// A node of a differential flame graph.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FlamePairNode {
    /// Index of the node that it is a part of; absent for roles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<usize>,
    /// Index of the frame.
    pub frame: usize,
    /// Time of arm a and of arm b outside of the node's children, in the metric's unit.
    pub own: [f64; 2],
    /// Time of arm a and of arm b that is compared, children included: that of the node in one tree
    /// of both, and that of the frame wherever it occurs in two trees.
    pub compared: [f64; 2],
    /// 95 % interval over rounds of the second minus the first; absent with a single round.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ci95: Option<[f64; 2]>,
}

/// A node of any flame graph.
pub trait FlameTreeNode {
    /// Returns the index of the parent as the file gives it.
    fn parent(&self) -> Option<usize>;
    /// Returns the index of the frame.
    fn frame(&self) -> usize;
    /// Returns the width outside of the node's children.
    fn own(&self) -> f64;
}

impl FlameTreeNode for FlameNode {
    fn parent(&self) -> Option<usize> {
        self.parent
    }

    fn frame(&self) -> usize {
        self.frame
    }

    fn own(&self) -> f64 {
        self.own
    }
}

impl FlameTreeNode for FlamePairNode {
    fn parent(&self) -> Option<usize> {
        self.parent
    }

    fn frame(&self) -> usize {
        self.frame
    }

    fn own(&self) -> f64 {
        self.own[0] + self.own[1]
    }
}

impl FlamePair {
    /// Returns whether both arms are in one tree.
    pub fn is_merged(&self) -> bool {
        self.trees.len() == 1
    }
}

impl FlamePairNode {
    /// Returns whether the two arms differ in the frame: the interval excludes 0.
    pub fn differs(&self) -> bool {
        self.ci95.is_some_and(|[low, high]| low > 0.0 || high < 0.0)
    }
}

impl FlameGraph {
    /// Returns the sum of all nodes.
    pub fn total(&self) -> f64 {
        self.nodes.iter().map(known).sum()
    }
}

/// Returns the parent of a node. A parent stands before its children, so that no file makes a path
/// endless.
pub fn parent_of<N: FlameTreeNode>(nodes: &[N], index: usize) -> Option<usize> {
    let parent = nodes.get(index)?.parent();
    parent.filter(|parent| *parent < index)
}

/// Returns the time outside of a node's children; 0 where a damaged file has no such number.
fn known<N: FlameTreeNode>(node: &N) -> f64 {
    let own = node.own();
    if own.is_finite() { own.max(0.0) } else { 0.0 }
}

/// Returns the time of each node with its children.
pub fn totals<N: FlameTreeNode>(nodes: &[N]) -> Vec<f64> {
    let mut totals: Vec<f64> = nodes.iter().map(known).collect();
    for index in (0..nodes.len()).rev() {
        if let Some(parent) = parent_of(nodes, index) {
            totals[parent] += totals[index];
        }
    }
    totals
}

/// Returns the indexes of the frames of a node, innermost first.
pub fn path<N: FlameTreeNode>(nodes: &[N], index: usize) -> impl Iterator<Item = usize> {
    let path = std::iter::successors(Some(index), |index| parent_of(nodes, *index));
    path.filter_map(|index| nodes.get(index).map(FlameTreeNode::frame))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(parent: Option<usize>, own: f64) -> FlameNode {
        FlameNode {
            parent,
            frame: 0,
            own,
        }
    }

    #[test]
    fn adds_up_children() {
        let nodes = [
            node(None, 1.0),
            node(Some(0), 2.0),
            node(Some(1), 4.0),
            node(Some(0), 8.0),
        ];
        assert_eq!(totals(&nodes), [15.0, 6.0, 4.0, 8.0]);
        assert_eq!(path(&nodes, 2).count(), 3);
    }

    #[test]
    fn ends_paths_of_a_damaged_file() {
        let broken = [f64::NAN, -1.0, f64::INFINITY].map(|own| node(None, own));
        assert_eq!(totals(&broken), [0.0; 3]);
        let nodes = [node(Some(1), 1.0), node(Some(1), 2.0), node(Some(9), 4.0)];
        assert_eq!(totals(&nodes), [1.0, 2.0, 4.0]);
        assert_eq!(path(&nodes, 1).count(), 1);
        assert_eq!(path(&nodes, 7).count(), 0);
    }

    #[test]
    fn differs_where_the_interval_excludes_zero() {
        let with = |ci95| FlamePairNode {
            ci95,
            ..FlamePairNode::default()
        };
        assert!(with(Some([0.1, 2.0])).differs() && with(Some([-2.0, -0.1])).differs());
        assert!(!with(Some([-0.1, 2.0])).differs() && !with(None).differs());
    }
}
