//! Processes that tracked ones fork, and a cache of which processes are tracked.

use crate::slot::slotted;

/// Processes that can be tracked at one time.
pub const MAX_PROCESSES: u32 = 8_192;
/// Entries of the cache, a power of two.
pub const TARGET_CACHE_LEN: u32 = 1 << 16;
/// Bit of the id of a process that the recorder's PID namespace does not have: the rest is the id
/// on the host.
pub const FOREIGN: u32 = 1 << 31;
/// An entry that several tracked processes share: only the hash can answer for them.
pub const SHARED: u32 = u32::MAX;

slotted! {
    /// A process that was forked in the window, or joined a cgroup of the target in it.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    #[repr(C)]
    pub struct Forked {
        /// The process that forked it; 0 if it joined a cgroup.
        pub parent: u32,
        /// Padding.
        pub reserved: u32,
        /// Time of that, monotonic ns.
        pub started_ns: u64,
    }
}

const _: () = assert!(size_of::<Forked>() == 16);

/// Cgroups whose processes can be selected.
pub const MAX_CGROUPS: u32 = 64;

/// A cgroup of one hierarchy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[repr(C)]
pub struct CgroupKey {
    /// Id of its folder (`kernfs_node.id`), which is the folder's inode number.
    pub id: u64,
    /// Number of the hierarchy (`cgroup_root.hierarchy_id`); 0 is version 2.
    pub hierarchy: u32,
    /// Padding.
    pub reserved: u32,
}

const _: () = assert!(size_of::<CgroupKey>() == 16);

/// An answer of the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cached {
    /// The process is tracked.
    Tracked,
    /// The process is not tracked.
    Untracked,
    /// The hash has the answer.
    Unknown,
}

/// Looks a process up in its entry. The idle task, whose id is 0, is never tracked.
#[inline(always)]
pub fn look_up(entry: u32, tgid: u32) -> Cached {
    if entry == 0 {
        Cached::Untracked
    } else if entry == tgid {
        Cached::Tracked
    } else if entry == SHARED {
        Cached::Unknown
    } else {
        Cached::Untracked
    }
}

/// Returns the entry after a process is added to it.
#[inline(always)]
pub fn added(entry: u32, tgid: u32) -> u32 {
    if entry == 0 || entry == tgid {
        tgid
    } else {
        SHARED
    }
}

/// Returns the entry after a process is removed from it. A shared entry stays: the others are not
/// known here.
#[inline(always)]
pub fn removed(entry: u32, tgid: u32) -> u32 {
    if entry == tgid { 0 } else { entry }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_for_a_process_that_is_alone_in_its_entry() {
        let entry = added(0, 7);
        assert_eq!(look_up(entry, 7), Cached::Tracked);
        assert_eq!(look_up(entry, 7 + TARGET_CACHE_LEN), Cached::Untracked);
        assert_eq!(look_up(removed(entry, 7), 7), Cached::Untracked);
        assert_eq!(added(entry, 7), entry);
        assert_eq!(look_up(0, 0), Cached::Untracked, "the idle task");
    }

    #[test]
    fn leaves_processes_that_share_an_entry_to_the_hash() {
        let other = 7 + TARGET_CACHE_LEN;
        let entry = added(added(0, 7), other);
        for tgid in [7, other, 7 + 2 * TARGET_CACHE_LEN] {
            assert_eq!(look_up(entry, tgid), Cached::Unknown);
            assert_eq!(look_up(removed(entry, tgid), tgid), Cached::Unknown);
        }
    }
}
