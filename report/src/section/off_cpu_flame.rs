//! Flame graphs of off-CPU time: of each arm, and of each pair.

use super::flame;
use crate::arms::Arms;
use crate::document::Block;
use recording::comparison::{Flame, FlamePair};

/// Returns the graphs of all arms, then those of pairs, folded away.
pub fn blocks(graphs: &Flame, arms: &Arms) -> Vec<Block> {
    let of_arms = graphs.arms.iter().map(|graph| {
        let position = arms.position(&graph.arm) + 1;
        let mut figure = flame::of_arm(graphs, graph, format!("off-cpu-{position}"));
        figure.title = figure.title.replace("of CPU time", "of off-CPU time");
        Block::Flame(figure)
    });
    let pairs = graphs.pairs.iter().map(|pair| of_pair(graphs, pair, arms));
    of_arms.chain(pairs).collect()
}

fn of_pair(graphs: &Flame, pair: &FlamePair, arms: &Arms) -> Block {
    let position = |arm: &str| arms.position(arm) + 1;
    let id = format!("off-cpu-{}-{}", position(&pair.a), position(&pair.b));
    let mut figure = flame::of_pair(graphs, pair, id);
    figure.title = format!("Off-CPU time, {}", figure.title);
    Block::Fold {
        title: figure.title.clone(),
        blocks: vec![Block::Flame(figure)],
    }
}
