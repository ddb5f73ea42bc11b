//! One comparison of three arms with all programs, then checks of its files.
//!
//! It uses the binaries that were built with the tests: optimised ones are the same code, and take
//! longer to build than all tests to run.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use recording::comparison::{Arm, Comparison};

use xtask::{process, project};

/// The arms that are compared by default.
const ARMS: &str = "go,bun,bun-1.4";
/// Rounds of the scenario `quick`.
const ROUNDS: u32 = 4;

#[test]
#[ignore = "needs the runtimes of three targets: cargo xtask test sets them up and runs this"]
fn compares_three_arms() {
    let out = project::cache("e2e");
    if out.exists() {
        fs::remove_dir_all(&out).expect("the results of the last run can be removed");
    }
    let mut kontrast = process::kontrast_run(&project::tested_binary("kontrast"));
    kontrast
        .args(["--scenario", "quick", "--arms", ARMS, "--out"])
        .arg(&out);
    process::run(&mut kontrast).unwrap();
    judge(&out).unwrap();
}

fn judge(out: &Path) -> Result<()> {
    let comparison = recording::io::load_comparison(out).context("the comparison")?;
    let names: Vec<&str> = comparison.arms.iter().map(|arm| arm.arm.as_str()).collect();
    ensure!(names.join(",") == ARMS, "arms compared: {names:?}");
    ensure!(
        comparison.validity.ok,
        "invalid: {:?}",
        comparison.validity.reasons
    );
    ledgers_add_up(&comparison)?;
    for arm in &comparison.arms {
        recordings_hold(out, arm).with_context(|| format!("arm {}", arm.arm))?;
    }
    let report = out.join("report.html");
    let html = fs::read_to_string(&report).context("the report")?;
    ensure!(
        html.contains("</html>"),
        "{} is not whole",
        report.display()
    );
    Ok(())
}

/// Every gap is the sum of its terms and what is not explained.
fn ledgers_add_up(comparison: &Comparison) -> Result<()> {
    for metric in &comparison.metrics {
        for pair in &metric.pairs {
            let value = |arm: &str| metric.arms.get(arm).map_or(f64::NAN, |it| it.value);
            let gap = value(&pair.b) - value(&pair.a);
            let terms: f64 = pair.terms.iter().map(|term| term.delta).sum();
            let rest = gap - terms - pair.unexplained;
            let size = value(&pair.a).abs().max(value(&pair.b).abs());
            ensure!(
                rest.abs() <= size * 1e-9,
                "{} of {} and {} leaves {rest}",
                metric.name,
                pair.a,
                pair.b
            );
        }
    }
    Ok(())
}

fn recordings_hold(out: &Path, arm: &Arm) -> Result<()> {
    ensure!(arm.rounds == ROUNDS, "{} rounds", arm.rounds);
    for path in &arm.recordings {
        let file = out.join(path);
        let folder = if file.is_dir() {
            &file
        } else {
            file.parent().unwrap_or(out)
        };
        let recording = recording::io::load_recording(folder)?;
        ensure!(recording.tokens() > 0, "{path}: no tokens");
        let broken: Vec<_> = recording.checks.iter().filter(|check| !check.ok).collect();
        if !broken.is_empty() || recording.checks.is_empty() {
            bail!("{path}: checks {broken:?}");
        }
    }
    Ok(())
}

mod checks {
    use super::*;
    use recording::comparison::{Estimate, Metric, Pair, Term};
    use recording::vocabulary::MetricId;

    fn metric(delta: f64, unexplained: f64) -> Comparison {
        let estimate = |value| Estimate {
            value,
            ci95: [value, value],
        };
        let term = Term {
            delta,
            ..Term::default()
        };
        let pair = Pair {
            a: "go".into(),
            b: "bun".into(),
            terms: vec![term],
            unexplained,
            ..Pair::default()
        };
        let metric = Metric {
            arms: [
                ("go".to_owned(), estimate(100.0)),
                ("bun".to_owned(), estimate(150.0)),
            ]
            .into(),
            pairs: vec![pair],
            ..Metric::new(MetricId::CpuNsPerToken)
        };
        Comparison {
            metrics: vec![metric],
            ..Comparison::default()
        }
    }

    #[test]
    fn rejects_a_ledger_that_does_not_add_up() {
        assert!(ledgers_add_up(&metric(30.0, 20.0)).is_ok());
        assert!(ledgers_add_up(&metric(30.0, 21.0)).is_err());
        assert!(ledgers_add_up(&metric(f64::NAN, 0.0)).is_err());
    }

    #[test]
    fn rejects_an_empty_directory() {
        let folder = tempfile::tempdir().unwrap();
        assert!(judge(folder.path()).is_err());
    }
}
