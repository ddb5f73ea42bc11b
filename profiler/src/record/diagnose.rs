//! The probe groups that this kernel supports, by trying: attaches the programs for a moment.

use super::offsets::{BTF_PATH, Layout};
use super::privilege;
use super::probe_groups::{CPU_SAMPLES, HookKind, PROBE_GROUPS, provides};
use super::programs::{ProbeConfig, Programs, Source};
use serde::Serialize;
use std::path::Path;

/// The abilities of this kernel and of this process.
#[derive(Debug, Serialize)]
pub struct Diagnosis {
    /// Kernel release.
    pub kernel: String,
    /// Whether the kernel describes its types (BTF).
    pub btf: bool,
    /// Capabilities that loading needs and this process lacks.
    pub missing_privilege: Vec<String>,
    /// Each probe group.
    pub signals: Vec<Verdict>,
    /// Why nothing can be recorded; absent if something can.
    pub problem: Option<String>,
}

/// The source that serves a probe group here.
#[derive(Debug, Serialize)]
pub struct Verdict {
    /// Name.
    pub signal: String,
    /// Name of the source; `none` if there is none, `unknown` if it could not be tried.
    pub source: String,
    /// Why a better source did not serve; empty where the best one did, or none was tried.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub refused: String,
    /// What a recording lacks without it.
    pub answers: String,
}

impl Diagnosis {
    /// Examines this kernel.
    pub fn of_this_kernel() -> Self {
        let missing: Vec<String> = privilege::missing()
            .iter()
            .map(ToString::to_string)
            .collect();
        let tried = if missing.is_empty() {
            try_programs()
        } else {
            Err(privilege_needed(&missing))
        };
        let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let signals = match &tried {
            Ok(sources) => sources
                .iter()
                .map(|tried| verdict(tried.group, &tried.source, &tried.fallback_reason))
                .collect(),
            Err(_) => names()
                .map(|signal| verdict(signal, "unknown", ""))
                .collect(),
        };
        Diagnosis {
            kernel: kernel.trim().to_owned(),
            btf: Path::new(BTF_PATH).exists(),
            missing_privilege: missing,
            signals,
            problem: tried.err(),
        }
    }
}

fn names() -> impl Iterator<Item = &'static str> {
    PROBE_GROUPS
        .iter()
        .map(|group| group.name)
        .chain([CPU_SAMPLES.0])
}

fn verdict(signal: &str, source: &str, refused: &str) -> Verdict {
    Verdict {
        signal: signal.into(),
        source: source.into(),
        refused: refused.into(),
        answers: provides(signal).into(),
    }
}

fn privilege_needed(missing: &[String]) -> String {
    let layout = Layout::of_this_kernel()
        .err()
        .map(|error| format!("; {error:#}"))
        .unwrap_or_default();
    format!(
        "loading eBPF programs needs {}: run as root, or grant them{layout}",
        missing.join(" and ")
    )
}

fn try_programs() -> Result<Vec<Source>, String> {
    let kinds = [HookKind::TpBtf, HookKind::RawTracepoint];
    let config = ProbeConfig::minimal(vec![std::process::id()], false, &kinds);
    let programs = Programs::attach(&config).map_err(|error| format!("{error:#}"))?;
    Ok(programs.sources)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_every_probe_group_with_or_without_privilege() {
        let diagnosis = Diagnosis::of_this_kernel();
        let listed: Vec<&str> = diagnosis
            .signals
            .iter()
            .map(|verdict| verdict.signal.as_str())
            .collect();
        assert_eq!(listed, names().collect::<Vec<_>>());
        assert!(
            diagnosis
                .signals
                .iter()
                .all(|verdict| !verdict.answers.is_empty())
        );
        assert_eq!(
            diagnosis.missing_privilege.is_empty(),
            privilege::missing().is_empty()
        );
    }
}
