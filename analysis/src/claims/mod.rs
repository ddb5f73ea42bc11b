//! Statements about arms: `claims.toml` lists them with bounds, and the comparison decides whether
//! they hold.

mod judge;

use recording::vocabulary::MetricId;
use serde::{Deserialize, de::IgnoredAny};

pub use judge::judge;

/// One statement, as `claims.toml` has it; the file's head explains the fields.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// Author of the statement.
    pub source: String,
    /// The statement.
    pub text: String,
    /// The arms it speaks of.
    pub arms: Vec<String>,
    /// The metric that decides it.
    pub metric: MetricId,
    /// The metric that it is divided by, if any.
    pub over: Option<MetricId>,
    /// Lower bound, in `unit`.
    pub min: Option<f64>,
    /// Upper bound, in `unit`.
    pub max: Option<f64>,
    /// Unit of the bounds.
    pub unit: Unit,
    /// Loads it speaks of; any, if empty.
    #[serde(default)]
    pub scenarios: Vec<String>,
}

/// Units of bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Unit {
    /// Of one CPU for CPU time per second, of the whole for a ratio of two metrics.
    #[serde(rename = "%")]
    Percent,
    /// 2²⁰ bytes.
    #[serde(rename = "MiB")]
    Mebibytes,
    /// Milliseconds.
    #[serde(rename = "ms")]
    Milliseconds,
    /// Seconds.
    #[serde(rename = "s")]
    Seconds,
}

/// Faults of a file of claims.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file does not have the form of a list of claims.
    #[error("not a list of claims: {0}")]
    Malformed(#[from] toml::de::Error),
    /// A claim cannot be tested.
    #[error("the claim {text:?} cannot be tested: {reason}")]
    Untestable {
        /// The claim.
        text: String,
        /// Why.
        reason: String,
    },
}

/// Reads a file of claims.
///
/// # Errors
/// Names the claim that no measurement could decide.
pub fn parse(text: &str) -> Result<Vec<Statement>, Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        claim: Vec<Statement>,
        // Those about kinds of task are not about recordings: xtask reads them.
        #[serde(default, rename = "task-claim")]
        _task_claim: IgnoredAny,
    }
    let File { claim, .. } = toml::from_str(text)?;
    for statement in &claim {
        check(statement).map_err(|reason| Error::Untestable {
            text: statement.text.clone(),
            reason,
        })?;
    }
    Ok(claim)
}

fn check(statement: &Statement) -> Result<(), String> {
    if statement.arms.is_empty() {
        return Err("it names no arm".into());
    }
    if statement.min.is_none() && statement.max.is_none() {
        return Err("it has neither min nor max".into());
    }
    Ok(())
}

/// Returns the claims of this repository.
pub fn builtin() -> Vec<Statement> {
    parse(include_str!("../../../claims.toml")).expect("a test reads this very file")
}

#[cfg(test)]
mod tests;
