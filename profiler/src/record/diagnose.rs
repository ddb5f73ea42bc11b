//! The probe groups that this kernel supports, by trying: attaches the programs for a moment.

use super::attach::refusal;
use super::offsets::{BTF_PATH, Layout};
use super::privilege;
use super::probe_groups::{
    CPU_SAMPLES, HookKind, Hooks, NO_SOURCE, PROBE_GROUPS, Source, provides,
};
use super::programs::{ProbeConfig, Programs, Stacks};
use super::settings::{self, Setting};
use recording::vocabulary::ProbeGroup;
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
    /// Each capability and setting of the kernel that may limit a recording.
    pub settings: Vec<Setting>,
    /// Each probe group.
    #[serde(rename = "signals")]
    pub probe_groups: Vec<Verdict>,
    /// Why nothing can be recorded; absent if something can.
    pub problem: Option<String>,
}

/// The source that serves a probe group here.
#[derive(Debug, Serialize)]
pub struct Verdict {
    /// The group.
    #[serde(rename = "signal")]
    pub group: ProbeGroup,
    /// Name of the source; `none` without one, `unknown` if it could not be tried.
    pub source: String,
    /// Why a better source did not serve; empty where the best one did, or none was tried.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub fallback_reason: String,
    /// Data that a recording lacks without the group.
    pub provides: String,
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
        let problem = match &tried {
            Ok(sources) => sources.iter().find(|tried| is_lacking(tried)).map(refusal),
            Err(problem) => Some(problem.clone()),
        };
        let probe_groups = match &tried {
            Ok(sources) => sources
                .iter()
                .map(|tried| verdict(tried.group, &tried.source, &tried.fallback_reason))
                .collect(),
            Err(_) => names().map(|group| verdict(group, "unknown", "")).collect(),
        };
        Diagnosis {
            kernel: kernel.trim().to_owned(),
            btf: Path::new(BTF_PATH).exists(),
            missing_privilege: missing,
            settings: settings::of_this_machine(problem.is_some()),
            probe_groups,
            problem,
        }
    }
}

fn names() -> impl Iterator<Item = ProbeGroup> {
    PROBE_GROUPS
        .iter()
        .map(|hooks| hooks.group)
        .chain([CPU_SAMPLES.0])
}

fn verdict(group: ProbeGroup, source: &str, fallback_reason: &str) -> Verdict {
    Verdict {
        group,
        source: source.into(),
        fallback_reason: fallback_reason.into(),
        provides: provides(group).into(),
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

/// Attaches all probe groups as a recording does, but goes on where the kernel refuses a required
/// one.
fn try_programs() -> Result<Vec<Source>, String> {
    let config = ProbeConfig {
        selects_cgroups: true,
        stacks: Stacks::ALL,
        off_cpu_stacks: true,
        has_small_maps: true,
        ..ProbeConfig::minimal(false, &HookKind::ALL)
    };
    let optional = |hooks: &Hooks| Hooks {
        required: false,
        ..*hooks
    };
    let groups: Vec<Hooks> = PROBE_GROUPS.iter().map(optional).collect();
    let programs = Programs::attach_with_samples(&config, groups.iter())
        .map_err(|error| format!("{error:#}"))?;
    Ok(programs.sources)
}

/// Whether nothing can be recorded because this group has no source.
fn is_lacking(tried: &Source) -> bool {
    let mut groups = PROBE_GROUPS.iter();
    tried.source == NO_SOURCE && groups.any(|hooks| hooks.required && hooks.group == tried.group)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_every_probe_group_with_or_without_privilege() {
        let diagnosis = Diagnosis::of_this_kernel();
        let listed: Vec<ProbeGroup> = diagnosis
            .probe_groups
            .iter()
            .map(|verdict| verdict.group)
            .collect();
        assert_eq!(listed, names().collect::<Vec<_>>());
        assert!(
            diagnosis
                .probe_groups
                .iter()
                .all(|verdict| !verdict.provides.is_empty())
        );
        assert_eq!(
            diagnosis.missing_privilege.is_empty(),
            privilege::missing().is_empty()
        );
    }
}
