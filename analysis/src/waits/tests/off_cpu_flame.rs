//! Flame graphs of waits.

use super::rounds;
use crate::arms::group;
use crate::flame::off_cpu;

#[test]
fn draws_every_wait_into_the_flame_graph() {
    let recordings = rounds();
    let flame = off_cpu(&group(&recordings)).expect("recorded");
    let [graph] = &flame.arms[..] else {
        panic!("one arm: {flame:?}")
    };
    assert_eq!(graph.total(), 300.0);
    let frames = recording::comparison::flame::path(&graph.nodes, graph.nodes.len() - 1);
    let labels: Vec<&str> = frames
        .map(|frame| flame.frames[frame].label.as_str())
        .collect();
    assert_eq!(labels[0], "futex_wait");
    assert!(labels.contains(&"contended lock (futex)"), "{labels:?}");
    assert!(labels.contains(&"work"), "{labels:?}");
}

#[test]
fn compares_the_waits_of_two_arms_place_by_place() {
    let mut recordings = rounds();
    let others = rounds()
        .into_iter()
        .enumerate()
        .map(|(index, (_, mut round))| {
            round.target.arm = "y".into();
            for wait in &mut round.waits.rows {
                wait.off_cpu_ns *= 3;
            }
            (format!("y/{}", index + 1), round)
        });
    recordings.extend(others);
    let flame = off_cpu(&group(&recordings)).expect("recorded");
    let [pair] = &flame.pairs[..] else {
        panic!("one pair: {flame:?}")
    };
    // Without an executable they are two programs, with a tree each.
    assert_eq!(pair.trees.len(), 2);
    let sums = [0, 1].map(|side| -> f64 {
        let nodes = pair.trees[side].iter();
        nodes.map(|node| node.own[side]).sum()
    });
    let totals: Vec<f64> = flame.arms.iter().map(|graph| graph.total()).collect();
    assert_eq!(sums[..], totals[..]);
    assert_eq!(sums, [300.0, 900.0]);
    let work = pair.trees[0].iter().find(|node| {
        let label = &flame.frames[node.frame].label;
        label == "work"
    });
    let work = work.expect("the function that waits");
    assert_eq!(work.compared, [300.0, 900.0]);
    let [low, high] = work.ci95.expect("two rounds each");
    assert!(low < 600.0 && high > 600.0, "{low}–{high}");
}
