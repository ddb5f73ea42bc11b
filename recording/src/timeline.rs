//! The timeline: single events of the target's threads, which `kontrast record --timeline` writes
//! as a trace beside the recording.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub use profiler_common::gc_calls::SAFEPOINTS;
pub use profiler_common::timeline::{
    Event, EventKind, OTHER_THREAD, PREEMPTED, WAKER_IDLE, WAKER_INTERRUPT, WAKER_OTHER,
    WAKER_THREAD, split_relayed,
};

/// File name of a timeline inside the directory of its recording.
pub const TIMELINE_FILE: &str = "timeline.perfetto-trace";

/// Events of the end of a window.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timeline {
    /// When it begins, monotonic ns. Every CPU has all events from here on.
    pub start_ns: u64,
    /// When it ends, monotonic ns.
    pub end_ns: u64,
    /// Beginning and end of each piece that it has, if it was cut into pieces, in order and apart
    /// from each other. Empty if it has all from its beginning to its end.
    pub pieces: Vec<(u64, u64)>,
    /// Events since then by CPU, in the order in which they happened.
    pub cpus: Vec<Vec<Event>>,
    /// Events that are missing, since later ones replaced them; 0 if the timeline is as long as it
    /// was asked for. Some of them may be older than that.
    pub overwritten: u64,
    /// Names of the system calls in it.
    pub syscall_names: BTreeMap<u32, String>,
}

/// Size of a timeline, as the recording beside it states it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimelineExtent {
    /// Length of the last part of the window, of which it has all events.
    pub covered_ns: u64,
    /// Number of its events.
    pub events: u64,
    /// Events that are missing, since later ones replaced them: see [`Timeline::overwritten`].
    pub overwritten: u64,
}

impl Timeline {
    /// Returns its size.
    pub fn extent(&self) -> TimelineExtent {
        TimelineExtent {
            covered_ns: self.end_ns.saturating_sub(self.start_ns),
            events: self.len() as u64,
            overwritten: self.overwritten,
        }
    }

    /// Returns beginning and end of each piece.
    pub fn pieces(&self) -> Vec<(u64, u64)> {
        match self.pieces.is_empty() {
            true => vec![(self.start_ns, self.end_ns)],
            false => self.pieces.clone(),
        }
    }

    /// Returns the number of events.
    pub fn len(&self) -> usize {
        self.cpus.iter().map(Vec::len).sum()
    }

    /// Returns whether nothing happened.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
