//! Planted causes and their expected findings: `causes.toml` beside the `target.toml` of each
//! planted server.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use recording::vocabulary::{CodeCategory, MetricId};
use serde::{Deserialize, Serialize};

use crate::project;

const FILE: &str = "causes.toml";

/// Quantity of a dose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dose {
    /// CPU time per token.
    CpuNs,
    /// Time that the serving thread waits, per token.
    WaitNs,
    /// Time that the serving thread waits for a CPU, per token.
    RunDelayNs,
    /// Occurrences per token.
    Count,
    /// Bytes at the end.
    Bytes,
    /// Time of garbage collection by the runtime's own account, per token.
    GcNs,
    /// The same on the wall clock: preemption of a collection counts.
    GcPauseNs,
}

impl Dose {
    /// Returns the field of the server's log.
    pub fn field(self) -> &'static str {
        match self {
            Self::CpuNs => "cpu_ns",
            Self::WaitNs => "wait_ns",
            Self::RunDelayNs => "run_delay_ns",
            Self::Count => "count",
            Self::Bytes => "bytes",
            Self::GcNs | Self::GcPauseNs => "gc_ns",
        }
    }
}

/// One planted cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// Folder in `targets/`.
    pub target: String,
    /// Variant of the target.
    pub variant: String,
    /// The metric that it shows in.
    pub metric: MetricId,
    /// The finding that must come first.
    pub finding: String,
    /// The quantity of its dose.
    pub dose: Dose,
    /// The work of the code, for a cause inside user code.
    pub code: Option<Code>,
    /// Findings that the fault causes besides, which do not count against the explanation.
    pub besides: Vec<String>,
    /// Findings about a part of the planted work, whose time the server counts as well: they
    /// belong to the dose.
    pub inside: Vec<String>,
}

/// The code that a fault inside user code runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// The category that must have the largest difference.
    pub kind: CodeCategory,
    /// Parts of names, of which the function with most of the difference must have one.
    pub functions: Vec<String>,
}

impl Cause {
    /// Returns the arm for `--arms`.
    pub fn arm(&self) -> String {
        format!("{}:{}", self.target, self.variant)
    }

    /// Returns the folder of the arm's recordings.
    pub fn folder(&self) -> String {
        format!("{}-{}", self.target, self.variant)
    }

    fn is_called(&self, name: &str) -> bool {
        name == self.variant || name == self.arm()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    metric: MetricId,
    finding: String,
    dose: Dose,
    kind: Option<CodeCategory>,
    #[serde(default)]
    functions: Vec<String>,
    #[serde(default)]
    besides: Vec<String>,
    #[serde(default)]
    inside: Vec<String>,
}

/// Returns the causes of these names in all languages; without names, every cause.
///
/// # Errors
/// Fails for an unknown name, or if a `causes.toml` is malformed.
pub fn chosen(names: &[String]) -> Result<Vec<Cause>> {
    let all = all(&project::root().join("targets"))?;
    if let Some(unknown) = names
        .iter()
        .find(|name| !all.iter().any(|cause| cause.is_called(name)))
    {
        let known: Vec<String> = all.iter().map(Cause::arm).collect();
        bail!(
            "there is no cause {unknown:?}: use one of {}",
            known.join(", ")
        );
    }
    let wanted = |cause: &Cause| names.is_empty() || names.iter().any(|name| cause.is_called(name));
    Ok(all.into_iter().filter(wanted).collect())
}

fn all(targets: &Path) -> Result<Vec<Cause>> {
    let entries =
        fs::read_dir(targets).with_context(|| format!("cannot read {}", targets.display()))?;
    let mut causes = BTreeMap::new();
    for entry in entries {
        let folder = entry?;
        let path = folder.path().join(FILE);
        if let Ok(text) = fs::read_to_string(&path) {
            let target = folder.file_name().to_string_lossy().into_owned();
            let read = parse(&target, &text).with_context(|| project::short(&path))?;
            causes.insert(target, read);
        }
    }
    Ok(causes.into_values().flatten().collect())
}

fn parse(target: &str, text: &str) -> Result<Vec<Cause>> {
    let expected: BTreeMap<String, Expected> = toml::from_str(text)?;
    let cause = |(variant, expected): (String, Expected)| {
        ensure!(
            expected.kind.is_some() || expected.functions.is_empty(),
            "{variant}: functions need a kind of code"
        );
        Ok(Cause {
            target: target.to_owned(),
            variant,
            metric: expected.metric,
            finding: expected.finding,
            dose: expected.dose,
            code: expected.kind.map(|kind| Code {
                kind,
                functions: expected.functions,
            }),
            besides: expected.besides,
            inside: expected.inside,
        })
    };
    expected.into_iter().map(cause).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A name that the analysis does not know would never score, without any error.
    #[test]
    fn names_existing_variants_metrics_and_causes() {
        let causes = chosen(&[]).expect("they can be read");
        assert!(causes.len() > 10);
        for cause in causes {
            let manifest = project::root()
                .join("targets")
                .join(&cause.target)
                .join("target.toml");
            let manifest: toml::Table = fs::read_to_string(manifest)
                .expect("there is one")
                .parse()
                .expect("it is TOML");
            assert!(
                manifest["variants"].get(&cause.variant).is_some(),
                "{cause:?}"
            );
            let is_rule = |id: &String| analysis::causes::rules().any(|rule| rule.about.id == id);
            assert!(is_rule(&cause.finding), "{cause:?}");
            assert!(cause.besides.iter().all(is_rule), "{cause:?}");
            assert!(cause.inside.iter().all(is_rule), "{cause:?}");
        }
    }

    #[test]
    fn selects_a_cause_in_every_language() {
        let busy = chosen(&["busy".into()]).expect("it is known");
        assert!(busy.iter().all(|cause| cause.variant == "busy"));
        let one = chosen(&["planted:busy".into()]).expect("it is known");
        assert_eq!(one[0].folder(), "planted-busy");
        assert!(chosen(&["idle".into()]).is_err());
    }

    #[test]
    fn rejects_malformed_causes() {
        assert!(
            parse(
                "x",
                "[a]\nmetric = \"m\"\nfinding = \"f\"\ndose = \"litres\""
            )
            .is_err()
        );
        assert!(parse("x", "[a]\nmetric = \"m\"").is_err());
        let known = "[a]\nmetric = \"cpu_ns_per_token\"\nfinding = \"f\"\ndose = \"cpu_ns\"";
        assert!(parse("x", known).is_ok());
        for more in [
            "kind = \"weather\"",
            "functions = [\"main.f\"]",
            "function = \"main.f\"",
        ] {
            assert!(parse("x", &format!("{known}\n{more}")).is_err(), "{more}");
        }
    }
}
