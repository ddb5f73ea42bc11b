//! Waits of threads: their kinds, and who waits for whom.

mod cited;
mod functions;
mod kind;
mod of_arm;
mod resumed;

pub use cited::cited;
pub use kind::kind_of;
pub use of_arm::of_arm;

use recording::process::WakeSource;
use recording::vocabulary::{Role, WaitKind};
use recording::waits::{WaitEdge, Waits};
use recording::{Recording, Stacks};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Writes the kind of each wait, and the edges between roles.
pub fn annotate(recording: &mut Recording) {
    let roles = recording.threads.iter().map(|thread| thread.role.clone());
    let roles: Vec<Role> = roles.collect();
    let mut waits = std::mem::take(&mut recording.waits);
    let mut rows = std::mem::take(&mut waits.rows);
    for row in &mut rows {
        row.kind = kind_of(&waits.stacks, row, role_at(&roles, row.thread));
    }
    resumed::annotate(&waits.stacks, &mut rows);
    waits.rows = rows;
    waits.edges = edges(&waits, &roles);
    recording.waits = waits;
}

/// Returns the role of who ended a wait.
pub fn waker_role(waker: WakeSource, role: impl Fn(usize) -> Role) -> Role {
    match waker {
        WakeSource::Thread(index) => role(index),
        WakeSource::Interrupt => Role::Interrupt,
        WakeSource::Timer => Role::Timer,
        WakeSource::OtherProcess => Role::OtherProcess,
        WakeSource::EndedThread => Role::EndedThread,
        WakeSource::Unknown => Role::Unassigned,
    }
}

fn role_at(roles: &[Role], index: usize) -> &Role {
    roles.get(index).unwrap_or(&Role::Unassigned)
}

fn edges(waits: &Waits, roles: &[Role]) -> Vec<WaitEdge> {
    let mut sums: BTreeMap<(Role, WaitKind, Role), (u64, u64)> = BTreeMap::new();
    for wait in &waits.rows {
        let last = waits.last(wait);
        let waker = waker_role(last.waker, |index| role_at(roles, index).clone());
        let key = (role_at(roles, wait.thread).clone(), wait.kind, waker);
        let sum = sums.entry(key).or_default();
        sum.0 += wait.off_cpu_ns;
        sum.1 += wait.count;
    }
    let edge = |((sleeper, kind, waker), (off_cpu_ns, count))| WaitEdge {
        sleeper,
        waker,
        kind,
        off_cpu_ns,
        count,
    };
    let mut edges: Vec<WaitEdge> = sums.into_iter().map(edge).collect();
    edges.sort_by_key(|edge| Reverse(edge.off_cpu_ns));
    edges
}

/// Returns the function in which a thread waits, for people: the innermost one of Python, else the
/// innermost one that is no part of the system's locks and wrappers. Without either, as below
/// compiled code without a name, it is the outermost one that takes the lock of a runtime.
pub fn place(stacks: &Stacks, node: Option<usize>) -> Option<String> {
    let frames = || {
        let indexes = stacks.frame_indexes(node);
        indexes.filter(|index| stacks.frames.get(*index).is_some_and(kind::is_user))
    };
    let python = frames().find(|index| functions::is_python(&stacks.frames[*index].function));
    let own = || {
        frames().find(|index| {
            let frame = &stacks.frames[*index];
            let function = &frame.function;
            let module = frame.module.and_then(|module| stacks.modules.get(module));
            let is_system = module.is_some_and(|module| functions::is_of_c_library(&module.file));
            !function.is_empty() && !is_system && !functions::is_plumbing(function)
        })
    };
    let of_runtime = || {
        let takes = |index: &usize| functions::takes_runtime_lock(&stacks.frames[*index].function);
        frames().filter(takes).last()
    };
    let found = python.or_else(own).or_else(of_runtime);
    let found = found.or_else(|| frames().next())?;
    Some(stacks.label_at(found))
}

#[cfg(test)]
mod tests;
