//! Flame graphs of off-CPU time: thread role, kind of wait with its system call, then the call
//! stack of the sleeper.

use super::frames::{Frames, Rebuilt};
use super::pair::Scene;
use super::tree::Tree;
use super::{Arm, OF_TREE, Round, split};
use crate::arms::Rounds;
use crate::attribution::{StackRow, StackShare};
use crate::grid::Grid;
use crate::ledger::Key;
use recording::Recording;
use recording::comparison::Flame;
use recording::stacks::{SampleMode, StackCount};
use recording::vocabulary::{MetricId, Per, TermKind, WaitKind};
use recording::waits::Wait;
use std::collections::BTreeMap;

/// Nodes of a tree of a pair.
const OF_PAIR: usize = 250;

/// An arm with its rounds that have waits.
struct Waiting<'a> {
    name: &'a str,
    /// Call trees of waits with a count for each, rows, and the length of the round in seconds.
    rounds: Vec<(Recording, Vec<StackRow>, f64)>,
}

/// Returns the graph of each arm and of each pair that has waits with stacks, per second of
/// recording; `None` without any.
pub fn off_cpu(arms: &[Rounds<'_>]) -> Option<Flame> {
    let waiting = arms.iter().map(|arm| {
        let rounds = arm.rounds.iter().map(|(_, recording)| *recording);
        let rounds = rounds.filter(|round| !round.waits.is_empty() && round.window.duration_ns > 0);
        let facts = |round: &Recording| {
            let seconds = round.window.duration_ns as f64 / 1e9;
            (with_counts(round), rows(round), seconds)
        };
        Waiting {
            name: arm.arm,
            rounds: rounds.map(facts).collect(),
        }
    });
    let waiting = waiting.filter(|arm| !arm.rounds.is_empty());
    let waiting: Vec<Waiting<'_>> = waiting.collect();
    if waiting.is_empty() {
        return None;
    }
    let sums: Vec<BTreeMap<&Key, f64>> = waiting.iter().map(per_second).collect();
    let totals = sums.iter().map(|sums| sums.values().sum());
    let grid = Grid::for_values_up_to(totals.fold(0.0, f64::max));
    let value = |place: usize, key: &Key| {
        let value = sums[place].get(key).map_or(0, |value| grid.fix(*value));
        u64::try_from(value).unwrap_or(0)
    };
    let mut frames = Frames::new();
    let built = waiting.iter().enumerate();
    let built = built.map(|(place, arm)| build(arm, |key| value(place, key), &mut frames));
    let built: Vec<Arm<'_>> = built.collect();
    let graph = |arm: &Arm<'_>| {
        let weighed = arm.weighed(&frames);
        let limit = weighed.limit(OF_TREE.0);
        arm.graph(weighed.fold(limit), limit, grid)
    };
    let graphs = built.iter().map(graph).collect();
    let scene = Scene {
        value: &value,
        grid,
        most: OF_PAIR,
    };
    let places: Vec<usize> = (0..built.len()).collect();
    let pairs = scene.pairs(&built, &places, &mut frames);
    Some(Flame {
        metric: MetricId::ThreadNsPerSecond,
        per: Per::Second,
        frames: frames.list,
        arms: graphs,
        packages: Vec::new(),
        pairs,
    })
}

/// Returns the time of each row, a second of recording.
fn per_second<'w>(arm: &'w Waiting<'_>) -> BTreeMap<&'w Key, f64> {
    let seconds: f64 = arm.rounds.iter().map(|(.., seconds)| seconds).sum();
    let mut sums: BTreeMap<&Key, f64> = BTreeMap::new();
    for row in arm.rounds.iter().flat_map(|(_, rows, _)| rows) {
        *sums.entry(&row.key).or_default() += row.ns as f64 / seconds;
    }
    sums
}

fn build<'a>(arm: &'a Waiting<'_>, value: impl Fn(&Key) -> u64, frames: &mut Frames) -> Arm<'a> {
    let rounds = arm.rounds.iter().map(|(recording, rows, seconds)| Round {
        recording,
        rows: rows.clone(),
        over: *seconds,
    });
    let rounds: Vec<Round<'a>> = rounds.collect();
    let mut tree = Tree::new(rounds.len());
    for (index, round) in rounds.iter().enumerate() {
        let facts = (round.recording, &round.rows[..]);
        tree.add(index, facts, &Rebuilt::new(), frames);
    }
    let own = split(&tree, 0..rounds.len(), value);
    Arm {
        name: arm.name,
        rounds,
        tree,
        own,
    }
}

/// Returns a recording with the call tree of waits, and a count for each of them.
fn with_counts(round: &Recording) -> Recording {
    let waits = &round.waits;
    let mut recording = Recording {
        stacks: waits.stacks.clone(),
        ..Recording::default()
    };
    recording.target.runtime = round.target.runtime;
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
