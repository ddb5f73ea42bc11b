//! Finds or installs PostgreSQL, from which private servers are started.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::{apt, begin};
use crate::{process, project};

/// Debian's folder of versions.
const DEBIAN: &str = "/usr/lib/postgresql";
/// Settings by which Debian's packages start a server when they are installed.
const SETTINGS: &str = "/etc/postgresql-common/createcluster.conf";
const NO_SERVER: &str = "create_main_cluster = false # while it is installed";

/// Finds or installs the programs.
///
/// # Errors
/// Fails if they cannot be installed.
pub fn ensure() -> Result<String> {
    if find().is_none() {
        begin("postgres", "installing postgresql with apt-get");
        apt::install(&["postgresql-common"])?;
        in_settings(&format!("echo '{NO_SERVER}' >> {SETTINGS}"))?;
        let installed = apt::install(&["postgresql"]);
        in_settings(&format!("sed -i '/^{NO_SERVER}$/d' {SETTINGS}"))?;
        installed?;
    }
    let path = find().context("installed, but still not found")?;
    Ok(project::short(&path))
}

fn in_settings(change: &str) -> Result<()> {
    process::run(&mut process::as_root("sh", &["-c", change]))
}

/// Finds initdb on PATH or in Debian's folder.
fn find() -> Option<PathBuf> {
    process::which("initdb").or_else(|| below(Path::new(DEBIAN)))
}

fn below(versions: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(versions).into_iter().flatten().flatten();
    let programs = entries.map(|entry| entry.path().join("bin/initdb"));
    programs.filter(|path| path.is_file()).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_only_versions_with_a_server() {
        let versions = tempfile::tempdir().unwrap();
        for version in ["14", "15"] {
            fs::create_dir_all(versions.path().join(version).join("bin")).unwrap();
        }
        assert_eq!(below(versions.path()), None, "clients alone will not do");
        let initdb = versions.path().join("14/bin/initdb");
        fs::write(&initdb, "").unwrap();
        assert_eq!(below(versions.path()), Some(initdb));
    }
}
