//! Waits of threads: where they slept, for how long, and who ended it.
//!
//! Waits are sampled by their length (see `profiler_common::off_cpu`): a kept wait stands for more
//! time than it took, so that sums are unbiased.

use crate::process::{WakeSource, is_zero};
use crate::stacks::Stacks;
use crate::vocabulary::{Role, WaitKind};
use serde::{Deserialize, Serialize};

/// Waits of the target's threads.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waits {
    /// Waits that a wake-up ended, all of them.
    pub count: u64,
    /// Their length, measured.
    pub off_cpu_ns: u64,
    /// Waits that were kept with their stacks.
    pub kept: u64,
    /// Kept waits that are in no row: a map was full, or the thread is not in the recording.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub lost: u64,
    /// Kept waits without one of their stacks, since its map was full. Their time is in the rows.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub lost_stacks: u64,
    /// Kept waits without their file or peer, since its map was full.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub lost_objects: u64,
    /// Time that the kept waits stand for: an estimate of `off_cpu_ns`.
    pub sampled_ns: u64,
    /// Half the width of the 95 % interval of `sampled_ns`, by its known variance.
    pub sampling_error_ns: u64,
    /// The largest length below which waits were sampled, ns. Longer ones are all kept.
    pub longest_period_ns: u64,
    /// The call tree of sleepers and wakers, without counts.
    pub stacks: Stacks,
    /// Waits by sleeper, stack and waker, longest first.
    pub rows: Vec<Wait>,
    /// Waits by role of the sleeper, kind and role of the waker, longest first: an annotation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edges: Vec<WaitEdge>,
}

/// Waits of one thread in one place, which one thread ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wait {
    /// Index of the sleeper in `threads`.
    pub thread: usize,
    /// Name of its system call; empty outside of one, for instance in a page fault.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub syscall: String,
    /// Kind of the wait: an annotation.
    #[serde(default)]
    pub kind: WaitKind,
    /// Index of the innermost frame's node, the kernel's frames included; absent for an empty
    /// stack.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<usize>,
    /// Who ended the wait.
    pub waker: WakeSource,
    /// Name of the system call in which the waker was; empty outside of one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub waker_syscall: String,
    /// Index of the node of the waker's innermost user code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waker_node: Option<usize>,
    /// Address of the futex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub futex: Option<u64>,
    /// The file that the call's descriptor referred to when it returned: its path, or the last part
    /// of it. Never trusted, renderers escape it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The peer of the socket that it referred to, as in `peers`. Never trusted either.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    /// Off-CPU time that the kept waits stand for.
    pub off_cpu_ns: u64,
    /// Waits that they stand for, rounded.
    pub count: u64,
    /// Kept waits; 0 for a wait that had not ended when the window did, which is measured.
    pub kept: u64,
    /// Index of the row of the wait for the same lock that came next and got it, where a time limit
    /// ended this one: an annotation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resumed: Option<usize>,
}

/// Waits of threads of one role for those of another.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitEdge {
    /// Role of the sleepers.
    pub sleeper: Role,
    /// Role of those who ended the waits.
    pub waker: Role,
    /// Kind of the waits.
    pub kind: WaitKind,
    /// Off-CPU time.
    pub off_cpu_ns: u64,
    /// Waits.
    pub count: u64,
}

impl Wait {
    /// Returns the file or the peer that was waited for.
    pub fn object(&self) -> Option<&str> {
        self.file.as_deref().or(self.peer.as_deref())
    }
}

/// Returns the words for a system call on a file or a peer: `read from 127.0.0.1:5432`.
pub fn call_on(syscall: &str, object: &str) -> String {
    const SENDS: [&str; 4] = ["write", "pwrite", "send", "connect"];
    const RECEIVES: [&str; 4] = ["read", "pread", "recv", "accept"];
    let begins = |names: &[&str]| names.iter().any(|name| syscall.starts_with(name));
    match syscall {
        "sendfile" => format!("{syscall} of {object}"),
        "sendto" | "recvfrom" => format!("{syscall} {object}"),
        _ if begins(&SENDS) => format!("{syscall} to {object}"),
        _ if begins(&RECEIVES) => format!("{syscall} from {object}"),
        _ => format!("{syscall} of {object}"),
    }
}

impl Waits {
    /// Returns the wait whose waker let the sleeper go on: where a time limit only interrupted the
    /// wait for a lock, the one that came next.
    pub fn last<'a>(&'a self, wait: &'a Wait) -> &'a Wait {
        let next = wait.resumed.and_then(|next| self.rows.get(next));
        next.unwrap_or(wait)
    }

    /// Returns whether no wait was recorded.
    pub fn is_empty(&self) -> bool {
        self.count == 0 && self.rows.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_a_call_does_with_a_file_or_a_peer() {
        assert_eq!(call_on("fsync", "data.log"), "fsync of data.log");
        assert_eq!(call_on("sendfile", "a"), "sendfile of a");
        assert_eq!(call_on("recvfrom", "[::1]:53"), "recvfrom [::1]:53");
        assert_eq!(call_on("connect", "[::1]:53"), "connect to [::1]:53");
        assert_eq!(call_on("preadv2", "data"), "preadv2 from data");
    }
}
