//! Tests of statements about tasks: those under `[[task-claim]]` in `claims.toml`.

use std::fs;

use anyhow::{Context, Result, ensure};
use recording::comparison::{Claim, ClaimVerdict};
use recording::format;
use recording::vocabulary::Unit;
use serde::Deserialize;

use super::rows::{self, Row};
use crate::project;

/// One statement; the file explains the fields.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    source: String,
    text: String,
    kind: String,
    job: String,
    metric: String,
    #[serde(default)]
    min: f64,
    #[serde(default = "no_bound")]
    max: f64,
}

fn no_bound() -> f64 {
    f64::INFINITY
}

/// Returns the statements of this repository.
///
/// # Errors
/// Fails if the file cannot be read, or a statement cannot be tested.
pub fn ours() -> Result<Vec<Statement>> {
    let path = project::root().join("claims.toml");
    let text = fs::read_to_string(&path).with_context(|| project::short(&path))?;
    parse(&text).with_context(|| project::short(&path))
}

fn parse(text: &str) -> Result<Vec<Statement>> {
    #[derive(Deserialize)]
    #[serde(rename_all = "kebab-case")]
    struct File {
        #[serde(default)]
        task_claim: Vec<Statement>,
    }
    let File { task_claim } = toml::from_str(text)?;
    for statement in &task_claim {
        let has_bound = statement.min > 0.0 || statement.max.is_finite();
        ensure!(has_bound, "{:?} has neither min nor max", statement.text);
    }
    Ok(task_claim)
}

/// Tests each statement against the rows, except statements about kinds that were not run.
pub fn judge(statements: &[Statement], rows: &[Row]) -> Vec<Claim> {
    let concerns = |statement: &&Statement| rows.iter().any(|row| row.kind == statement.kind);
    statements
        .iter()
        .filter(concerns)
        .map(|statement| claim(statement, rows))
        .collect()
}

fn claim(statement: &Statement, rows: &[Row]) -> Claim {
    let row = rows::find(rows, &statement.kind, &statement.job, &statement.metric);
    let (verdict, measured) = match row {
        Some(row) => (decide(statement, row), described(row)),
        None => (
            ClaimVerdict::NotTested,
            format!("{} was not measured", statement.job),
        ),
    };
    Claim {
        source: statement.source.clone(),
        text: statement.text.clone(),
        verdict,
        measured: format!("{}: {measured}", statement.kind),
        evidence: rows
            .iter()
            .position(|other| Some(other) == row)
            .and_then(|at| format!("tasks#/rows/{at}").parse().ok())
            .into_iter()
            .collect(),
    }
}

/// Decides as for all claims: by the whole interval within or outside of the bounds.
fn decide(statement: &Statement, row: &Row) -> ClaimVerdict {
    let [low, high] = row.value.ci95;
    if row.rounds < 2 {
        ClaimVerdict::Inconclusive
    } else if low >= statement.min && high <= statement.max {
        ClaimVerdict::Confirmed
    } else if high < statement.min || low > statement.max {
        ClaimVerdict::Refuted
    } else {
        ClaimVerdict::Inconclusive
    }
}

fn described(row: &Row) -> String {
    let unit = if row.metric.ends_with("bytes") {
        Unit::Bytes
    } else {
        Unit::Ns
    };
    let [low, high] = row.value.ci95.map(|bound| format::quantity(bound, unit));
    let interval = match row.rounds {
        1 => "one round, no interval".to_owned(),
        _ => format!("95 % interval {low} to {high}"),
    };
    format!(
        "{} {} ({interval})",
        format::quantity(row.value.value, unit),
        row.unit
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use recording::comparison::Estimate;

    const CLAIM: &str = "[[task-claim]]\nsource = 's'\ntext = 't'\nkind = 'goroutines'\n\
                         job = 'idle-10000'\nmetric = 'rss_bytes'\nmin = 1536\nmax = 2560\n";

    fn verdict(ci95: [f64; 2], rounds: usize) -> ClaimVerdict {
        let row = Row {
            kind: "goroutines".into(),
            job: "idle-10000".into(),
            metric: "rss_bytes".into(),
            unit: "a task".into(),
            rounds,
            value: Estimate {
                value: 2000.0,
                ci95,
            },
            ratio: None,
        };
        judge(&parse(CLAIM).unwrap(), &[row])[0].verdict
    }

    #[test]
    fn decides_by_bounds_and_interval() {
        assert_eq!(verdict([1900.0, 2100.0], 3), ClaimVerdict::Confirmed);
        assert_eq!(verdict([2600.0, 2700.0], 3), ClaimVerdict::Refuted);
        assert_eq!(verdict([2500.0, 2700.0], 3), ClaimVerdict::Inconclusive);
        assert_eq!(verdict([2000.0, 2000.0], 1), ClaimVerdict::Inconclusive);
    }

    #[test]
    fn omits_kinds_that_were_not_run() {
        assert!(judge(&parse(CLAIM).unwrap(), &[]).is_empty());
    }

    #[test]
    fn rejects_statements_without_bounds() {
        let without = CLAIM.replace("min = 1536\nmax = 2560\n", "");
        assert!(format!("{:#}", parse(&without).unwrap_err()).contains("neither min nor max"));
        assert!(parse(&format!("{CLAIM}speed = 1")).is_err());
    }

    #[test]
    fn names_existing_kinds_in_the_claims_of_this_repository() {
        let statements = ours().unwrap();
        assert!(statements.len() >= 2);
        for statement in statements {
            super::super::kinds::chosen(&[statement.kind]).unwrap();
        }
    }
}
