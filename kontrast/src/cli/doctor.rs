//! `kontrast doctor`.

use crate::outcome::Outcome;
use anyhow::Result;
use profiler::record::diagnose::{Diagnosis, Verdict};
use std::fmt::Write;

/// Arguments of `kontrast doctor`.
#[derive(clap::Args)]
pub struct Doctor {
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

impl Doctor {
    /// Executes the verb.
    pub fn execute(self) -> Result<Outcome> {
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
                "✗ {group:<26} {source:<width$}  missing here: {provides}"
            ),
            "unknown" => writeln!(text, "? {group:<26} {source:<width$}  {provides}"),
            _ => writeln!(text, "✓ {group:<26} {source:<width$}  {provides}"),
        };
        if !fallback_reason.is_empty() {
            let _ = writeln!(text, "  {:<26} since {fallback_reason}", "");
        }
    }
    text
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

        ✓ scheduler                  tp_btf  something
        ✗ socket sends and receives  none    missing here: something
                                     since sock_send_length: no such hook
        ");
    }
}
