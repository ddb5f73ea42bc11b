//! What observing cost, what it lost, and the identities that must hold.

use serde::{Deserialize, Serialize};

/// What observing cost, and what it lost.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Observer {
    /// Each signal with the source that served it.
    pub signals: Vec<Signal>,
    /// Events that could not be stored: full maps and ring buffer losses together.
    pub lost_events: u64,
    /// The recorder's own CPU time inside the window.
    pub cpu_ns: u64,
    /// The recorder's own peak resident set.
    pub rss_bytes: u64,
    /// For how much of the window the kernel measured the programs. Measuring each run costs about as much as a
    /// short program does, so it is done for a part of the window and the figures are scaled up to the whole.
    #[serde(default)]
    pub sampled_ns: u64,
    /// On-CPU time of one system call outside of what is measured as inside it (entering and leaving the kernel, and
    /// the programs at both ends), found out at the start; 0 where it was not.
    #[serde(default)]
    pub crossing_ns: f64,
    /// `programs` for a recording by eBPF, `none` for the null recorder.
    #[serde(default)]
    pub mode: String,
}

/// One signal and what served it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Signal {
    /// What is measured, `scheduler` for instance.
    pub signal: String,
    /// The kind of hook that served it, `tp_btf` for instance; `none` where this kernel gives none.
    pub source: String,
    /// Names of the eBPF programs.
    pub programs: Vec<String>,
    /// Times the programs ran, for any process of the host: an estimate, see [`Observer::sampled_ns`].
    pub hits: u64,
    /// Time inside the programs: an estimate, and a floor, since dispatch is not in it.
    pub bpf_ns: u64,
}

/// An identity that must hold.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// Name, `thread_time` for instance.
    pub name: String,
    /// What it must be.
    pub expected: f64,
    /// What was measured.
    pub measured: f64,
    /// Allowed difference, in `unit` (absolute).
    pub tolerance: f64,
    /// Unit of the three numbers.
    pub unit: String,
    /// Whether it held.
    pub ok: bool,
    /// What a reader should know of it, for instance why it was not possible.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

impl Check {
    /// A check that allows `tolerance` (absolute, in `unit`) between what was expected and what was measured.
    pub fn within(name: &str, unit: &str, expected: f64, measured: f64, tolerance: f64) -> Self {
        Check {
            name: name.into(),
            expected,
            measured,
            tolerance,
            unit: unit.into(),
            ok: (expected - measured).abs() <= tolerance,
            note: String::new(),
        }
    }
}
