//! `cargo xtask run --workload tasks`: sets up the runtimes of the kinds of task, then `suite
//! tasks`.

use std::convert::Infallible;
use std::ffi::OsString;
use std::fs;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::setup::{self, Need};
use crate::{build, process, project};

/// The part of a kind of task that set-up reads.
#[derive(Deserialize)]
struct Kind {
    name: String,
    /// The target whose runtime it uses.
    needs: Option<String>,
}

#[derive(Deserialize)]
struct Kinds {
    kind: Vec<Kind>,
}

/// Sets up and builds, then becomes `suite tasks`.
pub fn run(arms: Option<&str>, passed: Vec<OsString>) -> Result<Infallible> {
    setup::ensure(&[Need::Targets(runtimes(&kinds()?, arms))])?;
    build::binary("suite")?;
    let mut suite = process::in_root(project::binary("suite"));
    suite.arg("tasks");
    if let Some(arms) = arms {
        suite.args(["--arms", arms]);
    }
    suite.args(passed);
    process::become_program(suite)
}

/// Returns the names of the kinds of task.
pub fn names() -> Result<Vec<String>> {
    Ok(kinds()?.into_iter().map(|kind| kind.name).collect())
}

fn kinds() -> Result<Vec<Kind>> {
    let path = project::root().join("targets/tasks/tasks.toml");
    let text = fs::read_to_string(&path).with_context(|| project::short(&path))?;
    let Kinds { kind } = toml::from_str(&text).with_context(|| project::short(&path))?;
    Ok(kind)
}

/// Returns the targets whose runtimes these kinds use, each once.
fn runtimes(kinds: &[Kind], arms: Option<&str>) -> Vec<String> {
    let chosen = |kind: &&Kind| {
        let mut names = arms.iter().flat_map(|arms| arms.split(','));
        arms.is_none() || names.any(|name| name == kind.name)
    };
    let mut runtimes: Vec<String> = kinds
        .iter()
        .filter(chosen)
        .filter_map(|kind| kind.needs.clone())
        .collect();
    runtimes.sort();
    runtimes.dedup();
    runtimes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_runtimes_of_the_chosen_kinds() {
        let kinds = kinds().unwrap();
        assert_eq!(runtimes(&kinds, Some("goroutines,tokio-tasks")), ["go"]);
        for target in runtimes(&kinds, None) {
            let folder = project::root().join("targets").join(&target);
            assert!(folder.join("target.toml").is_file(), "{target}");
        }
    }
}
