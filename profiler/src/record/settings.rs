//! Capabilities and settings of the kernel that limit this process, with costs and remedies.

use caps::{CapSet, Capability};
use serde::Serialize;
use std::fs;

/// A privilege or a setting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Setting {
    /// Name, as `man capabilities` or `sysctl` has it.
    pub name: &'static str,
    /// Value on this machine.
    pub value: String,
    /// The data that a recording lacks because of it; empty if it costs nothing.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub cost: &'static str,
    /// The command or the option that changes it; empty if it costs nothing.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub remedy: &'static str,
}

/// Capabilities that recording uses: cost without it.
const CAPABILITIES: [(Capability, &str, &str); 3] = [
    (
        Capability::CAP_BPF,
        "CAP_BPF",
        "every probe group: no eBPF program can be loaded; `--probes none` works",
    ),
    (
        Capability::CAP_PERFMON,
        "CAP_PERFMON",
        "every probe group: the programs read structures of the kernel; `--probes none` works",
    ),
    (
        Capability::CAP_SYS_PTRACE,
        "CAP_SYS_PTRACE",
        "processes of other users, and those that do not let themselves be traced",
    ),
];
const GRANT: &str = "run as root, or sudo setcap cap_bpf,cap_perfmon,cap_sys_ptrace+ep $(command -v kontrast); in a \
                     container: --cap-add BPF --cap-add PERFMON --cap-add SYS_PTRACE";

/// Capabilities and settings of this machine. `None`: this kernel has no such setting.
#[derive(Debug, Default)]
struct Facts {
    capabilities: Vec<Capability>,
    perf_event_paranoid: Option<i64>,
    unprivileged_bpf_disabled: Option<i64>,
    ptrace_scope: Option<i64>,
    lockdown: Option<String>,
    seccomp: Option<i64>,
    /// Whether the kernel refused to load programs, for any reason.
    refused: bool,
}

impl Facts {
    fn read(refused: bool) -> Self {
        let number = |path: &str| fs::read_to_string(path).ok()?.trim().parse().ok();
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let seccomp = status
            .lines()
            .find_map(|line| line.strip_prefix("Seccomp:"));
        let effective = caps::read(None, CapSet::Effective).unwrap_or_default();
        Facts {
            capabilities: effective.into_iter().collect(),
            perf_event_paranoid: number("/proc/sys/kernel/perf_event_paranoid"),
            unprivileged_bpf_disabled: number("/proc/sys/kernel/unprivileged_bpf_disabled"),
            ptrace_scope: number("/proc/sys/kernel/yama/ptrace_scope"),
            lockdown: fs::read_to_string("/sys/kernel/security/lockdown")
                .ok()
                .and_then(|text| selected(&text)),
            seccomp: seccomp.and_then(|mode| mode.trim().parse().ok()),
            refused,
        }
    }

    fn has(&self, capability: Capability) -> bool {
        // Older than the first two, and it includes them.
        let all = self.capabilities.contains(&Capability::CAP_SYS_ADMIN)
            && capability != Capability::CAP_SYS_PTRACE;
        all || self.capabilities.contains(&capability)
    }

    fn settings(&self) -> Vec<Setting> {
        let mut settings: Vec<Setting> = CAPABILITIES
            .into_iter()
            .map(|(capability, name, cost)| match self.has(capability) {
                true => free(name, "granted".into()),
                false => Setting {
                    name,
                    value: "missing".into(),
                    cost,
                    remedy: GRANT,
                },
            })
            .collect();
        settings.extend(self.perf_event_paranoid.map(|level| self.paranoid(level)));
        settings.extend(self.lockdown.as_deref().map(lockdown));
        settings.extend(self.seccomp.map(|mode| self.seccomp(mode)));
        // Neither limits a process with the capabilities above.
        let others = [
            (
                "kernel.unprivileged_bpf_disabled",
                self.unprivileged_bpf_disabled,
            ),
            ("kernel.yama.ptrace_scope", self.ptrace_scope),
        ];
        let others = others
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)));
        settings.extend(others.map(|(name, value)| free(name, value.to_string())));
        settings
    }

    /// Debian's and Ubuntu's kernels refuse perf events above 2 even with CAP_PERFMON.
    fn paranoid(&self, level: i64) -> Setting {
        let name = "kernel.perf_event_paranoid";
        if level <= 2 || self.capabilities.contains(&Capability::CAP_SYS_ADMIN) {
            return free(name, level.to_string());
        }
        Setting {
            name,
            value: level.to_string(),
            cost: "cpu samples: no functions and no call stacks",
            remedy: "sudo sysctl kernel.perf_event_paranoid=2, or run as root",
        }
    }

    fn seccomp(&self, mode: i64) -> Setting {
        let name = "seccomp";
        let value = match mode {
            0 => "no filter",
            1 => "strict",
            _ => "filter",
        };
        let may_load = [Capability::CAP_BPF, Capability::CAP_PERFMON];
        let may_load = may_load.iter().all(|capability| self.has(*capability));
        if mode == 0 || !self.refused || !may_load {
            return free(name, value.into());
        }
        Setting {
            name,
            value: value.into(),
            cost: "every probe group, if the filter refuses bpf() or perf_event_open()",
            remedy: "allow both calls in the profile, or --security-opt seccomp=unconfined",
        }
    }
}

