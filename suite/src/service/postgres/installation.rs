//! Finds PostgreSQL's programs.

use anyhow::{Context, bail};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Programs that a private server needs.
const PROGRAMS: [&str; 3] = ["postgres", "initdb", "createdb"];
/// Debian's folder of versions; several may be installed.
const DEBIAN: &str = "/usr/lib/postgresql";

/// An installed PostgreSQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installation {
    /// The folder of its programs.
    pub programs: PathBuf,
    /// Its version, such as `15.18`.
    pub version: String,
}

impl Installation {
    /// Finds the one on PATH, else the latest of Debian's.
    ///
    /// # Errors
    /// Fails if none is installed, with the command to install it, or if it prints no version.
    pub fn find() -> anyhow::Result<Self> {
        let path = env::var_os("PATH").unwrap_or_default();
        let places: Vec<PathBuf> = env::split_paths(&path)
            .chain(versions(Path::new(DEBIAN)))
            .collect();
        Self::find_in(&places)
    }

    fn find_in(places: &[PathBuf]) -> anyhow::Result<Self> {
        let has_all = |place: &&PathBuf| PROGRAMS.iter().all(|name| place.join(name).is_file());
        let Some(programs) = places.iter().find(has_all) else {
            bail!(
                "PostgreSQL's programs ({}) are neither on PATH nor in {DEBIAN}; install them, as with: \
                 sudo apt-get install postgresql",
                PROGRAMS.join(", ")
            );
        };
        let output = Command::new(programs.join("postgres"))
            .arg("--version")
            .output();
        let output =
            output.with_context(|| format!("cannot start {}/postgres", programs.display()))?;
        let says = String::from_utf8_lossy(&output.stdout);
        let version = version(&says).with_context(|| {
            format!(
                "{}/postgres --version prints no version",
                programs.display()
            )
        })?;
        Ok(Self {
            programs: programs.clone(),
            version,
        })
    }
}

/// Returns the folders of programs below `above`, the latest version first.
fn versions(above: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(above).into_iter().flatten().flatten();
    let numbered = entries.filter_map(|entry| {
        let number: u32 = entry.file_name().to_str()?.parse().ok()?;
        Some((number, entry.path().join("bin")))
    });
    let mut found: Vec<(u32, PathBuf)> = numbered.collect();
    found.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
    found.into_iter().map(|(_, path)| path).collect()
}

/// Returns the number in `postgres (PostgreSQL) 15.18 (Debian …)`.
fn version(says: &str) -> Option<String> {
    let number = says.split_whitespace().nth(2)?;
    let plain = number.starts_with(|c: char| c.is_ascii_digit())
        && number
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '.');
    plain.then(|| number.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    /// A program that prints a version as PostgreSQL does.
    const POSTGRES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/postgres.sh");

    #[test]
    fn finds_the_first_folder_with_all_programs() {
        let (some, all) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let places = [some.path().to_owned(), all.path().to_owned()];
        for name in PROGRAMS {
            symlink(POSTGRES, all.path().join(name)).unwrap();
        }
        fs::write(some.path().join("postgres"), "").unwrap();
        let found = Installation::find_in(&places).unwrap();
        assert_eq!(
            (found.programs, found.version.as_str()),
            (all.path().to_owned(), "17beta1")
        );
    }

    #[test]
    fn reports_how_to_install_it() {
        let error = Installation::find_in(&[PathBuf::from("/nowhere")]).unwrap_err();
        assert!(
            error.to_string().ends_with("apt-get install postgresql"),
            "{error}"
        );
    }

    #[test]
    fn sorts_versions_and_ignores_other_folders() {
        let above = tempfile::tempdir().unwrap();
        for name in ["9", "15", "common", "16"] {
            fs::create_dir(above.path().join(name)).unwrap();
        }
        let bin = |name| above.path().join(name).join("bin");
        assert_eq!(versions(above.path()), [bin("16"), bin("15"), bin("9")]);
        assert_eq!(versions(Path::new("/nowhere")), Vec::<PathBuf>::new());
    }

    #[test]
    fn parses_plain_version_numbers() {
        let of = |says: &str| version(says);
        assert_eq!(
            of("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n").as_deref(),
            Some("15.18")
        );
        assert_eq!(of("postgres (PostgreSQL) \u{1b}[2J"), None);
        assert_eq!(of("postgres"), None);
    }
}
