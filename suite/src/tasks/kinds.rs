//! Kinds of task, from `targets/tasks/tasks.toml`.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::{process, project};

/// Build and command of one kind of task; the head of the file explains the fields.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kind {
    /// Name in `--arms`.
    pub name: String,
    folder: String,
    build: Option<String>,
    run: String,
    /// The target whose runtime it uses, which set-up reads.
    #[serde(rename = "needs")]
    _needs: Option<String>,
    #[serde(default)]
    env: BTreeMap<String, String>,
    /// Description of one task.
    pub is: String,
}

/// Returns the kinds of these names, in the file's order; all of them without names.
///
/// # Errors
/// Fails for an unknown name, or if the file cannot be read.
pub fn chosen(names: &[String]) -> Result<Vec<Kind>> {
    let path = folder().join("tasks.toml");
    let text = fs::read_to_string(&path).with_context(|| project::short(&path))?;
    pick(parse(&text).with_context(|| project::short(&path))?, names)
}

fn folder() -> PathBuf {
    project::root().join("targets/tasks")
}

fn parse(text: &str) -> Result<Vec<Kind>> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        kind: Vec<Kind>,
    }
    let File { kind } = toml::from_str(text)?;
    Ok(kind)
}

fn pick(kinds: Vec<Kind>, names: &[String]) -> Result<Vec<Kind>> {
    let known = |name: &&String| kinds.iter().any(|kind| kind.name == **name);
    if let Some(unknown) = names.iter().find(|name| !known(name)) {
        let all: Vec<&str> = kinds.iter().map(|kind| kind.name.as_str()).collect();
        bail!(
            "no kind of task is called {unknown:?}; there are {}",
            all.join(", ")
        );
    }
    let wanted = |kind: &Kind| names.is_empty() || names.contains(&kind.name);
    Ok(kinds.into_iter().filter(wanted).collect())
}

impl Kind {
    /// Builds its program.
    ///
    /// # Errors
    /// Fails if the command does; its output is on standard error.
    pub fn build(&self) -> Result<()> {
        let Some(build) = &self.build else {
            return Ok(());
        };
        process::run(&mut self.shell(build)).with_context(|| format!("building {}", self.name))
    }

    /// Returns the command that runs it.
    pub fn command(&self) -> Command {
        self.shell(&self.run)
    }

    fn shell(&self, command: &str) -> Command {
        let mut shell = Command::new("sh");
        shell
            .args(["-c", command])
            .current_dir(folder().join(&self.folder))
            .envs(&self.env);
        process::forget(&mut shell, process::SET_BY_CARGO);
        shell
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_kinds_of_this_repository() {
        let kinds = chosen(&[]).unwrap();
        assert!(kinds.len() >= 6);
        for kind in &kinds {
            assert!(folder().join(&kind.folder).is_dir(), "{}", kind.name);
        }
    }

    #[test]
    fn selects_kinds_by_name_and_rejects_unknown_ones() {
        let kinds = || chosen(&[]).unwrap();
        let two = ["node-workers".to_owned(), "goroutines".to_owned()];
        let names: Vec<String> = pick(kinds(), &two)
            .unwrap()
            .into_iter()
            .map(|kind| kind.name)
            .collect();
        assert_eq!(names, ["goroutines", "node-workers"]);
        let error = pick(kinds(), &["fibres".into()]).unwrap_err().to_string();
        assert!(
            error.contains("\"fibres\"") && error.contains("goroutines"),
            "{error}"
        );
    }

    #[test]
    fn rejects_unknown_keys() {
        assert!(parse("[[kind]]\nname = 'a'").is_err());
        let more = "[[kind]]\nname = 'a'\nfolder = 'b'\nrun = 'c'\nis = 'd'\nspeed = 1";
        assert!(parse(more).is_err());
    }
}
