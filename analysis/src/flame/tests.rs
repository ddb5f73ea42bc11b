mod costliest;
mod packages;

use super::*;
use crate::testing::{any_recordings, compare};
use proptest::prelude::*;
use recording::Comparison;
use recording::comparison::flame::{path, totals};
use recording::comparison::{FlameLevel, FlamePair, FlamePairNode};
use recording::stacks::{SampleMode, StackFrame, Stacks, StacksBuilder};
use recording::testing::{Build, MAIN};
use recording::vocabulary::{CodePlace, MetricId, RegionClass};
use std::collections::BTreeMap;

/// A frame of the executable; one without a name lies at an address.
fn frame(builder: &mut StacksBuilder, name: &str, build: &str) -> StackFrame {
    let module = builder.module("server", build);
    let address = name.strip_prefix("0x");
    let address = address.map(|hex| u64::from_str_radix(hex, 16).expect("hexadecimal"));
    StackFrame {
        function: address.map_or_else(|| name.into(), |_| String::new()),
        module: Some(module),
        address: address.unwrap_or_default(),
        place: CodePlace::Region(RegionClass::BinaryText),
        ..StackFrame::default()
    }
}

/// Samples of user code of thread 0; frames of a stack are separated by blanks, the outermost
/// first.
fn stacks(build: &str, samples: &[(&str, u64)]) -> Stacks {
    let mut builder = StacksBuilder::default();
    for (stack, count) in samples {
        let names = stack.split_whitespace();
        let frames: Vec<_> = names.map(|name| frame(&mut builder, name, build)).collect();
        builder.add((0, SampleMode::User, false), frames, *count);
    }
    builder.done()
}

fn round(arm: &str, user_ns: u64, (build, samples): (&str, &[(&str, u64)])) -> Recording {
    let stacks = stacks(build, samples);
    let build = Build::arm(arm).thread(1, MAIN, |thread| {
        thread.user(user_ns, 5).call("sendto", 4, 700)
    });
    build
        .load(100, 10)
        .with(|recording| {
            recording.threads[0].samples.user = stacks.samples;
            recording.stacks = stacks;
        })
        .done()
}

fn rounds(list: Vec<Recording>) -> Vec<(String, Recording)> {
    let list = list.into_iter().enumerate();
    list.map(|(index, round)| (index.to_string(), round))
        .collect()
}

fn flame(comparison: &Comparison) -> &Flame {
    comparison.flame.as_ref().expect("stacks were recorded")
}

/// Returns the time of each path of labels, children included.
fn by_path(flame: &Flame, graph: &FlameGraph) -> BTreeMap<String, f64> {
    let totals = totals(&graph.nodes).into_iter().enumerate();
    totals
        .map(|(index, total)| (labels(flame, path(&graph.nodes, index)), total))
        .collect()
}

fn labels(flame: &Flame, frames: impl Iterator<Item = usize>) -> String {
    let mut labels: Vec<&str> = frames.map(|frame| &*flame.frames[frame].label).collect();
    labels.reverse();
    labels.join(";")
}

fn pair_nodes(flame: &Flame, pair: &FlamePair, tree: usize) -> BTreeMap<String, FlamePairNode> {
    let nodes = pair.trees[tree].iter().enumerate();
    nodes
        .map(|(index, node)| (labels(flame, path(&pair.trees[tree], index)), *node))
        .collect()
}

#[test]
fn splits_rows_over_stacks_per_token() {
    let samples = [("main answer", 6), ("main parse", 2), ("main", 2)];
    let comparison = compare(&rounds(vec![round("cpp", 1_000, ("1", &samples))]));
    let flame = flame(&comparison);
    assert_eq!(
        (flame.metric, flame.per),
        (MetricId::CpuNsPerToken, Per::Token)
    );
    let found = by_path(flame, &flame.arms[0]);
    let all = "main loop;application code";
    let parse = found.iter().find(|(path, _)| path.ends_with("main;parse"));
    assert_eq!(found[&format!("{all};main;answer")], 6.0, "{found:?}");
    assert_eq!(parse.map(|(_, value)| *value), Some(2.0), "{found:?}");
    let unsampled = found
        .iter()
        .find(|(path, _)| path.ends_with("sendto;no sample"));
    assert_eq!(unsampled.map(|(_, value)| *value), Some(7.0), "{found:?}");
    assert_eq!(found["main loop"], 17.0);
}

