//! Small nodes of a tree, added up.

use super::frames::Frames;
use super::tree::Tree;

/// Share of the whole below which frames are added up: about two pixels of a page.
const SMALLEST: f64 = 0.002;
/// Share below which rows of the ledger are added up as well, where a tree has too many nodes.
const SMALLEST_OF_ROWS: f64 = 0.01;

/// A node that is kept, or all small nodes of one parent.
pub(super) struct Folded<const N: usize> {
    pub(super) parent: Option<usize>,
    pub(super) frame: usize,
    /// Time outside of its children, of each arm.
    pub(super) own: [i64; N],
    /// Index of the node in the tree; `None` for small nodes added up.
    pub(super) source: Option<usize>,
}

/// A tree with the time of one or two arms outside of each node's children, on a grid.
pub(super) struct Weighed<'a, const N: usize> {
    tree: &'a Tree,
    own: Vec<[i64; N]>,
    frames: &'a Frames,
}

impl<'a, const N: usize> Weighed<'a, N> {
    /// Gives the nodes of a tree, in their order, their own time.
    pub(super) fn new(tree: &'a Tree, own: Vec<[i64; N]>, frames: &'a Frames) -> Self {
        Weighed { tree, own, frames }
    }

    /// Returns every node.
    pub(super) fn whole(&self) -> Vec<Folded<N>> {
        self.keep(&vec![true; self.own.len()])
    }

    /// Returns the share of the whole below which frames must be added up so that at most `most`
    /// nodes are kept.
    pub(super) fn limit(&self, most: usize) -> f64 {
        let shares = self.shares();
        let mut limit = SMALLEST;
        while limit <= 1.0 && self.kept(&shares, limit).filter(|kept| *kept).count() > most {
            limit *= 1.5;
        }
        limit
    }

    /// Returns the nodes with a share of the whole, and sums of the others. Rows of the ledger are
    /// kept, unless there are very many.
    pub(super) fn fold(&self, limit: f64) -> Vec<Folded<N>> {
        let kept: Vec<bool> = self.kept(&self.shares(), limit).collect();
        self.keep(&kept)
    }

    fn kept(&self, shares: &[f64], limit: f64) -> impl Iterator<Item = bool> {
        let nodes = self.tree.nodes.iter().zip(shares);
        nodes.map(move |(node, share)| {
            let is_row = !self.frames.is_function(node.frame);
            *share >= limit || (is_row && limit <= SMALLEST_OF_ROWS)
        })
    }

    /// Returns the share of each node in the whole; of two arms the larger one.
    fn shares(&self) -> Vec<f64> {
        let totals = self.totals();
        let mut whole = [0i64; N];
        for (node, total) in self.tree.nodes.iter().zip(&totals) {
            if node.parent.is_none() {
                add(&mut whole, total);
            }
        }
        totals.iter().map(|total| share(total, &whole)).collect()
    }

    /// Returns the time of each node with its children.
    pub(super) fn totals(&self) -> Vec<[i64; N]> {
        let mut totals = self.own.clone();
        for (index, node) in self.tree.nodes.iter().enumerate().rev() {
            if let Some(parent) = node.parent {
                let own = totals[index];
                add(&mut totals[parent], &own);
            }
        }
        totals
    }

    fn keep(&self, kept: &[bool]) -> Vec<Folded<N>> {
        let mut folded: Vec<Folded<N>> = Vec::new();
        // Of each node, where it went, and of each result, its small children.
        let mut went: Vec<usize> = Vec::with_capacity(kept.len());
        let mut small: Vec<Option<usize>> = Vec::new();
        let mut small_roots = None;
        for (index, node) in self.tree.nodes.iter().enumerate() {
            let parent = node.parent.map(|parent| went[parent]);
            let inside_small = parent.filter(|parent| folded[*parent].source.is_none());
            let sum = match (inside_small, kept[index]) {
                (Some(sum), _) => Some(sum),
                (None, true) => None,
                (None, false) => {
                    let known = parent.map_or(&mut small_roots, |parent| &mut small[parent]);
                    Some(*known.get_or_insert(folded.len()))
                }
            };
            let at = sum.unwrap_or(folded.len());
            if at == folded.len() {
                folded.push(Folded {
                    parent,
                    frame: sum.map_or(node.frame, |_| self.frames.folded),
                    own: [0; N],
                    source: sum.is_none().then_some(index),
                });
                small.push(None);
            }
            add(&mut folded[at].own, &self.own[index]);
            went.push(at);
        }
        folded
    }
}

fn add<const N: usize>(sum: &mut [i64; N], other: &[i64; N]) {
    for (sum, other) in sum.iter_mut().zip(other) {
        *sum = sum.saturating_add(*other);
    }
}

/// Returns the larger share, of either arm's whole.
fn share<const N: usize>(total: &[i64; N], whole: &[i64; N]) -> f64 {
    let shares = total.iter().zip(whole);
    let shares = shares.map(|(total, whole)| *total as f64 / (*whole).max(1) as f64);
    shares.fold(0.0, f64::max)
}
