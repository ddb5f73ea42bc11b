//! The costliest call stacks of ledger rows, for the findings that cite the rows.
//!
//! They come from the trees before small frames are folded, so that each stack is whole.

use super::Arm;
use super::frames::Frames;
use crate::grid::Grid;
use crate::ledger::Key;
use recording::comparison::{CauseStack, Comparison, Finding, Term};
use recording::vocabulary::MetricId;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Stacks of a finding.
const OF_A_FINDING: usize = 4;

/// The costliest call stacks of each row of each arm, costliest first.
pub struct Costliest {
    metric: MetricId,
    arms: BTreeMap<String, BTreeMap<Key, Vec<CauseStack>>>,
}

impl Costliest {
    /// Collects the stacks of arms, whose values are those of a metric on a grid.
    pub(super) fn of(arms: &[Arm<'_>], metric: MetricId, grid: Grid, frames: &Frames) -> Self {
        let of_arm = |arm: &Arm<'_>| (arm.name.to_owned(), by_row(arm, grid, frames));
        Costliest {
            metric,
            arms: arms.iter().map(of_arm).collect(),
        }
    }

    /// Adds to each finding about a pair the costliest stacks of the rows that it cites, of the arm
    /// in which the rows take more.
    pub fn add_to(&self, comparison: &mut Comparison) {
        let found = comparison.findings.iter();
        let stacks: Vec<_> = found
            .map(|finding| self.stacks(comparison, finding))
            .collect();
        for (finding, stacks) in comparison.findings.iter_mut().zip(stacks) {
            finding.stacks = stacks;
        }
    }

    fn stacks(&self, comparison: &Comparison, finding: &Finding) -> Vec<CauseStack> {
        let Some([a, b]) = finding
            .pair
            .as_ref()
            .filter(|_| finding.metric == self.metric)
        else {
            return Vec::new();
        };
        let cited: Vec<&Term> = comparison
            .cited_terms(finding)
            .map(|(.., term)| term)
            .collect();
        let more: f64 = cited.iter().map(|term| term.delta).sum();
        let Some(rows) = self.arms.get(if more < 0.0 { a } else { b }) else {
            return Vec::new();
        };
        let is_cited = |key: &Key| cited.iter().any(|term| is_of(term, key));
        let found = rows.iter().filter(|(key, _)| is_cited(key));
        let mut found: Vec<&CauseStack> = found.flat_map(|(_, stacks)| stacks).collect();
        found.sort_by(|one, other| other.value.total_cmp(&one.value));
        found.into_iter().take(OF_A_FINDING).cloned().collect()
    }
}

/// Returns whether a row of a pair is about this row of an arm; one without a role is about those
/// of all roles.
fn is_of(term: &Term, key: &Key) -> bool {
    let is_role = term.role.is_none() || term.role == key.role;
    is_role && term.kind == key.kind && term.cause == key.cause
}

fn by_row(arm: &Arm<'_>, grid: Grid, frames: &Frames) -> BTreeMap<Key, Vec<CauseStack>> {
    let tree = &arm.tree;
    let mut nodes: BTreeMap<&Key, Vec<usize>> = BTreeMap::new();
    let sampled = tree
        .nodes
        .iter()
        .enumerate()
        .filter(|(index, node)| arm.own[*index] > 0 && frames.is_function(node.frame));
    for (index, node) in sampled {
        nodes.entry(tree.key(node)).or_default().push(index);
    }
    let costliest = |mut nodes: Vec<usize>| {
        // Nodes of one size keep their order.
        nodes.sort_by_key(|index| Reverse(arm.own[*index]));
        nodes.truncate(OF_A_FINDING);
        nodes
            .into_iter()
            .map(|index| stack(arm, index, grid))
            .collect()
    };
    let rows = nodes.into_iter();
    rows.map(|(key, nodes)| (key.clone(), costliest(nodes)))
        .collect()
}

fn stack(arm: &Arm<'_>, index: usize, grid: Grid) -> CauseStack {
    let nodes = &arm.tree.nodes;
    let outward = std::iter::successors(Some(index), |index| nodes[*index].parent);
    let mut frames: Vec<usize> = outward.map(|index| nodes[index].frame).collect();
    frames.reverse();
    CauseStack {
        arm: arm.name.into(),
        value: grid.float(arm.own[index]),
        samples: nodes[index].own.iter().map(|round| round.samples).sum(),
        frames,
    }
}