#[test]
fn shows_no_graph_without_stacks() {
    let none = round("cpp", 1_000, ("1", &[]));
    assert_eq!(compare(&rounds(vec![none])).flame, None);
}

#[test]
fn counts_a_function_that_calls_itself_once() {
    let samples = [("main walk walk walk", 10)];
    let both = vec![
        round("cpp", 1_000, ("1", &samples)),
        round("rust", 1_000, ("1", &samples)),
    ];
    let comparison = compare(&rounds(both));
    let flame = flame(&comparison);
    let nodes = pair_nodes(flame, &flame.pairs[0], 0);
    let walk: Vec<_> = nodes
        .iter()
        .filter(|(path, _)| path.ends_with("walk"))
        .collect();
    assert_eq!(walk.len(), 3);
    assert!(
        walk.iter().all(|(_, node)| node.compared == [10.0, 10.0]),
        "{walk:?}"
    );
}

#[test]
fn merges_two_builds_and_compares_their_paths() {
    let both = (0..3).flat_map(|noise| {
        let old = [("main 0x10 answer", 500 + noise), ("main gone", 100)];
        let new = [("main 0x20 0x30 answer", 500), ("main added", 900 - noise)];
        [
            round("cpp:old", 60_000, ("1", &old)),
            round("cpp:new", 140_000, ("2", &new)),
        ]
    });
    let comparison = compare(&rounds(both.collect()));
    let flame = flame(&comparison);
    let pair = &flame.pairs[0];
    assert!(pair.is_merged());
    let nodes = pair_nodes(flame, pair, 0);
    let node = |end: &str| {
        let found = nodes.iter().find(|(path, _)| path.ends_with(end));
        found.unwrap_or_else(|| panic!("no {end} in {nodes:?}")).1
    };
    let answer = node("main;server (no symbol);answer");
    assert!(
        answer.compared[0] > 400.0 && answer.compared[1] > 400.0,
        "{answer:?}"
    );
    assert!(!answer.differs(), "500 samples of each: {answer:?}");
    let (added, gone) = (node("main;added"), node("main;gone"));
    assert!(added.compared[0] == 0.0 && added.differs(), "{added:?}");
    assert!(gone.compared[1] == 0.0 && gone.differs(), "{gone:?}");
}

#[test]
fn stands_two_runtimes_side_by_side() {
    let both = (0..3).flat_map(|noise| {
        let samples = [("main write", 100), ("main answer", 200 + noise)];
        [
            round("cpp", 30_000, ("1", &samples)),
            round(
                "rust",
                90_000,
                ("1", &[("start write", 300), ("start", 600)]),
            ),
        ]
    });
    let comparison = compare(&rounds(both.collect()));
    let flame = flame(&comparison);
    let pair = &flame.pairs[0];
    assert_eq!(pair.trees.len(), 2);
    let [one, other] = [0, 1].map(|tree| pair_nodes(flame, pair, tree));
    let write = one.iter().find(|(path, _)| path.ends_with("main;write"));
    let write = write.expect("a frame of cpp").1;
    assert!(write.compared[0] > 50.0 && write.compared[1] > 200.0 && write.differs());
    assert!(other.keys().any(|path| path.ends_with("start;write")));
    let answer = one.iter().find(|(path, _)| path.ends_with("main;answer"));
    assert_eq!(answer.expect("a frame of cpp").1.compared[1], 0.0);
}

#[test]
fn colours_nothing_with_a_single_round() {
    let both = vec![
        round("cpp:old", 1_000, ("1", &[("main", 10)])),
        round("cpp:new", 9_000, ("1", &[("main", 90)])),
    ];
    let comparison = compare(&rounds(both));
    let nodes = &flame(&comparison).pairs[0].trees[0];
    assert!(nodes.iter().all(|node| node.ci95.is_none()));
}

