//! `kontrast doctor`.

use crate::outcome::Outcome;
use anyhow::Result;
use profiler::record::diagnose::{Diagnosis, Verdict};
use profiler::record::settings::Setting;
use std::fmt::Write;

/// Arguments of `kontrast doctor`.
#[derive(clap::Args)]
pub struct Doctor {
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
    /// Print log messages, with the size of each eBPF program.
    #[arg(long, hide = true)]
    pub log: bool,
}

impl Doctor {
    /// Executes the verb.
    pub fn execute(self) -> Result<Outcome> {
        if self.log {
            super::log_to_stderr();
        }
        let diagnosis = Diagnosis::of_this_kernel();
        if self.json {
            println!("{}", serde_json::to_string_pretty(&diagnosis)?);
        } else {
            print!("{}", describe(&diagnosis));
        }
        match diagnosis.problem {
            None => Ok(Outcome::Done),
            Some(problem) => anyhow::bail!("nothing can be recorded here: {problem}"),
        }
    }
}

fn describe(diagnosis: &Diagnosis) -> String {
    let mut text = String::new();
    let missing = &diagnosis.missing_privilege;
    let privilege = if missing.is_empty() {
        "enough".to_owned()
    } else {
        format!("lacks {}", missing.join(" and "))
    };
    // Writing to a string cannot fail.
    let _ = writeln!(text, "kernel     {}", diagnosis.kernel);
    let _ = writeln!(
        text,
        "BTF        {}",
        if diagnosis.btf {
            "yes"
        } else {
            "no (needs CONFIG_DEBUG_INFO_BTF=y)"
        }
    );
    let _ = writeln!(text, "privilege  {privilege}\n");
    text += &describe_settings(&diagnosis.settings);
    let width = diagnosis
        .probe_groups
        .iter()
        .map(|verdict| verdict.source.len())
        .max()
        .unwrap_or(0);
    for Verdict {
        group,
        source,
        fallback_reason,
        provides,
    } in &diagnosis.probe_groups
    {
        let _ = match source.as_str() {
            "none" => writeln!(
                text,
                "✗ {group:<30} {source:<width$}  missing here: {provides}"
            ),
            "unknown" => writeln!(text, "? {group:<30} {source:<width$}  {provides}"),
            _ => writeln!(text, "✓ {group:<30} {source:<width$}  {provides}"),
        };
        if !fallback_reason.is_empty() {
            let _ = writeln!(text, "  {:<30} since {fallback_reason}", "");
        }
    }
    text
}

/// Returns a line for each capability and setting; the cost and the remedy of one that limits
/// recordings follow it.
fn describe_settings(settings: &[Setting]) -> String {
    let width = settings.iter().map(|setting| setting.name.len()).max();
    let width = width.unwrap_or(0);
    let mut text = String::new();
    for setting in settings {
        let mark = if setting.cost.is_empty() {
            '✓'
        } else {
            '✗'
        };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{mark} {:<width$}  {}", setting.name, setting.value);
        if !setting.cost.is_empty() {
            let _ = writeln!(text, "  {:<width$}  costs {}", "", setting.cost);
            let _ = writeln!(text, "  {:<width$}  remedy: {}", "", setting.remedy);
        }
    }
    text + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use recording::vocabulary::ProbeGroup;

    #[test]
    fn names_missing_privileges_and_groups() {
        let verdict = |group, source: &str, fallback_reason: &str| Verdict {
            group,
            source: source.into(),
            fallback_reason: fallback_reason.into(),
            provides: "something".into(),
        };
        let diagnosis = Diagnosis {
            kernel: "6.1.0".into(),
            btf: true,
            missing_privilege: vec!["CAP_BPF".into()],
            settings: vec![
                Setting {
                    name: "CAP_BPF",
                    value: "missing".into(),
                    cost: "every probe group",
                    remedy: "run as root",
                },
                Setting {
                    name: "seccomp",
                    value: "no filter".into(),
                    cost: "",
                    remedy: "",
                },
            ],
            probe_groups: vec![
                verdict(ProbeGroup::Scheduler, "tp_btf", ""),
                verdict(
                    ProbeGroup::Sockets,
                    "none",
                    "sock_send_length: no such hook",
                ),
            ],
            problem: None,
        };
        insta::assert_snapshot!(describe(&diagnosis), @r"
        kernel     6.1.0
        BTF        yes
        privilege  lacks CAP_BPF

        ✗ CAP_BPF  missing
                   costs every probe group
                   remedy: run as root
        ✓ seccomp  no filter

        ✓ scheduler                      tp_btf  something
        ✗ socket sends and receives      none    missing here: something
                                         since sock_send_length: no such hook
        ");
    }
}
