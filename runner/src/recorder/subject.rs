//! The subject of a recording, as arguments of `kontrast record`.

use crate::plan::{Purpose, Step};
use recording::{observer::Mode, vocabulary::Runtime};
use std::path::{Path, PathBuf};

/// The subject of a recording, as arguments of `kontrast record`.
#[derive(Clone, Debug)]
pub struct Subject {
    /// Processes of the server under test.
    pub pids: Vec<u32>,
    /// Name of the arm.
    pub arm: String,
    /// Runtime family and version, if known.
    pub runtime: Option<(String, String)>,
    /// Placement of processes on CPUs, in words.
    pub placement: String,
    /// Which probes are attached.
    pub mode: Mode,
    /// Number of the round.
    pub round: u32,
    /// Folder of the runtime's symbols in an instrumented round.
    pub runtime_symbols: Option<PathBuf>,
    /// CPU samples a second on each CPU.
    pub sample_hz: u32,
    /// The latency above which single tokens are kept.
    pub slow: Option<String>,
    /// Whether waits keep their stacks.
    pub off_cpu_stacks: bool,
    /// Folders of separate debug files.
    pub symbols: Vec<PathBuf>,
    /// Unit of work and its counter.
    pub work: Option<String>,
    /// TCP port that the load connects to, where the server itself listens on it.
    pub load_port: Option<u16>,
}

/// Returns the condition of slow tokens in a round: as it was `asked` for, or one that every token
/// fulfils. In other modes than all probes the kernel counts nothing.
pub fn slow(step: Step, asked: Option<&String>) -> Option<String> {
    let slow = match step.purpose {
        Purpose::Traced => Some("proxy_latency>0s".to_owned()),
        _ => asked.cloned(),
    };
    slow.filter(|_| step.mode == Mode::All)
}

impl Subject {
    /// Returns the arguments of `kontrast record` for a recording in `dir`.
    pub(super) fn arguments(&self, dir: &Path) -> Vec<String> {
        let dir = dir.display().to_string();
        let pids: Vec<String> = self.pids.iter().map(u32::to_string).collect();
        let mut arguments = vec!["record"];
        arguments.extend(pids.iter().flat_map(|pid| ["--pid", pid]));
        arguments.extend(["--out", &dir, "--arm", &self.arm]);
        if let Some((runtime, version)) = &self.runtime {
            // `target.toml` may name a runtime that is not in the vocabulary of recordings.
            let known = runtime.parse::<Runtime>().unwrap_or_default();
            arguments.extend(["--runtime", known.name(), "--runtime-version", version]);
        }
        arguments.extend(["--placement", &self.placement, "--until-stdin-closes"]);
        arguments.extend(["--probes", self.mode.name()]);
        let round = self.round.to_string();
        if self.mode == Mode::Overhead {
            arguments.extend(["--round", &round]);
        }
        let sample_hz = self.sample_hz.to_string();
        arguments.extend(["--sample-rate", &sample_hz]);
        if self.off_cpu_stacks {
            arguments.extend(["--off-cpu-stacks", "on"]);
        }
        let folders = self.symbols.iter();
        let folders: Vec<String> = folders.map(|dir| dir.display().to_string()).collect();
        arguments.extend(folders.iter().flat_map(|dir| ["--symbols", dir]));
        let symbols = self.runtime_symbols.as_ref();
        let optional = [
            (
                "--runtime-symbols",
                &symbols.map(|dir| dir.display().to_string()),
            ),
            ("--slow", &self.slow),
            ("--work", &self.work),
            ("--load-port", &self.load_port.map(|port| port.to_string())),
        ];
        let given = optional
            .iter()
            .filter_map(|(name, value)| Some([*name, value.as_deref()?]));
        arguments.extend(given.flatten());
        arguments.into_iter().map(String::from).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passes_the_subject_to_record() {
        let subject = Subject {
            pids: vec![7, 8],
            arm: "go".into(),
            runtime: Some(("go".into(), "1.26.4".into())),
            placement: "target on CPU 0".into(),
            mode: Mode::Overhead,
            round: 3,
            runtime_symbols: Some("/from runtime".into()),
            symbols: vec!["/debug a".into(), "b".into()],
            sample_hz: 1_999,
            slow: None,
            off_cpu_stacks: false,
            work: Some("command=syscall:read".into()),
            load_port: Some(8080),
        };
        let arguments = subject.arguments(Path::new("/out dir")).join("|");
        assert_eq!(
            arguments,
            "record|--pid|7|--pid|8|--out|/out dir|--arm|go|--runtime|go|--runtime-version|1.26.4\
             |--placement|target on CPU 0|--until-stdin-closes|--probes|overhead|--round|3\
             |--sample-rate|1999|--symbols|/debug a|--symbols|b|--runtime-symbols|/from runtime\
             |--work|command=syscall:read|--load-port|8080"
        );
    }
}
