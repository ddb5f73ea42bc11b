//! The output directory of a recording.

use anyhow::{Context, Error, Result, bail};
use nix::unistd::{Gid, Uid, chown};
use recording::{Recording, io};
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// Creates the directory for a recording; by default `kontrast-NAME`.
///
/// # Errors
/// The directory exists and is not empty, or cannot be created.
pub fn prepare(out: Option<PathBuf>, name: &str) -> Result<PathBuf> {
    let out = match out {
        Some(out) => out,
        None => free_name(name),
    };
    if fs::read_dir(&out).is_ok_and(|mut entries| entries.next().is_some()) {
        bail!(
            "{} is not empty: choose another --out, or remove it",
            out.display()
        );
    }
    fs::create_dir_all(&out).with_context(|| format!("cannot create {}", out.display()))?;
    give_back(&out);
    Ok(out)
}

/// Returns the first of `kontrast-NAME`, `kontrast-NAME-2`, … that does not exist.
fn free_name(name: &str) -> PathBuf {
    let safe: String = name
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '.' {
                c
            } else {
                '-'
            }
        })
        .collect();
    let numbered = (2..).map(|number| format!("kontrast-{safe}-{number}"));
    let names = std::iter::once(format!("kontrast-{safe}")).chain(numbered);
    names
        .map(PathBuf::from)
        .find(|path| !path.exists())
        .unwrap_or_default()
}

/// Saves a recording. If its directory cannot be written, saves it in the temporary directory
/// instead.
///
/// # Errors
/// The directory cannot be written. The message names the place where the recording was saved.
pub fn save(out: &Path, recording: &Recording) -> Result<()> {
    let Err(error) = io::save_recording(out, recording) else {
        give_back(&out.join(io::RECORDING_FILE));
        return Ok(());
    };
    let refuge = env::temp_dir().join(format!("kontrast-recording-{}", std::process::id()));
    // Created anew and for its owner alone: an existing directory may be another user's trap.
    let saved = DirBuilder::new()
        .mode(0o700)
        .create(&refuge)
        .is_ok_and(|()| io::save_recording(&refuge, recording).is_ok());
    if !saved {
        return Err(error.into());
    }
    give_back(&refuge);
    give_back(&refuge.join(io::RECORDING_FILE));
    Err(Error::new(error).context(format!(
        "the recording was saved in {} instead",
        refuge.display()
    )))
}

/// Changes a file's owner to the user who called sudo, so that later steps need no privilege.
pub fn give_back(path: &Path) {
    let id = |name: &str| env::var(name).ok()?.parse().ok();
    if let (Some(uid), Some(gid)) = (id("SUDO_UID"), id("SUDO_GID"))
        && let Err(error) = chown(path, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)))
    {
        log::warn!("cannot change the owner of {}: {error}", path.display());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejects_directories_that_are_not_empty() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let out = dir.path().join("new/deep");
        assert_eq!(prepare(Some(out.clone()), "x").expect("made"), out);
        assert!(
            prepare(Some(out.clone()), "x").is_ok(),
            "an empty one may be used"
        );
        fs::write(out.join("file"), "").expect("written");
        let error = prepare(Some(out), "x").expect_err("refused");
        assert!(error.to_string().contains("is not empty"));
    }

    #[test]
    fn makes_names_of_safe_characters() {
        assert_eq!(
            free_name("a/../b\u{1b}[2J"),
            PathBuf::from("kontrast-a-..-b--2J")
        );
    }
}
