//! What one run of one arm was measured to be: plain data, loading and saving.
//!
//! This crate is the seam of the product. Whoever records needs privileges and a kernel; whoever compares and
//! reports needs only these types. Times are integers in nanoseconds (`_ns`), sizes in bytes (`_bytes`); readers
//! derive rates themselves. Fields may be added; a change of meaning raises the schema's number.
//!
//! *Invariant:* nothing here touches a kernel interface, and no I/O happens beyond [`io`].

pub mod activity;
pub mod comparison;
pub mod detail;
pub mod forwards;
pub mod histogram;
pub mod host;
pub mod io;
pub mod load;
pub mod memory;
pub mod observer;
pub mod process;
pub mod served;
pub mod sites;

pub use activity::Activity;
pub use comparison::Comparison;
pub use detail::Detail;
pub use forwards::Forwards;
pub use histogram::Histogram;
pub use host::Host;
pub use load::LoadSummary;
pub use served::Served;
pub use sites::MemorySite;

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The schema of `recording.json`.
pub const RECORDING_SCHEMA: &str = "kontrast.recording/1";
/// The schema of `comparison.json`.
pub const COMPARISON_SCHEMA: &str = "kontrast.comparison/1";
/// The schema of the load generator's summary.
pub const LOAD_SCHEMA: &str = "kontrast.load/1";

/// One arm, one round: everything that was measured of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Recording {
    /// Always [`RECORDING_SCHEMA`].
    pub schema: String,
    /// What was recorded.
    pub target: Target,
    /// What it did meanwhile, where `kontrast run` asked for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub served: Option<Served>,
    /// Where it was recorded.
    pub host: Host,
    /// When it was recorded.
    pub window: Window,
    /// The target's threads added up.
    pub process: process::Process,
    /// Every thread seen in the window, those that ended included.
    pub threads: Vec<process::Thread>,
    /// Who woke whom, by thread role.
    pub wakers: Vec<process::Waker>,
    /// Who had the CPU while the target's threads waited for one, longest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waited_for: Vec<process::WaitedFor>,
    /// What samples of user mode found the threads in, by role, most first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub code: Vec<process::CodeSamples>,
    /// The code that takes memory and gives it back, largest first; see [`MemorySite::weight`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub memory_sites: Vec<MemorySite>,
    /// System calls by name, all threads together. Per thread they are in [`process::Thread::syscalls`].
    pub syscalls: Vec<process::Syscall>,
    /// Socket activity.
    pub sockets: process::Sockets,
    /// Page faults.
    pub faults: process::Faults,
    /// Memory at the end of the window and over time.
    pub memory: memory::Memory,
    /// CPU time over time.
    pub cpu: process::Cpu,
    /// Distributions: `run_queue`, `off_cpu`, `wakeup_to_run`, `arrival_to_recv`, `recv_to_send`, `forwarding`, …
    pub latency: BTreeMap<String, Histogram>,
    /// What forwards were made of, by their length.
    #[serde(default)]
    pub forwards: Vec<Forwards>,
    /// What the runtime's own parts did, where the kernel sees it.
    #[serde(default, skip_serializing_if = "Activity::is_empty")]
    pub activity: Activity,
    /// The load generator's summary of the same window, where there was one.
    pub load: Option<LoadSummary>,
    /// Content tokens that the model sent in the same window, where the model was our stub.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_tokens: Option<u64>,
    /// CPU time of the model in the same window, where the model was our stub, which has one thread.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_cpu_ns: Option<u64>,
    /// Starts of the server, where those were what was recorded: from exec to the end of an answer, one process each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub starts: Vec<Start>,
    /// What the runtime helped to tell, in a round that was recorded for that alone and is in no other number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<Detail>,
    /// What observing cost, and what it lost.
    pub observer: observer::Observer,
    /// The identities that must hold, each with what was measured.
    pub checks: Vec<observer::Check>,
}

/// What was recorded.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// Name of the arm, `go` or `bun:smol` for instance.
    pub arm: String,
    /// The process (the first one, of a process tree).
    pub pid: u32,
    /// Start time of the process in clock ticks since boot (`/proc/PID/stat` field 22): PIDs are reused.
    pub start_time_ticks: u64,
    /// Further processes recorded together with the first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_pids: Vec<u32>,
    /// Runtime family that decides how threads are named: `go`, `bun`, `node`, … or `unknown`.
    pub runtime: String,
    /// Version of the runtime, empty where it is not known.
    pub runtime_version: String,
    /// The command line as `/proc/PID/cmdline` gives it.
    pub cmdline: Vec<String>,
    /// Size of the executable on disk.
    #[serde(default)]
    pub binary_bytes: u64,
    /// Disk space of everything that is needed to run it, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub installed_bytes: Option<u64>,
}

/// One start of the server: times since it was let go, at its exec.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Start {
    /// Until it accepted a connection.
    pub listening_ns: u64,
    /// Until the first token of the first answer had been received.
    pub first_token_ns: u64,
}

/// When it was recorded.
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

/// Why a recording ended; anything but [`Ended::Duration`] and [`Ended::Asked`] makes it partial.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ended {
    /// The requested duration was over.
    #[default]
    Duration,
    /// Whoever drives the recorder asked it to stop (end of the load).
    Asked,
    /// Ctrl-C or a termination signal.
    Interrupted,
    /// The target ended before the window did.
    TargetExited,
}

impl Recording {
    /// Whether the recording covers less than what was asked for.
    pub fn is_partial(&self) -> bool {
        matches!(self.window.ended, Ended::Interrupted | Ended::TargetExited)
    }

    /// Tokens the load generator received in the window; 0 without a load.
    pub fn tokens(&self) -> u64 {
        self.load.as_ref().map_or(0, |load| load.tokens)
    }

    /// Requests the load generator completed in the window; 0 without a load.
    pub fn requests(&self) -> u64 {
        self.load.as_ref().map_or(0, |load| load.requests.completed)
    }
}
