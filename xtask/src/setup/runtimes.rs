//! The runtimes of the servers under test, each through its own package client.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use toml::Table;

use super::{Step, begin};
use crate::{process, project};

/// Returns a step that finds or fetches the runtime of this target.
pub fn step(target: &str) -> Step {
    let name = target.to_owned();
    Step::new(target, move || look(&name))
}

fn look(target: &str) -> Result<String> {
    let folder = project::root().join("targets").join(target);
    let description = folder.join("target.toml");
    let text = fs::read_to_string(&description)
        .with_context(|| format!("cannot read {}", description.display()))?;
    let table: Table = text
        .parse()
        .with_context(|| format!("{} is not TOML", description.display()))?;
    if folder.join("go.mod").is_file() {
        return go(&table);
    }
    if folder.join("package-lock.json").is_file() {
        return npm(
            target,
            &folder,
            word(&table, "runtime")?,
            word(&table, "version")?,
        );
    }
    Ok("nothing to fetch".to_owned())
}

fn word<'a>(table: &'a Table, key: &str) -> Result<&'a str> {
    table
        .get(key)
        .and_then(|value| value.as_str())
        .with_context(|| format!("target.toml names no {key}"))
}

/// Lets the go command fetch the toolchain that GOTOOLCHAIN names, as a checked module.
fn go(table: &Table) -> Result<String> {
    if process::which("go").is_none() {
        bail!("no go command; install Go 1.21 or later (https://go.dev/doc/install)");
    }
    let version = format!("go{}", word(table, "version")?);
    let mut command = Command::new("go");
    command
        .arg("version")
        .env("GOTOOLCHAIN", &version)
        .stderr(Stdio::inherit());
    let says = process::output(&mut command)
        .with_context(|| format!("`GOTOOLCHAIN={version} go version` failed"))?;
    if !says.contains(&version) {
        bail!("`GOTOOLCHAIN={version} go version` says {says}; Go 1.21 or later understands it");
    }
    Ok(says)
}

/// Installs with npm, which checks each package against the hash in the lock file.
fn npm(target: &str, folder: &Path, runtime: &str, version: &str) -> Result<String> {
    let done = format!("{runtime} {version} from npm, in targets/{target}/node_modules");
    if is_installed(folder) {
        return Ok(done);
    }
    if process::which("npm").is_none() {
        bail!("no npm; install Node.js, or: sudo apt-get install -y npm");
    }
    begin(target, &format!("fetching {runtime} {version} with npm"));
    let arguments = [
        "ci",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--silent",
    ];
    process::run(Command::new("npm").args(arguments).current_dir(folder))?;
    Ok(done)
}

/// Whether npm installed this lock file: it keeps a copy, and a later lock file makes that stale.
fn is_installed(folder: &Path) -> bool {
    let time = |path: PathBuf| fs::metadata(path).and_then(|data| data.modified()).ok();
    let lock = time(folder.join("package-lock.json"));
    let installed = time(folder.join("node_modules/.package-lock.json"));
    installed.is_some() && installed >= lock
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn detects_a_newer_lock_file() {
        let folder = tempfile::tempdir().unwrap();
        let lock = folder.path().join("package-lock.json");
        fs::write(&lock, "{}").unwrap();
        assert!(!is_installed(folder.path()));

        let modules = folder.path().join("node_modules");
        fs::create_dir(&modules).unwrap();
        let hidden = fs::File::create(modules.join(".package-lock.json")).unwrap();
        assert!(is_installed(folder.path()));

        hidden.set_modified(std::time::UNIX_EPOCH).unwrap();
        assert!(!is_installed(folder.path()));
    }

    #[test]
    fn reports_the_target_without_description() {
        let error = look("no-such-target").unwrap_err();
        assert!(format!("{error:#}").contains("no-such-target/target.toml"));
    }
}
