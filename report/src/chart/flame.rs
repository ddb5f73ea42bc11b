//! Flame graphs, roots on top: a bar is as wide as its time, and its parts stand below it.
//!
//! One drawing serves the page and files. Widths are shares of the drawing's own width, so that a
//! phone shows the same drawing as a desktop.

mod paint;
mod svg;

pub use paint::FlamePaint;

use recording::comparison::FlameLevel;
use recording::comparison::flame::{FlameTreeNode, parent_of, totals};
use serde::Serialize;
use std::cmp::Reverse;

/// Depth that is drawn; a damaged file may be deeper.
const DEEPEST: usize = 300;

/// Flame graphs that belong together.
#[derive(Debug, Serialize)]
pub struct FlameFigure {
    /// Stable name, also of its file.
    pub id: String,
    /// Title.
    pub title: String,
    /// How to read it, in a sentence.
    pub description: String,
    /// The meaning of its colours.
    pub legend: Vec<LegendEntry>,
    /// The drawing itself.
    #[serde(skip)]
    pub chart: FlameChart,
}

/// The meaning of a colour.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct LegendEntry {
    /// Class of the style sheet.
    pub class: &'static str,
    /// The meaning.
    pub text: &'static str,
}

/// Flame graphs that belong together, on one scale.
#[derive(Clone, Debug)]
pub struct FlameChart {
    /// The graphs.
    pub trees: Vec<FlameTree>,
}

/// One flame graph.
#[derive(Clone, Debug)]
pub struct FlameTree {
    /// Title.
    pub title: String,
    /// Bars, parents before their parts.
    pub bars: Vec<Bar>,
}

/// A bar.
#[derive(Clone, Debug)]
pub struct Bar {
    /// Left edge, as a share of the width.
    pub left: f64,
    /// Width, as a share of the whole.
    pub width: f64,
    /// Row, counted from the top.
    pub depth: usize,
    /// Words and colour.
    pub face: BarFace,
}

/// Words and colour of a bar.
#[derive(Clone, Debug)]
pub struct BarFace {
    /// Name, safe to show but not escaped.
    pub name: String,
    /// Value, interval and share as text.
    pub value: String,
    /// Colour.
    pub paint: FlamePaint,
    /// Whether only one of two arms has it.
    pub only: bool,
}

impl FlameTree {
    /// Lays out the nodes of a tree, largest first, where a width of 1 stands for `whole`. Bars get
    /// their words from `face`, by the node and its time with all parts.
    pub fn new<N: FlameTreeNode>(
        title: String,
        nodes: &[N],
        whole: f64,
        level: impl Fn(&N) -> Option<FlameLevel>,
        face: impl Fn(&N, f64) -> BarFace,
    ) -> Self {
        let totals = totals(nodes);
        let order = |index: &usize| {
            let is_rest = level(&nodes[*index]) == Some(FlameLevel::Folded);
            (is_rest, Reverse(totals[*index].to_bits()), *index)
        };
        let is_drawn = |index: &usize| totals[*index].is_finite() && totals[*index] > 0.0;
        let mut parts: Vec<Vec<usize>> = vec![Vec::new(); nodes.len()];
        let mut roots = Vec::new();
        for index in (0..nodes.len()).filter(is_drawn) {
            match parent_of(nodes, index) {
                Some(parent) => parts[parent].push(index),
                None => roots.push(index),
            }
        }
        let mut bars = Vec::new();
        let mut open = vec![(roots, 0.0, 0)];
        while let Some((mut siblings, mut left, depth)) = open.pop() {
            siblings.sort_by_key(order);
            for index in siblings {
                let width = (totals[index] / whole).clamp(0.0, 1.0);
                bars.push(Bar {
                    left,
                    width,
                    depth,
                    face: face(&nodes[index], totals[index]),
                });
                if depth + 1 < DEEPEST {
                    open.push((std::mem::take(&mut parts[index]), left, depth + 1));
                }
                left += width;
            }
        }
        FlameTree { title, bars }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use recording::comparison::FlameNode;

    fn node(parent: Option<usize>, own: f64) -> FlameNode {
        FlameNode {
            parent,
            frame: 0,
            own,
        }
    }

    fn tree(nodes: &[FlameNode], whole: f64) -> FlameTree {
        let face = |_: &FlameNode, total: f64| BarFace {
            name: "</title><script>\"'&".into(),
            value: total.to_string(),
            paint: FlamePaint::User,
            only: false,
        };
        FlameTree::new("t".into(), nodes, whole, |_| None, face)
    }

    #[test]
    fn lays_parts_below_their_whole() {
        let nodes = [
            node(None, 10.0),
            node(Some(0), 30.0),
            node(Some(0), 60.0),
            node(Some(2), 0.0),
        ];
        let bars = tree(&nodes, 200.0).bars;
        let places: Vec<_> = bars
            .iter()
            .map(|bar| (bar.depth, bar.left, bar.width))
            .collect();
        assert_eq!(places, [(0, 0.0, 0.5), (1, 0.0, 0.3), (1, 0.3, 0.15)]);
    }

    #[test]
    fn draws_damaged_trees() {
        let endless = [
            node(Some(0), f64::NAN),
            node(Some(5), -3.0),
            node(None, f64::INFINITY),
        ];
        assert!(tree(&endless, 1.0).bars.is_empty());
        let deep: Vec<_> = (0..100_000)
            .map(|index: usize| node(index.checked_sub(1), 1.0))
            .collect();
        assert_eq!(tree(&deep, 1e5).bars.len(), DEEPEST);
    }
}
