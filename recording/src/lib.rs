//! Recordings and comparisons: plain data with a schema number, closed vocabularies, number
//! formats, loading and saving.
//!
//! This crate is the seam of the product. Recording needs privileges and a kernel; comparing and
//! reporting need only these types. Times are integers in nanoseconds (`_ns`), sizes in bytes
//! (`_bytes`); readers derive rates. Fields may be added; a change of meaning raises the schema's
//! number.
//!
//! *Invariant:* a Recording holds facts: counts, measured times, samples. Estimates are made by
//! `analysis`.
//!
//! *Invariant:* nothing here touches a kernel interface, and no I/O happens beyond [`io`].

pub mod block_io;
pub mod code_hint;
pub mod comparison;
pub mod evidence;
pub mod format;
pub mod gc;
pub mod histogram;
pub mod history;
pub mod host;
pub mod instrumented;
pub mod io;
pub mod load;
pub mod memory;
pub mod observer;
pub mod peers;
pub mod process;
pub mod relays;
pub mod requests;
pub mod runtime_stats;
pub mod stacks;
#[cfg(feature = "testing")]
pub mod testing;
pub mod timeline;
pub mod tokens;
pub mod vocabulary;
pub mod waits;
pub mod work;
pub mod workload;

pub use code_hint::CodeHint;
pub use comparison::Comparison;
pub use evidence::Evidence;
pub use histogram::Histogram;
pub use host::Host;
pub use instrumented::Instrumented;
pub use load::LoadSummary;
pub use memory::MemoryStack;
pub use relays::RelayBucket;
pub use requests::Requests;
pub use runtime_stats::RuntimeStats;
pub use stacks::Stacks;
pub use timeline::Timeline;
pub use tokens::Tokens;
pub use waits::Waits;
pub use work::Work;
pub use workload::Workload;

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use vocabulary::Runtime;

/// The schema of `recording.json`.
pub const RECORDING_SCHEMA: &str = "kontrast.recording/2";
/// The schema of `comparison.json`.
pub const COMPARISON_SCHEMA: &str = "kontrast.comparison/2";
/// The schema of the load generator's summary.
pub const LOAD_SCHEMA: &str = "kontrast.load/1";

/// One arm, one round: all that was measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Recording {
    /// Always [`RECORDING_SCHEMA`].
    pub schema: String,
    /// The recorded process.
    pub target: Target,
    /// The workload that it served, where `kontrast run` knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workload: Option<Workload>,
    /// The host.
    pub host: Host,
    /// The recorded time.
    pub window: Window,
    /// Sums over the target's threads.
    pub process: process::Process,
    /// The target's processes, ended ones included. The first is the one that the target names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub processes: Vec<process::TreeProcess>,
    /// Every thread seen in the window, ended ones included.
    pub threads: Vec<process::Thread>,
    /// Who woke which thread, most wake-ups first.
    pub wakers: Vec<process::Waker>,
    /// Who held the CPU while the target's threads waited for one, longest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub run_queue_blame: Vec<process::RunQueueBlame>,
    /// Samples of user mode by thread and function, most first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub code: Vec<process::CodeSamples>,
    /// Garbage collection; absent where it cannot be recognised.
    #[serde(default)]
    pub gc: Option<gc::Gc>,
    /// Call stacks of CPU samples.
    #[serde(default, skip_serializing_if = "Stacks::is_empty")]
    pub stacks: Stacks,
    /// Waits with their call stacks, by sleeper and waker.
    #[serde(default, skip_serializing_if = "Waits::is_empty")]
    pub waits: Waits,
    /// Call sites that take memory and return it, largest first; see [`MemoryStack::weight`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub memory_stacks: Vec<MemoryStack>,
    /// System calls by name, all threads together. Per thread they are in
    /// [`process::Thread::syscalls`].
    pub syscalls: Vec<process::Syscall>,
    /// Socket activity.
    pub sockets: process::Sockets,
    /// Peers that the target exchanges data with, most bytes first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub peers: Vec<peers::Peer>,
    /// Requests to block devices, those of the target first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub block_io: Vec<block_io::BlockIo>,
    /// Page faults.
    pub faults: process::Faults,
    /// Memory at the end of the window and over time.
    pub memory: memory::Memory,
    /// CPU time over time.
    pub cpu: process::Cpu,
    /// Distributions: `run_queue`, `off_cpu`, `wakeup_to_run`, `arrival_to_recv`, `recv_to_send`,
    /// `proxy_latency`, `connect`, `dns`, …
    pub latency: BTreeMap<String, Histogram>,
    /// Stages of relays, by the relay's length.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub relays: Vec<RelayBucket>,
    /// Runtime activity that the kernel can see.
    #[serde(default, skip_serializing_if = "RuntimeStats::is_empty")]
    pub runtime_stats: RuntimeStats,
    /// Single tokens; see [`Timeline`].
    #[serde(default, skip_serializing_if = "Tokens::is_empty")]
    pub tokens: Tokens,
    /// Requests in flight, and states of the threads that serve them; see [`Timeline`].
    #[serde(default, skip_serializing_if = "Requests::is_empty")]
    pub requests: Requests,
    /// Events, which are written to a file of their own.
    #[serde(skip)]
    pub timeline: Option<Timeline>,
    /// The load generator's summary of the same window, where there was one.
    pub load: Option<LoadSummary>,
    /// Work of the target in the window. Absent where no one named a unit and the kernel saw no
    /// request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub work: Option<Work>,
    /// Content tokens that the model sent in the same window, where the model was our stub.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_tokens: Option<u64>,
    /// CPU time of the model in the same window, where the model was our stub, which has one
    /// thread.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_cpu_ns: Option<u64>,
    /// Starts of the server, where starts were recorded: from exec to the end of an answer, one
    /// process each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub starts: Vec<Start>,
    /// Data of an instrumented round. Such a recording enters no other number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instrumented: Option<Instrumented>,
    /// Whether it is a traced round: with single tokens, and waits with their stacks. Such a
    /// recording enters no metric.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub traced: bool,
    /// The observer's own cost and losses.
    pub observer: observer::Observer,
    /// The identities that must hold, each with its measurement.
    pub checks: Vec<observer::Check>,
}

