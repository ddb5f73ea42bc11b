//! `suite bench noise`: an arm against itself. The difference is this host's noise, and one of that
//! size between two arms means nothing.

use std::fmt::Write;
use std::fs;
use std::time::SystemTime;

use anyhow::{Context, Result, bail};
use clap::Args;
use recording::comparison::{Metric, Verdict};
use recording::host::Noise;
use recording::{Comparison, Recording};

use crate::{process, project};

/// Name of the second arm.
const TWIN: &str = "twin";

/// Arm and length of the benchmark.
#[derive(Args, Clone)]
pub struct Arguments {
    /// Run this arm against itself.
    #[arg(long, default_value = "go")]
    arm: String,
    /// Run this many rounds of each of the two, in turns.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(2..))]
    rounds: u16,
    /// Record for this many seconds in each round.
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u16).range(2..))]
    seconds: u16,
}

/// Runs, prints a line per metric, and saves the noise.
///
/// # Errors
/// Fails if the run does, or its result cannot be read or saved.
pub fn run(arguments: &Arguments) -> Result<()> {
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let out = folder.path().join("run");
    let mut command = process::kontrast_run(&project::binary("kontrast"));
    command
        .args(["--scenario", "baseline", "--arms"])
        .arg(format!("{},{TWIN}={}", arguments.arm, arguments.arm))
        .args(["--rounds", &arguments.rounds.to_string()])
        .args(["--duration", &format!("{}s", arguments.seconds)])
        .arg("--out")
        .arg(&out);
    let status = command.status().with_context(|| process::shown(&command))?;
    // Exit code 3 is a failed check, which noise may cause.
    if !matches!(status.code(), Some(0 | 3)) {
        bail!("{} failed ({status})", process::shown(&command));
    }
    let comparison = recording::io::load_comparison(&out)?;
    let first = recording::io::load_recording(&out.join(&arguments.arm).join("1"))?;
    let noise = floor(&comparison, &first, arguments);
    println!("\n{}", table(&comparison));
    fs::write(project::noise(), serde_json::to_string_pretty(&noise)?)
        .with_context(|| format!("cannot write {}", project::noise().display()))?;
    println!("Kept: {}", project::short(&project::noise()));
    Ok(())
}

/// Returns the floor of each metric: the largest distance of the ratio from 1, the interval
/// included.
fn floor(comparison: &Comparison, round: &Recording, arguments: &Arguments) -> Noise {
    let metrics = comparison.metrics.iter().filter_map(|metric| {
        let [low, high] = metric.pairs.first()?.ci95;
        let floor = (high - 1.0).max(1.0 - low);
        floor
            .is_finite()
            .then(|| (metric.name.name().to_owned(), floor))
    });
    Noise {
        measured: humantime::format_rfc3339_seconds(SystemTime::now()).to_string(),
        arm: arguments.arm.clone(),
        rounds: arguments.rounds.into(),
        seconds: arguments.seconds.into(),
        kernel: round.host.kernel.clone(),
        cpu_model: round.host.cpu_model.clone(),
        cpus: round.host.cpus,
        metrics: metrics.collect(),
    }
}

/// Formats a line per metric, with differences marked.
fn table(comparison: &Comparison) -> String {
    let mut text = format!(
        "{:<32} {:>8}  {:<18} verdict\n",
        "the same arm twice", "ratio", "95 % interval"
    );
    for metric in &comparison.metrics {
        text += &line(metric);
    }
    text
}

fn line(metric: &Metric) -> String {
    let Some(pair) = metric.pairs.first() else {
        return String::new();
    };
    let verdict = match pair.verdict {
        Verdict::Higher | Verdict::Lower => "false difference",
        Verdict::Equivalent => "equivalent",
        Verdict::Inconclusive => "no verdict (too noisy)",
    };
    let mut line = format!("{:<32} {:>7.3}×  ", metric.name, pair.ratio);
    // Writing to a string cannot fail.
    let _ = writeln!(
        line,
        "{:<18} {verdict}",
        format!("{:.3} to {:.3}", pair.ci95[0], pair.ci95[1])
    );
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use recording::comparison::Pair;
    use recording::vocabulary::MetricId;

    fn comparison(ci95: [f64; 2], verdict: Verdict) -> Comparison {
        let pair = Pair {
            ratio: (ci95[0] + ci95[1]) / 2.0,
            ci95,
            verdict,
            ..Pair::default()
        };
        Comparison {
            metrics: vec![Metric {
                pairs: vec![pair],
                ..Metric::new(MetricId::CpuNsPerToken)
            }],
            ..Comparison::default()
        }
    }

    #[test]
    fn uses_the_farther_end_of_the_interval() {
        let arguments = Arguments {
            arm: "go".into(),
            rounds: 4,
            seconds: 15,
        };
        let found = comparison([0.93, 1.04], Verdict::Inconclusive);
        let noise = floor(&found, &Recording::default(), &arguments);
        assert!((noise.metrics["cpu_ns_per_token"] - 0.07).abs() < 1e-9);
    }

    #[test]
    fn marks_differences_of_an_arm_from_itself() {
        let text = table(&comparison([1.01, 1.05], Verdict::Higher));
        assert!(text.contains("false difference"), "{text}");
        let text = table(&comparison([0.99, 1.01], Verdict::Equivalent));
        assert!(
            text.contains("1.000×  0.990 to 1.010     equivalent"),
            "{text}"
        );
    }
}
