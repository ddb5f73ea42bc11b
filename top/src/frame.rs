//! The work of a target in a short time.

use crate::Cost;
use recording::Histogram;
use recording::vocabulary::Role;
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Threads that a frame keeps, those with most on-CPU time. It bounds the history of a target with
/// thousands.
const MOST_ROWS: usize = 256;
/// Name of the row that adds up the threads beyond [`MOST_ROWS`].
pub const OTHERS: &str = "(other threads)";

/// A thread, or the threads of one role.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Row {
    /// Process.
    pub pid: u32,
    /// Thread; 0 for the sum of several.
    pub tid: u32,
    /// Name without control characters; that of the role for a sum.
    pub name: String,
    /// Role in the runtime.
    pub role: Role,
    /// Threads in this row.
    pub threads: usize,
    /// Costs and counts.
    pub cost: Cost,
}

/// Garbage collection and event loops, as far as the kernel can see them.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Activity {
    /// Collections, or bursts of threads that collect; absent where the runtime shows neither.
    pub collections: Option<u64>,
    /// Wall-clock time of these.
    pub collecting_ns: Option<u64>,
    /// On-CPU time of the threads that ran a collection, from its call to its return; absent where
    /// no probe sees both. Helper threads are not included.
    pub collecting_cpu_ns: Option<u64>,
    /// Lengths of the iterations of event loops, ns; absent where no thread runs one.
    pub iterations: Option<Histogram>,
}

/// The work of a target from one instant to another. Frames that follow each other can be merged.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Frame {
    /// Its end on the clock of the view.
    #[serde(rename = "t_ns")]
    pub end_ns: u64,
    /// Its length.
    pub length_ns: u64,
    /// Sum over all threads.
    pub total: Cost,
    /// Threads, most on-CPU time first.
    pub rows: Vec<Row>,
    /// Threads of the target, those that ended in the frame included.
    pub threads: usize,
    /// Waits for a CPU, ns.
    pub run_queue: Histogram,
    /// From data readable at an upstream socket to the send that passes it on, ns.
    pub proxy_latency: Histogram,
    /// Garbage collection and event loops.
    pub activity: Activity,
    /// Bytes received from TCP sockets.
    pub received_bytes: u64,
    /// Bytes sent to TCP sockets.
    pub sent_bytes: u64,
    /// Turns from receive to send on accepted connections.
    pub requests: u64,
    /// Events that the programs could not store.
    pub lost_events: u64,
    /// CPU time of kontrast itself, all its recorders together.
    pub own_cpu_ns: u64,
}

impl Frame {
    /// Returns frames that follow each other as one. `None` if there are none.
    pub fn merged<'a>(frames: impl IntoIterator<Item = &'a Frame>) -> Option<Frame> {
        let mut frames = frames.into_iter();
        let mut sum = frames.next()?.clone();
        let mut rows: BTreeMap<(u32, u32), Row> = BTreeMap::new();
        let mut add = |row: &Row| match rows.get_mut(&(row.pid, row.tid)) {
            Some(known) => {
                known.cost.add(&row.cost);
                (known.name, known.role) = (row.name.clone(), row.role.clone());
                known.threads = known.threads.max(row.threads);
            }
            None => _ = rows.insert((row.pid, row.tid), row.clone()),
        };
        sum.rows.iter().for_each(&mut add);
        for frame in frames {
            frame.rows.iter().for_each(&mut add);
            sum.add(frame);
        }
        sum.rows = rows.into_values().collect();
        sum.keep_busiest();
        Some(sum)
    }

    /// Adds a later frame, without its rows.
    pub(crate) fn add(&mut self, later: &Frame) {
        let activity = &later.activity;
        let sum = |one: Option<u64>, two: Option<u64>| Some(one? + two?);
        self.activity = Activity {
            collections: sum(self.activity.collections, activity.collections),
            collecting_ns: sum(self.activity.collecting_ns, activity.collecting_ns),
            collecting_cpu_ns: sum(self.activity.collecting_cpu_ns, activity.collecting_cpu_ns),
            iterations: match (&self.activity.iterations, &activity.iterations) {
                (Some(one), Some(two)) => Some(one.merged(two)),
                (one, two) => one.clone().or(two.clone()),
            },
        };
        self.end_ns = later.end_ns;
        self.length_ns += later.length_ns;
        self.total.add(&later.total);
        self.threads = later.threads;
        self.run_queue = self.run_queue.merged(&later.run_queue);
        self.proxy_latency = self.proxy_latency.merged(&later.proxy_latency);
        self.received_bytes += later.received_bytes;
        self.sent_bytes += later.sent_bytes;
        self.requests += later.requests;
        self.lost_events += later.lost_events;
        self.own_cpu_ns += later.own_cpu_ns;
    }

    /// Sorts rows by on-CPU time, and adds up those that there is no room for.
    pub(crate) fn keep_busiest(&mut self) {
        self.rows
            .sort_by_key(|row| Reverse((row.cost.on_cpu_ns(), row.tid)));
        if self.rows.len() <= MOST_ROWS {
            return;
        }
        let mut others = Row {
            name: OTHERS.into(),
            ..Row::default()
        };
        for row in self.rows.split_off(MOST_ROWS - 1) {
            others.threads += row.threads;
            others.cost.add(&row.cost);
        }
        self.rows.push(others);
    }
}
