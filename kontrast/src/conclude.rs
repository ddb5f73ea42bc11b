//! Conclusion of a run: the comparison of its finished rounds.

use crate::{fail_if::Gate, outcome::Outcome, publish};
use anyhow::Context;
use recording::{Comparison, Recording, comparison::AutoRounds, io::save_comparison};
use runner::plan::Purpose;
use runner::{Interrupted, Measured, Round, output};
use std::path::Path;

/// Compares, saves and shows the results of a run, and gives its folder to the user behind sudo.
/// `auto_rounds` says how a run ended that chose its number of rounds.
///
/// # Errors
/// Fails as `compare`, or if the folder cannot be read.
pub fn conclude(
    measured: Measured,
    auto_rounds: Option<AutoRounds>,
    gate: &Gate,
) -> anyhow::Result<Outcome> {
    let out = measured.out.clone();
    let outcome = compare(&out, measured, auto_rounds, gate);
    output::give_back(&out).context("cannot read back the results")?;
    outcome
}

/// Compares, saves and shows the results of a run.
///
/// # Errors
/// Fails if no round was finished or the run ended early by a failure, or if a file cannot be
/// written.
fn compare(
    out: &Path,
    measured: Measured,
    auto_rounds: Option<AutoRounds>,
    gate: &Gate,
) -> anyhow::Result<Outcome> {
    let Measured {
        mut rounds,
        planned,
        trouble,
        failed,
        ..
    } = measured;
    let measured = || {
        rounds
            .iter()
            .filter(|round| round.step.purpose == Purpose::Measured)
    };
    let done = measured().count();
    if let (0, Some(trouble)) = (done, trouble.as_ref()) {
        eprintln!("No round was finished; its files are in {}.", out.display());
        return Err(anyhow::anyhow!("{trouble:#}"));
    }
    eprintln!("Comparing, and writing the report …");
    let threshold_crossed = measured().any(|round| round.threshold_crossed);
    rounds.sort_by_key(|Round { step, .. }| (step.purpose, step.arm, step.round, step.mode));
    let recordings: Vec<(String, Recording)> = rounds
        .into_iter()
        .map(|round| (round.path, round.recording))
        .collect();
    let mut comparison = analysis::compare(&recordings);
    comparison.auto_rounds = auto_rounds;
    if let Some(trouble) = &trouble {
        mark_partial(&mut comparison, done, planned, trouble);
    }
    save_comparison(out, &comparison)?;
    output::link_latest(out)?;
    let report = publish::page(out, &comparison, &recordings)?;
    publish::charts(out, &comparison, &recordings)?;
    publish::verdict(&comparison, &recordings)?;
    println!("\nReport: {}", report.display());
    match trouble {
        Some(trouble) if !trouble.is::<Interrupted>() => Err(trouble),
        interrupted => {
            if interrupted.is_some() {
                eprintln!("Interrupted: {done} of {planned} rounds were finished and compared.");
            }
            without_extra(failed)?;
            gate.judge(&comparison, outcome(&comparison, threshold_crossed))
        }
    }
}

/// Fails if a traced or an instrumented round is missing, so that the exit code shows it. The
/// comparison is complete.
fn without_extra(missing: Vec<(String, anyhow::Error)>) -> anyhow::Result<()> {
    let lines = missing
        .iter()
        .map(|(round, trouble)| format!("{round}, failed: {trouble:#}"));
    match lines.collect::<Vec<_>>() {
        lines if lines.is_empty() => Ok(()),
        lines => Err(anyhow::anyhow!(
            "{}\nThe comparison has all rounds that were to be measured, and is not affected.",
            lines.join("\n")
        )),
    }
}

/// Marks a comparison that lacks rounds as invalid.
fn mark_partial(comparison: &mut Comparison, done: usize, planned: usize, trouble: &anyhow::Error) {
    let text = format!("{trouble:#}");
    // Further lines are the end of a log, which belongs on the terminal.
    let why = text.lines().next().unwrap_or_default();
    comparison.validity.ok = false;
    comparison.validity.reasons.insert(
        0,
        format!("partial: {done} of {planned} rounds were finished ({why})"),
    );
}

fn outcome(comparison: &Comparison, threshold_crossed: bool) -> Outcome {
    match (comparison.validity.ok, threshold_crossed) {
        (false, _) => Outcome::Invalid,
        (true, true) => Outcome::ThresholdCrossed,
        (true, false) => Outcome::Done,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use recording::comparison::Validity;

    fn valid() -> Comparison {
        Comparison {
            validity: Validity {
                ok: true,
                reasons: vec!["old".into()],
            },
            ..Comparison::default()
        }
    }

    #[test]
    fn marks_a_partial_run_as_invalid() {
        let mut comparison = valid();
        let trouble = anyhow::anyhow!("go died; the end of its log:\n  panic");
        mark_partial(&mut comparison, 3, 8, &trouble);
        assert_eq!(
            comparison.validity.reasons,
            [
                "partial: 3 of 8 rounds were finished (go died; the end of its log:)",
                "old"
            ]
        );
        assert_eq!(outcome(&comparison, true), Outcome::Invalid);
    }

    #[test]
    fn reports_thresholds_of_valid_runs_only() {
        assert_eq!(outcome(&valid(), true), Outcome::ThresholdCrossed);
        assert_eq!(outcome(&valid(), false), Outcome::Done);
    }

    #[test]
    fn fails_without_a_finished_round() {
        let dir = tempfile::tempdir().unwrap();
        let trouble = Some(anyhow::anyhow!("the stub failed"));
        let measured = Measured {
            out: dir.path().into(),
            rounds: vec![],
            planned: 4,
            trouble,
            failed: vec![],
        };
        let error = conclude(measured, None, &Gate::default()).unwrap_err();
        assert_eq!(error.to_string(), "the stub failed");
        assert!(!dir.path().join("comparison.json").exists());
    }
}
