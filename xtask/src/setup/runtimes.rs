//! The runtimes of the servers under test, each through its own package client.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::{Step, find_or_install};
use crate::{process, project};

/// The keys of a `target.toml` that name a runtime.
#[derive(Deserialize)]
struct Description {
    runtime: Option<String>,
    version: Option<String>,
}

/// Returns a step that finds or fetches the runtime of this target.
pub fn step(target: &str) -> Step {
    let name = target.to_owned();
    Step::new(target, move || look(&name))
}

fn look(target: &str) -> Result<String> {
    let folder = project::root().join("targets").join(target);
    let path = folder.join("target.toml");
    let cannot_read = || format!("cannot read {}", path.display());
    let text = fs::read_to_string(&path).with_context(cannot_read)?;
    let description: Description = toml::from_str(&text).with_context(cannot_read)?;
    let version = || description.version.context("target.toml names no version");
    if folder.join("go.mod").is_file() {
        return go(&version()?);
    }
    if folder.join("package-lock.json").is_file() {
        let runtime = description
            .runtime
            .context("target.toml names no runtime")?;
        let runtime = format!("{runtime} {}", version()?);
        return npm(target, &folder, &runtime);
    }
    Ok("nothing to fetch".to_owned())
}

/// Checks that there is a go command, which fetches the version that it needs.
pub fn require_go() -> Result<()> {
    match process::which("go") {
        Some(_) => Ok(()),
        None => bail!("no go command; install Go 1.21 or later (https://go.dev/doc/install)"),
    }
}

/// Lets the go command fetch the toolchain that GOTOOLCHAIN names, as a checked module.
fn go(version: &str) -> Result<String> {
    require_go()?;
    let version = format!("go{version}");
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

/// Installs the packages of a folder with npm, which checks each against the hash in the lock file.
/// `content` names them.
pub fn npm(name: &str, folder: &Path, content: &str) -> Result<String> {
    let modules = project::short(&folder.join("node_modules"));
    let find = || is_installed(folder).then(|| format!("{content} from npm, in {modules}"));
    find_or_install(name, &format!("fetching {content} with npm"), find, || {
        if process::which("npm").is_none() {
            bail!("no npm; install Node.js, or: sudo apt-get install -y npm");
        }
        let arguments = "ci --ignore-scripts --no-audit --no-fund --silent".split(' ');
        process::run(Command::new("npm").args(arguments).current_dir(folder))
    })
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
