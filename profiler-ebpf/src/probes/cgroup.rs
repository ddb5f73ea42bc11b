//! Processes that join a cgroup of the target, from outside or by their fork.
//!
//! Hooks: `cgroup_attach_task`; `sched_process_fork` calls `forked_into`.
//! Writes: `TARGETS`, `TARGET_CACHE`, `FORKED`.

use crate::config::{
    ABSENT, OFF_CGROUP_KN, OFF_CGROUP_PARENT, OFF_CGROUP_ROOT, OFF_CGROUP_ROOT_HIERARCHY,
    OFF_CSS_CGROUP, OFF_CSS_SET_DFL_CGRP, OFF_KERNFS_NODE_ID, OFF_TASK_CGROUPS,
    OFF_TASK_REAL_PARENT, OWN_TGID, SELECTS_CGROUPS,
};
use crate::hook::{Access, Args, Helper, Object, hooks};
use crate::maps::{CGROUPS, window_start};
use crate::namespace::tgid_of;
use crate::targets::{insert_process, is_target};
use crate::track::now;
use profiler_common::{CgroupKey, Forked};

hooks! {
    "cgroup_attach_task" => attach_task as cgroup_attach_task, cgroup_attach_task_raw;
}

/// Levels of groups above a group, and of parents above a process, that are looked at.
const MAX_LEVELS: usize = 16;

/// The process is in the group by now. Most often it writes its own id to `cgroup.procs`, or its
/// parent does so.
#[inline(always)]
fn attach_task<A: Access>(args: Args<A>) {
    let (group, task) = (args.object::<0>(), args.object::<2>());
    let tgid = tgid_of(task);
    if window_start().is_none() || tgid == 0 || is_target(tgid) {
        return;
    }
    if is_selected(Object::at(group.pointer())) && !is_own(Object::at(task.pointer())) {
        let now = now();
        let joined = Forked {
            started_ns: now,
            ..Forked::default()
        };
        insert_process(tgid, joined, now);
    }
}

/// Returns whether a new process that no tracked one forked belongs to the target: it was forked
/// into a group (`CLONE_INTO_CGROUP`), or in one by a process whose forks are not followed.
#[inline(always)]
pub fn forked_into<A: Access>(child: Object<A>) -> bool {
    if SELECTS_CGROUPS.load() == 0 || OFF_CSS_SET_DFL_CGRP.load() == ABSENT {
        return false;
    }
    let child = Object::<Helper>::at(child.pointer());
    let groups = child.follow(OFF_TASK_CGROUPS.load());
    is_selected(groups.follow(OFF_CSS_SET_DFL_CGRP.load())) && !is_own(child)
}

/// Returns whether a group, or one above it, is selected.
#[inline(always)]
fn is_selected(group: Object<Helper>) -> bool {
    let root = group.follow(OFF_CGROUP_ROOT.load());
    let hierarchy: u32 = root.read(OFF_CGROUP_ROOT_HIERARCHY.load());
    let mut group = group;
    for _ in 0..MAX_LEVELS {
        let id = group
            .follow(OFF_CGROUP_KN.load())
            .read(OFF_KERNFS_NODE_ID.load());
        let key = CgroupKey {
            id,
            hierarchy,
            reserved: 0,
        };
        if CGROUPS.get_ptr(key).is_some() {
            return true;
        }
        let parent = group.follow(OFF_CGROUP_PARENT.load());
        if parent.pointer().is_null() {
            return false;
        }
        group = parent.follow(OFF_CSS_CGROUP.load());
    }
    false
}

/// Returns whether the recorder, or a process that it started, started a process.
#[inline(always)]
fn is_own(task: Object<Helper>) -> bool {
    let mut task = task;
    for _ in 0..MAX_LEVELS {
        let tgid = tgid_of(task);
        if tgid == OWN_TGID.load() {
            return true;
        }
        if tgid <= 1 {
            return false;
        }
        task = task.follow(OFF_TASK_REAL_PARENT.load());
    }
    false
}
