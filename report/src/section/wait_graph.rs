//! The wait-for graph of an arm: which threads wait for which.

use crate::chart::{Chart, Edge, Paint, WaitGraph};
use crate::clean::clean;
use crate::document::{Block, Figure};
use recording::comparison::{ArmWaitEdge, ArmWaits};
use recording::format::quantity;
use recording::vocabulary::{Role, Unit, WaitKind};

/// Edges that are drawn: the longest.
const DRAWN: usize = 24;

/// Kinds with a colour of their own.
const PAINTS: [(WaitKind, Paint); 6] = [
    (WaitKind::Lock, Paint::Rise),
    (WaitKind::HandOff, Paint::Arm(1)),
    (WaitKind::Socket, Paint::Arm(0)),
    (WaitKind::File, Paint::Arm(2)),
    (WaitKind::Memory, Paint::Arm(4)),
    (WaitKind::Join, Paint::Arm(5)),
];

/// Returns the drawing of an arm's waits without those of idle threads and timers; nothing without
/// any. `position` is the arm's.
pub fn figure(name: &str, waits: &ArmWaits, position: usize) -> Option<Block> {
    let rests = |edge: &&ArmWaitEdge| matches!(edge.kind, WaitKind::Idle | WaitKind::Timer);
    let edges = || waits.edges.iter().filter(|edge| !rests(edge));
    let drawn: Vec<&ArmWaitEdge> = edges().take(DRAWN).collect();
    if drawn.is_empty() {
        return None;
    }
    let sleepers = in_order(&drawn, |edge| &edge.role);
    let wakers = in_order(&drawn, |edge| &edge.waker);
    let place = |roles: &[(&Role, f64)], role: &Role| {
        let found = roles.iter().position(|(known, _)| *known == role);
        found.unwrap_or_default()
    };
    let edge = |edge: &&ArmWaitEdge| Edge {
        sleeper: place(&sleepers, &edge.role),
        waker: place(&wakers, &edge.waker),
        amount: edge.off_cpu_ns,
        paint: paint(edge.kind),
    };
    let mut kinds: Vec<WaitKind> = drawn.iter().map(|edge| edge.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let legend = kinds
        .into_iter()
        .map(|kind| (kind.label().to_owned(), paint(kind)));
    let graph = WaitGraph {
        sleepers: sleepers.iter().map(named).collect(),
        wakers: wakers.iter().map(ender).collect(),
        edges: drawn.iter().map(edge).collect(),
        legend: legend.collect(),
    };
    let sum = |edges: &mut dyn Iterator<Item = &ArmWaitEdge>| -> f64 {
        edges.map(|edge| edge.off_cpu_ns).sum()
    };
    let [drawn, resting] = [
        sum(&mut drawn.iter().copied()),
        sum(&mut waits.edges.iter().filter(rests)),
    ];
    let [drawn, resting] = [drawn, resting].map(|ns| quantity(ns, Unit::Ns));
    Some(Block::Figure(Figure {
        id: format!("wait-graph-{position}"),
        title: format!(
            "{name}: who waits (left) for whom (right), {drawn} a second; idle threads and timers, {resting}, are left out"
        ),
        description: "Bands from waiting threads to those that end the waits, as thick as the time; the table has the numbers."
            .into(),
        chart: Chart::Waits(graph),
    }))
}

/// Returns the roles at one end of edges with their time, longest first.
fn in_order<'e>(edges: &[&'e ArmWaitEdge], end: fn(&ArmWaitEdge) -> &Role) -> Vec<(&'e Role, f64)> {
    let mut roles: Vec<(&Role, f64)> = Vec::new();
    for edge in edges {
        let role = end(edge);
        match roles.iter_mut().find(|(known, _)| *known == role) {
            Some((_, sum)) => *sum += edge.off_cpu_ns,
            None => roles.push((role, edge.off_cpu_ns)),
        }
    }
    roles.sort_by(|a, b| b.1.total_cmp(&a.1));
    roles
}

fn named((role, off_cpu_ns): &(&Role, f64)) -> String {
    let time = quantity(*off_cpu_ns, Unit::Ns);
    format!("{} {time}", clean(role.label()))
}

fn ender((role, off_cpu_ns): &(&Role, f64)) -> String {
    match role {
        Role::Unassigned => format!("not ended {}", quantity(*off_cpu_ns, Unit::Ns)),
        _ => named(&(*role, *off_cpu_ns)),
    }
}

fn paint(kind: WaitKind) -> Paint {
    let mut known = PAINTS.iter();
    let found = known.find(|(painted, _)| *painted == kind);
    found.map_or(Paint::Unexplained, |(_, paint)| *paint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits() -> ArmWaits {
        let edge = |role: Role, kind, waker: Role, off_cpu_ns| ArmWaitEdge {
            role,
            kind,
            waker,
            off_cpu_ns,
        };
        ArmWaits {
            edges: vec![
                edge(Role::MainLoop, WaitKind::Idle, Role::OtherProcess, 9e8),
                edge(Role::MainThread, WaitKind::Lock, Role::MainThread, 5e8),
                edge(Role::MainLoop, WaitKind::Lock, Role::MainThread, 1e8),
                edge(Role::MainLoop, WaitKind::File, Role::Interrupt, 5e7),
            ],
            ..ArmWaits::default()
        }
    }

    #[test]
    fn draws_all_waits_but_idle_ones() {
        let Some(Block::Figure(figure)) = figure("go", &waits(), 1) else {
            panic!("a figure")
        };
        let Chart::Waits(graph) = &figure.chart else {
            panic!("a graph")
        };
        assert_eq!(graph.edges.len(), 3);
        assert_eq!(graph.sleepers.len(), 2);
        assert!(graph.wakers[0].ends_with("600 ms"), "{:?}", graph.wakers);
        assert!(figure.title.contains("650 ms") && figure.title.contains("900 ms"));
        assert_eq!(graph.legend.len(), 2);
    }

    #[test]
    fn draws_nothing_without_waits() {
        assert!(figure("go", &ArmWaits::default(), 1).is_none());
    }
}
