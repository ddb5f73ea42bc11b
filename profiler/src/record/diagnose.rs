//! What this kernel gives, found by trying: the programs are loaded, attached for a moment and let go.

use super::offsets::{BTF_PATH, Layout};
use super::privilege;
use super::programs::{Programs, Source, Wanted};
use super::signals::{HookKind, SAMPLES, SIGNALS, answers};
use serde::Serialize;
use std::path::Path;

/// What this kernel and this process can do.
#[derive(Debug, Serialize)]
pub struct Diagnosis {
    /// Kernel release.
    pub kernel: String,
    /// Whether the kernel describes its types.
    pub btf: bool,
    /// Capabilities that loading needs and this process lacks.
    pub missing_privilege: Vec<String>,
    /// Each signal.
    pub signals: Vec<Verdict>,
    /// Why nothing can be recorded, if so.
    pub problem: Option<String>,
}

/// What serves a signal here.
#[derive(Debug, Serialize)]
pub struct Verdict {
    /// Name.
    pub signal: String,
    /// What serves it; `none` if nothing does, `unknown` if it could not be tried.
    pub source: String,
    /// Why no (better) hook does; empty where one does, or nothing was tried.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub refused: String,
    /// What cannot be said without it.
    pub answers: String,
}

impl Diagnosis {
    /// Looks at this kernel.
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
                .map(|tried| verdict(tried.signal, &tried.source, &tried.refused))
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
    SIGNALS.iter().map(|signal| signal.name).chain([SAMPLES.0])
}

fn verdict(signal: &str, source: &str, refused: &str) -> Verdict {
    Verdict {
        signal: signal.into(),
        source: source.into(),
        refused: refused.into(),
        answers: answers(signal).into(),
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
    let wanted = Wanted::only(vec![std::process::id()], false, &kinds);
    let programs = Programs::attach(&wanted).map_err(|error| format!("{error:#}"))?;
    Ok(programs.sources)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_signal_is_named_whatever_the_privilege() {
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
