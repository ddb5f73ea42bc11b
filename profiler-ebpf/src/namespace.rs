//! Process ids as the recorder sees them. In a PID namespace, as in a container, they differ from
//! the host's, which the kernel keeps in `task_struct.pid` and `task_struct.tgid`.

use crate::config::{
    OFF_NAMESPACE_INUM, OFF_PID_LEVEL, OFF_PID_NUMBERS, OFF_TASK_GROUP_LEADER, OFF_TASK_PID,
    OFF_TASK_TGID, OFF_TASK_THREAD_PID, PID_NAMESPACE,
};
use crate::hook::{Access, Helper, Object};
use profiler_common::FOREIGN;

/// Namespaces inside the recorder's that a process may be nested in.
const MAX_DEPTH: u32 = 4;

/// `struct upid` of the kernel: a number in one namespace.
#[derive(Clone, Copy, Default)]
#[repr(C)]
struct Number {
    number: u32,
    padding: u32,
    namespace: u64,
}

/// Whether the recorder runs in a PID namespace.
#[inline(always)]
pub fn is_inner() -> bool {
    PID_NAMESPACE.load() != 0
}

/// Returns the id of a task's process; 0 if the recorder's namespace does not have it.
#[inline(always)]
pub fn tgid_of<A: Access>(task: Object<A>) -> u32 {
    if !is_inner() {
        return task.read(OFF_TASK_TGID.load());
    }
    let task = Object::<Helper>::at(task.pointer());
    number_in_namespace(task.follow(OFF_TASK_GROUP_LEADER.load()).address())
}

/// Returns the id of a task; 0 if the recorder's namespace does not have it.
#[inline(always)]
pub fn tid_of<A: Access>(task: Object<A>) -> u32 {
    if !is_inner() {
        return task.read(OFF_TASK_PID.load());
    }
    number_in_namespace(task.address())
}

/// Returns an id of a task's process that no other process has, also outside of the recorder's
/// namespace.
#[inline(always)]
pub fn any_tgid_of<A: Access>(task: Object<A>) -> u32 {
    let own = tgid_of(task);
    let global: u32 = task.read(OFF_TASK_TGID.load());
    if own != 0 || global == 0 {
        return own;
    }
    global | FOREIGN
}

/// Returns the number of a task in the recorder's namespace; 0 if it has none, or has given it back
/// at its end.
#[inline(never)]
fn number_in_namespace(task: u64) -> u32 {
    let task = Object::<Helper>::at(task as *const u8);
    let pid = task.follow(OFF_TASK_THREAD_PID.load());
    if pid.pointer().is_null() {
        return 0;
    }
    let level: u32 = pid.read(OFF_PID_LEVEL.load());
    for depth in 0..MAX_DEPTH {
        if depth > level {
            break;
        }
        let offset = u64::from(level - depth) * size_of::<Number>() as u64;
        let number: Number = pid.read(OFF_PID_NUMBERS.load() + offset);
        let namespace = Object::<Helper>::at(number.namespace as *const u8);
        if namespace.read::<u32>(OFF_NAMESPACE_INUM.load()) == PID_NAMESPACE.load() {
            return number.number;
        }
    }
    0
}
