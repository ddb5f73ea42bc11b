//! PostgreSQL's programs, from which private servers are started.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::{apt, begin};
use crate::{process, project};

/// Where Debian keeps them, a folder a version.
const DEBIAN: &str = "/usr/lib/postgresql";
/// Debian's packages start a server for everybody when they are installed, unless they are told not to.
const SETTINGS: &str = "/etc/postgresql-common/createcluster.conf";
const NO_SERVER: &str = "create_main_cluster = false # while it is installed";

/// Finds or installs them.
///
/// # Errors
/// They cannot be installed.
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

/// On PATH, or else where Debian has it.
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
    fn only_a_version_with_a_server_counts() {
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