fn free(name: &'static str, value: String) -> Setting {
    Setting {
        name,
        value,
        cost: "",
        remedy: "",
    }
}

fn lockdown(mode: &str) -> Setting {
    let name = "lockdown";
    if mode != "confidentiality" {
        return free(name, mode.to_owned());
    }
    Setting {
        name,
        value: mode.to_owned(),
        cost: "probe groups whose programs read kernel memory through helpers: raw tracepoints, sockets",
        remedy: "boot with lockdown=integrity",
    }
}

/// Returns the word in brackets: `[none] integrity confidentiality` selects `none`.
fn selected(text: &str) -> Option<String> {
    let (_, rest) = text.split_once('[')?;
    rest.split_once(']').map(|(mode, _)| mode.to_owned())
}

/// Returns every privilege and setting; `refused`: the kernel refused to load programs.
pub fn of_this_machine(refused: bool) -> Vec<Setting> {
    Facts::read(refused).settings()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn costly(facts: &Facts) -> Vec<&'static str> {
        let settings = facts.settings();
        for setting in &settings {
            assert_eq!(
                setting.cost.is_empty(),
                setting.remedy.is_empty(),
                "{setting:?}"
            );
        }
        let costly = settings.iter().filter(|setting| !setting.cost.is_empty());
        costly.map(|setting| setting.name).collect()
    }

    #[test]
    fn names_each_missing_capability() {
        let mut facts = Facts::default();
        assert_eq!(costly(&facts), ["CAP_BPF", "CAP_PERFMON", "CAP_SYS_PTRACE"]);
        facts.capabilities = vec![Capability::CAP_BPF, Capability::CAP_SYS_PTRACE];
        assert_eq!(costly(&facts), ["CAP_PERFMON"]);
        facts.capabilities = vec![Capability::CAP_SYS_ADMIN];
        assert_eq!(costly(&facts), ["CAP_SYS_PTRACE"]);
    }

    fn with_three() -> Facts {
        Facts {
            capabilities: CAPABILITIES.map(|(capability, ..)| capability).to_vec(),
            ..Facts::default()
        }
    }

    #[test]
    fn names_settings_that_limit_a_process_with_capabilities() {
        let facts = Facts {
            perf_event_paranoid: Some(3),
            unprivileged_bpf_disabled: Some(2),
            ptrace_scope: Some(3),
            lockdown: selected("none integrity [confidentiality]\n"),
            seccomp: Some(2),
            ..with_three()
        };
        assert_eq!(costly(&facts), ["kernel.perf_event_paranoid", "lockdown"]);
        let refused = Facts {
            refused: true,
            ..facts
        };
        let names = ["kernel.perf_event_paranoid", "lockdown", "seccomp"];
        assert_eq!(costly(&refused), names);
    }

    #[test]
    fn blames_no_setting_that_costs_nothing() {
        let facts = Facts {
            perf_event_paranoid: Some(2),
            lockdown: selected("none [integrity] confidentiality\n"),
            seccomp: Some(0),
            refused: true,
            ..with_three()
        };
        assert_eq!(costly(&facts), [""; 0]);
        assert_eq!(facts.settings().len(), 6);
    }
}
