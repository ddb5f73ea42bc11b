//! The programs of a run.

use anyhow::Context;
use std::{
    env,
    path::{Path, PathBuf},
};

/// The folder of a package for programs that users do not start, from that of `kontrast`. Their
/// names are too plain for PATH.
const PACKAGED: &str = "../libexec/kontrast";

/// Paths of the programs.
#[derive(Clone, Debug)]
pub struct Tools {
    /// The stand-in for the model.
    pub stub: PathBuf,
    /// The load generator.
    pub loadgen: PathBuf,
    /// The recorder; `None` for this program, which may need sudo.
    pub recorder: Option<PathBuf>,
    /// Whether this process has the privileges that recording needs.
    pub privileged: bool,
}

impl Tools {
    /// Finds the programs beside this one, where packages keep them, or on PATH.
    ///
    /// # Errors
    /// Fails if one is in none of these places.
    pub fn find(recorder: Option<PathBuf>, privileged: bool) -> anyhow::Result<Self> {
        let own = env::current_exe().context("cannot find the file of this program")?;
        let beside = own.parent().unwrap_or(Path::new("/"));
        let path = env::var_os("PATH").unwrap_or_default();
        let places: Vec<PathBuf> = [beside.into(), beside.join(PACKAGED)]
            .into_iter()
            .chain(env::split_paths(&path))
            .collect();
        Ok(Tools {
            stub: find("stub", &places)?,
            loadgen: find("loadgen", &places)?,
            recorder,
            privileged,
        })
    }
}

/// Returns the first path in `places` with this name.
fn find(name: &str, places: &[PathBuf]) -> anyhow::Result<PathBuf> {
    let found = places
        .iter()
        .map(|place| place.join(name))
        .find(|path| path.is_file());
    found.with_context(|| {
        let beside = places.first().map(|place| place.display().to_string()).unwrap_or_default();
        format!("there is no program `{name}` in {beside} or on PATH; build it with `cargo build --release -p {name}`")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_program_in_the_first_place() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let places = [one.path().to_path_buf(), two.path().to_path_buf()];
        let error = find("stub", &places).unwrap_err().to_string();
        assert!(
            error.starts_with("there is no program `stub` in "),
            "{error}"
        );
        std::fs::write(two.path().join("stub"), "").unwrap();
        assert_eq!(find("stub", &places).unwrap(), two.path().join("stub"));
        // A folder of that name is no program.
        std::fs::create_dir(one.path().join("stub")).unwrap();
        assert_eq!(find("stub", &places).unwrap(), two.path().join("stub"));
    }
}
