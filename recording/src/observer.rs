//! The observer: its probes, their cost, lost events, and the checks that must hold.

use crate::process::is_zero;
use crate::timeline::TimelineExtent;
use crate::vocabulary::ProbeGroup;
use serde::{Deserialize, Serialize};

/// The observer's own cost and losses.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Observer {
    /// Each probe group with the source that served it.
    #[serde(rename = "signals")]
    pub probe_groups: Vec<ProbeGroupStatus>,
    /// Events that could not be stored: losses by full maps and by the ring buffer together.
    pub lost_events: u64,
    /// The recorder's own CPU time inside the window.
    pub cpu_ns: u64,
    /// The recorder's own peak resident set.
    pub rss_bytes: u64,
    /// The part of the window in which the kernel measured the programs' run time
    /// (`bpf_enable_stats(2)`). Measuring a run costs about as much as a short program, so `hits`
    /// and `bpf_ns` are scaled up from this part.
    #[serde(default)]
    pub sampled_ns: u64,
    /// On-CPU time that one system call takes outside of its measured inside: kernel entry and
    /// exit, and the probes at both ends. Calibrated on the recorder itself before the recording; 0
    /// where that was not possible.
    #[serde(default)]
    pub syscall_entry_exit_ns: f64,
    /// Which probes were attached.
    #[serde(default)]
    pub mode: Mode,
    /// The intervals of a recording in mode [`Mode::Overhead`], in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overhead: Vec<ModeInterval>,
    /// Size of the timeline in memory, if there is one. Events that newer ones replaced there are
    /// missing in the trace alone; [`Observer::lost_events`] does not count them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeline: Option<TimelineExtent>,
}

/// An interval in which the target was observed in one mode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModeInterval {
    /// Which probes were attached.
    pub mode: Mode,
    /// Length of the interval.
    pub duration_ns: u64,
    /// Growth of the kernel's CPU clock of the process.
    pub cpu_ns: u64,
}

/// Which probes are attached, fewest first. Data that a mode does not observe is 0 or absent in the
/// recording.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// The other modes in intervals of a second each, to measure their cost. Such a recording
    /// enters no other number.
    Overhead,
    /// No probe: the kernel's own counters in `/proc`.
    None,
    /// All probes attached, but following no process: the kernel's cost of reaching them. Only
    /// inside `Overhead`.
    AttachedIdle,
    /// The kernel's own account of each thread, with probes only where threads begin and end.
    Counters,
    /// Every probe group that the kernel supports.
    #[default]
    All,
}

impl Mode {
    /// The modes of a whole recording, fewest probes first.
    pub const WHOLE: [Mode; 3] = [Mode::None, Mode::Counters, Mode::All];
    /// The modes that alternate in a recording of mode [`Mode::Overhead`].
    pub const ALTERNATING: [Mode; 4] = [Mode::None, Mode::AttachedIdle, Mode::Counters, Mode::All];

    /// Returns the name in files and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Mode::Overhead => "overhead",
            Mode::None => "none",
            Mode::AttachedIdle => "attached-idle",
            Mode::Counters => "counters",
            Mode::All => "all",
        }
    }
}

/// One probe group and the source that served it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProbeGroupStatus {
    /// The probe group.
    #[serde(rename = "signal")]
    pub group: ProbeGroup,
    /// Kind of hook that served it, `tp_btf` for instance; `none` where this kernel supports none.
    pub source: String,
    /// Why a better source did not serve, in the kernel's words; empty where the best one did.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub fallback_reason: String,
    /// Names of the eBPF programs.
    pub programs: Vec<String>,
    /// Runs of the programs, for any process of the host: an estimate, see
    /// [`Observer::sampled_ns`].
    pub hits: u64,
    /// Time inside the programs: an estimate, and a lower bound, since it does not include their
    /// dispatch.
    pub bpf_ns: u64,
    /// The same for each of the programs that ran.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub costs: Vec<ProgramCost>,
    /// Runs that the kernel skipped, for any process of the host: no program runs inside itself, as
    /// it would where it is interrupted and the interrupt leads to the same hook. As many events of
    /// the target may be missing, or fewer. 0 before Linux 5.12, which does not count them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub skipped: u64,
}

/// Runs of one eBPF program, for any process of the host, and the time inside: estimates, see
/// [`Observer::sampled_ns`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgramCost {
    /// Name of the program.
    pub program: String,
    /// Its runs.
    pub runs: u64,
    /// Time inside it, without its dispatch.
    pub run_ns: u64,
}

/// An identity that must hold.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// Name, `thread_time` for instance.
    pub name: String,
    /// Expected value.
    pub expected: f64,
    /// Measured value.
    pub measured: f64,
    /// Allowed difference, in `unit` (absolute).
    pub tolerance: f64,
    /// Unit of the three numbers.
    pub unit: String,
    /// Whether it held.
    pub ok: bool,
    /// A remark for readers, for instance why the check was not possible.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

impl Check {
    /// Returns a check that allows `tolerance` (absolute, in `unit`) between the expected and the
    /// measured value.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_modes_by_their_name() {
        for mode in Mode::ALTERNATING.into_iter().chain([Mode::Overhead]) {
            let text = serde_json::to_value(mode).expect("a name");
            assert_eq!(text, mode.name());
        }
        assert!(serde_json::from_value::<Mode>("some".into()).is_err());
    }
}