/// The recorded process.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// Name of the arm, `go` or `bun:smol` for instance.
    pub arm: String,
    /// The process (the first one, of several).
    pub pid: u32,
    /// Start time of the process in clock ticks since boot (`/proc/PID/stat` field 22): PIDs are
    /// reused.
    pub start_time_ticks: u64,
    /// Further processes recorded together with the first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_pids: Vec<u32>,
    /// Runtime family; it decides how threads are understood.
    pub runtime: Runtime,
    /// Version of the runtime, empty where it is not known.
    pub runtime_version: String,
    /// The command line as `/proc/PID/cmdline` gives it.
    pub cmdline: Vec<String>,
    /// Size of the executable on disk.
    #[serde(default)]
    pub binary_bytes: u64,
    /// Disk space of all files that are needed to run it, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub installed_bytes: Option<u64>,
}

/// One start of the server: times since its exec.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Start {
    /// Until it accepted a connection.
    pub listening_ns: u64,
    /// Until the first token of the first answer was received.
    pub first_token_ns: u64,
}

/// The recorded time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Window {
    /// Wall-clock start, nanoseconds since the Unix epoch.
    pub start_unix_ns: u64,
    /// Length on the monotonic clock.
    pub duration_ns: u64,
    /// Why the recording ended.
    #[serde(default)]
    pub ended: Ended,
}

/// Why a recording ended. All but [`Ended::Duration`] and [`Ended::Asked`] make it partial.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ended {
    /// The requested duration was over.
    #[default]
    Duration,
    /// The program that drives the recorder asked it to stop (end of the load).
    Asked,
    /// Ctrl-C or a termination signal.
    Interrupted,
    /// The target ended before the window did.
    TargetExited,
}

impl Recording {
    /// Whether it enters metrics: it is no traced and no instrumented round.
    pub fn is_measured(&self) -> bool {
        !self.traced && self.instrumented.is_none()
    }

    /// Returns whether the recording covers less than was requested.
    pub fn is_partial(&self) -> bool {
        matches!(self.window.ended, Ended::Interrupted | Ended::TargetExited)
    }

    /// Returns the role of the thread at an index of `threads`.
    pub fn role_of(&self, thread: usize) -> vocabulary::Role {
        let thread = self.threads.get(thread);
        thread.map_or(vocabulary::Role::EndedThread, |thread| thread.role.clone())
    }

    /// Returns the tokens that the load generator received in the window; 0 without a load.
    pub fn tokens(&self) -> u64 {
        self.load.as_ref().map_or(0, |load| load.tokens)
    }

    /// Returns the requests that the load generator completed in the window; 0 without a load.
    pub fn requests(&self) -> u64 {
        self.load.as_ref().map_or(0, |load| load.requests.completed)
    }
}
