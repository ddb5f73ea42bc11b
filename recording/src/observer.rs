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
    /// How much was observed.
    #[serde(default)]
    pub mode: Mode,
    /// The turns of a recording in the mode of that name, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub turns: Vec<Turn>,
}

/// A stretch of time in which the target was observed in one mode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// How much was observed.
    pub mode: Mode,
    /// Its length.
    pub duration_ns: u64,
    /// What the kernel's CPU clock of the process grew by.
    pub cpu_ns: u64,
}

/// How much was observed, least first. What a mode does not observe is 0 or absent in the recording.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// The others in turns of a second, to tell what each costs: such a recording is in no number but that.
    Turns,
    /// No program at all: what the kernel accounts for by itself, as `/proc` gives it.
    None,
    /// Every program on its hook, following nobody: what the kernel takes to get to them. Only in turns.
    Hooks,
    /// The kernel's own account of each thread, with programs only where one begins or ends.
    Counters,
    /// Every signal that the kernel gives. Recordings made before there were modes are of this one.
    #[default]
    #[serde(alias = "programs", alias = "")]
    All,
}

impl Mode {
    /// The modes of a whole recording, least first.
    pub const EACH: [Mode; 3] = [Mode::None, Mode::Counters, Mode::All];
    /// The modes that take turns.
    pub const IN_TURNS: [Mode; 4] = [Mode::None, Mode::Hooks, Mode::Counters, Mode::All];

    /// Its name in files and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Mode::Turns => "turns",
            Mode::None => "none",
            Mode::Hooks => "hooks",
            Mode::Counters => "counters",
            Mode::All => "all",
        }
    }
}

/// One signal and what served it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Signal {
    /// What is measured, `scheduler` for instance.
    pub signal: String,
    /// The kind of hook that served it, `tp_btf` for instance; `none` where this kernel gives none.
    pub source: String,
    /// Why no hook served it, in the words of whoever refused; empty where one did.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub refused: String,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_written_by_name_and_older_names_are_read() {
        for mode in Mode::IN_TURNS.into_iter().chain([Mode::Turns]) {
            let text = serde_json::to_value(mode).expect("a name");
            assert_eq!(text, mode.name());
        }
        for older in ["programs", ""] {
            assert_eq!(
                serde_json::from_value::<Mode>(older.into()).ok(),
                Some(Mode::All)
            );
        }
        assert!(serde_json::from_value::<Mode>("some".into()).is_err());
    }
}