#[test]
fn keeps_addresses_of_different_files_distinct() {
    let both = vec![
        round("cpp", 1_000, ("1", &[("0x10", 10)])),
        round("rust", 1_000, ("2", &[("0x10", 10)])),
    ];
    let comparison = compare(&rounds(both));
    let flame = flame(&comparison);
    let nodes = pair_nodes(flame, &flame.pairs[0], 0);
    let node = nodes.iter().find(|(path, _)| path.ends_with("server+0x10"));
    assert_eq!(node.expect("the frame").1.compared, [0.0, 0.0]);
}

#[test]
fn folds_small_frames_and_keeps_their_sum() {
    let names: Vec<String> = (0..20_000)
        .map(|index| format!("main f{} g{index}", index % 97))
        .collect();
    let samples: Vec<(&str, u64)> = names.iter().map(|name| (&**name, 1)).collect();
    let list = rounds(vec![round("cpp", 20_000_000, ("1", &samples))]);
    let comparison = compare(&list);
    let flame_of = flame(&comparison);
    let (small, all) = (&flame_of.arms[0], whole(&list).expect("stacks"));
    assert!(
        small.nodes.len() <= OF_TREE.0 + 100,
        "{}",
        small.nodes.len()
    );
    assert!(small.folded_below > 0.0 && all.arms[0].folded_below == 0.0);
    assert!(all.arms[0].nodes.len() > 20_000);
    assert_eq!(small.total(), all.arms[0].total());
}

/// Returns the ledger rows of an arm that are in one subtree of the graph, each with its sum.
fn sums(flame: &Flame, graph: &FlameGraph) -> BTreeMap<String, f64> {
    let is_row = |index: usize| {
        let frame = graph.nodes[index].frame;
        let level = flame.frames[frame].level;
        matches!(
            level,
            FlameLevel::Role | FlameLevel::Kind | FlameLevel::Cause
        )
    };
    let mut sums = BTreeMap::new();
    for (index, node) in graph.nodes.iter().enumerate() {
        let mut row = index;
        while !is_row(row) {
            row = graph.nodes[row].parent.expect("a row is above");
        }
        *sums
            .entry(labels(flame, path(&graph.nodes, row)))
            .or_insert(0.0) += node.own;
    }
    sums.retain(|_, sum| *sum != 0.0);
    sums
}

proptest! {
    /// The nodes of each row add up to the row, and the graph to the ledger, to the last bit.
    #[test]
    fn adds_up_to_the_ledger(recordings in any_recordings(), picks in prop::collection::vec((0usize..5, 0usize..3, 1u64..50), 1..12)) {
        let mut recordings = recordings;
        for (_, round) in &mut recordings {
            let mut builder = StacksBuilder::default();
            for (mode, function, samples) in &picks {
                let names = [["main", "answer"], ["main", "parse"], ["main", "__x64_sys_read"]][*function];
                let frames = names.map(|name| frame(&mut builder, name, "1"));
                builder.add((0, SampleMode::ALL[*mode], false), frames, *samples);
            }
            round.stacks = builder.done();
        }
        let comparison = compare(&recordings);
        let Some(graphs) = &comparison.flame else {
            return Ok(());
        };
        for arm in &comparison.arms {
            let rows = &arm.ledger[&graphs.metric];
            let graph = graphs.arms.iter().find(|graph| graph.arm == arm.arm).expect("it has stacks");
            let ledger: f64 = rows.iter().map(|row| row.amount.value).sum();
            prop_assert_eq!(graph.total(), ledger);
            let mut expected: BTreeMap<String, f64> = BTreeMap::new();
            for row in rows.iter().filter(|row| row.amount.value != 0.0) {
                let role = row.role.as_ref().expect("CPU time has a role").label();
                let mut path = format!("{role};{}", row.kind.label());
                if row.cause != row.kind.label() {
                    path = format!("{path};{}", row.cause);
                }
                *expected.entry(path).or_insert(0.0) += row.amount.value;
            }
            prop_assert_eq!(sums(graphs, graph), expected);
            for pair in &graphs.pairs {
                let side = [&pair.a, &pair.b].into_iter().position(|name| *name == arm.arm);
                if let Some(side) = side {
                    let own: f64 = pair.trees.iter().flatten().map(|node| node.own[side]).sum();
                    prop_assert_eq!(own, ledger);
                }
            }
        }
    }
}
