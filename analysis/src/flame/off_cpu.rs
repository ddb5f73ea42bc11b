//! Flame graphs of off-CPU time: thread role, kind of wait with its system call, then the call
//! stack of the sleeper.

use super::OF_TREE;
use super::fold::Weighed;
use super::frames::{Frames, Rebuilt};
use super::tree::Tree;
use crate::arms::Rounds;
use crate::attribution::{StackRow, StackShare};
use crate::ledger::Key;
use recording::Recording;
use recording::comparison::{Flame, FlameGraph, FlameNode};
use recording::stacks::{SampleMode, StackCount};
use recording::vocabulary::{MetricId, Per, TermKind, WaitKind};
use recording::waits::{Wait, Waits};
use std::collections::BTreeMap;

/// Returns the graph of each arm that has waits with stacks, per second of recording; `None`
/// without any.
pub fn off_cpu(arms: &[Rounds<'_>]) -> Option<Flame> {
    let mut frames = Frames::new();
    let graphs: Vec<FlameGraph> = arms
        .iter()
        .filter_map(|arm| graph(arm, &mut frames))
        .collect();
    (!graphs.is_empty()).then(|| Flame {
        metric: MetricId::ThreadNsPerSecond,
        per: Per::Second,
        frames: frames.list,
        arms: graphs,
        packages: Vec::new(),
        pairs: Vec::new(),
    })
}

fn graph(arm: &Rounds<'_>, frames: &mut Frames) -> Option<FlameGraph> {
    let rounds = arm.rounds.iter().map(|(_, recording)| *recording);
    let rounds: Vec<&Recording> = rounds.filter(|round| !round.waits.is_empty()).collect();
    let seconds: f64 = rounds
        .iter()
        .map(|round| round.window.duration_ns as f64 / 1e9)
        .sum();
    if seconds <= 0.0 {
        return None;
    }
    let mut tree = Tree::new(rounds.len());
    let mut sums: BTreeMap<Key, u64> = BTreeMap::new();
    for (index, round) in rounds.iter().enumerate() {
        let rows = rows(round);
        for row in &rows {
            *sums.entry(row.key.clone()).or_default() += row.ns;
        }
        tree.add(
            index,
            (&with_counts(&round.waits), &rows[..]),
            &Rebuilt::new(),
            frames,
        );
    }
    let value = |key: &Key| sums.get(key).copied().unwrap_or(0);
    let own = tree.split(0..rounds.len(), value).into_iter();
    let own = own
        .map(|ns| [i64::try_from(ns).unwrap_or(i64::MAX)])
        .collect();
    let weighed = Weighed::new(&tree, own, frames);
    let limit = weighed.limit(OF_TREE.0);
    let nodes = weighed.fold(limit).into_iter().map(|node| FlameNode {
        parent: node.parent,
        frame: node.frame,
        own: node.own[0] as f64 / seconds,
    });
    Some(FlameGraph {
        arm: arm.arm.into(),
        folded_below: limit,
        nodes: nodes.collect(),
    })
}

/// Returns a recording with the call tree of waits, and a count for each of them.
fn with_counts(waits: &Waits) -> Recording {
    let mut recording = Recording {
        stacks: waits.stacks.clone(),
        ..Recording::default()
    };
    let count = |wait: &Wait| StackCount {
        thread: wait.thread,
        mode: SampleMode::Syscall,
        in_gc: false,
        node: wait.node,
        code: None,
        samples: wait.kept,
    };
    recording.stacks.counts = waits.rows.iter().map(count).collect();
    recording
}

/// Returns the waits of a recording by role, kind and system call.
fn rows(recording: &Recording) -> Vec<StackRow> {
    let mut rows: BTreeMap<Key, StackRow> = BTreeMap::new();
    for (index, wait) in recording.waits.rows.iter().enumerate() {
        let role = recording.threads.get(wait.thread);
        let role = role.map(|thread| &thread.role);
        let kind = match wait.kind {
            WaitKind::Idle | WaitKind::Timer => TermKind::Idle,
            _ => TermKind::Blocked,
        };
        let cause = match wait.syscall.as_str() {
            "" => wait.kind.label().to_owned(),
            syscall => format!("{} ({syscall})", wait.kind.label()),
        };
        let key = Key::new(role, kind, cause);
        let row = rows.entry(key.clone()).or_insert_with(|| StackRow {
            key,
            ns: 0,
            stacks: Vec::new(),
            unsampled_ns: 0,
        });
        row.ns += wait.off_cpu_ns;
        row.stacks.push(StackShare {
            count: index,
            ns: wait.off_cpu_ns,
        });
    }
    rows.into_values().collect()
}
