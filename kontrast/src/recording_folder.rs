//! The output directory of a recording.

use anyhow::{Context, Error, Result, bail};
use recording::{Recording, io};
use runner::output::{give_back_one as give_back, stamp};
use std::fs::DirBuilder;
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use std::{env, fs};

/// Longest part of the default name that the arm gives, in characters.
const LONGEST_NAME: usize = 64;

/// Creates the directory for a recording; by default a new `kontrast-NAME-YYYYMMDD-HHMMSS`, in UTC.
///
/// # Errors
/// The directory exists and is not empty, or cannot be created.
pub fn prepare(out: Option<PathBuf>, name: &str) -> Result<PathBuf> {
    let Some(out) = out else {
        return create(Path::new(""), name);
    };
    let out = given(out)?;
    give_back(&out);
    Ok(out)
}

/// Creates a new `kontrast-NAME-YYYYMMDD-HHMMSS`, in UTC, within a folder.
///
/// # Errors
/// The directory cannot be created.
pub fn create(within: &Path, name: &str) -> Result<PathBuf> {
    fs::create_dir_all(within)
        .or_else(|error| match within.as_os_str().is_empty() {
            true => Ok(()),
            false => Err(error),
        })
        .with_context(|| format!("cannot create {}", within.display()))?;
    let out = create_new(within, &default_name(name, SystemTime::now()))?;
    give_back(&out);
    Ok(out)
}

/// Creates the directory that the user gave, unless it is there and empty.
fn given(out: PathBuf) -> Result<PathBuf> {
    if fs::read_dir(&out).is_ok_and(|mut entries| entries.next().is_some()) {
        bail!(
            "{} is not empty: choose another --out, or remove it",
            out.display()
        );
    }
    fs::create_dir_all(&out).with_context(|| format!("cannot create {}", out.display()))?;
    Ok(out)
}

/// Creates the first of `NAME`, `NAME-2`, … that does not exist: two recordings may begin in one
/// second.
fn create_new(within: &Path, name: &str) -> Result<PathBuf> {
    let numbered = (2..).map(|number: u32| format!("{name}-{number}"));
    for name in std::iter::once(name.to_owned()).chain(numbered) {
        let out = within.join(name);
        match fs::create_dir(&out) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            created => {
                return created
                    .map(|()| out.clone())
                    .with_context(|| format!("cannot create {}; give --out", out.display()));
            }
        }
    }
    bail!("every default name is taken: give --out")
}

/// Returns `kontrast-NAME-YYYYMMDD-HHMMSS`, of safe characters only.
fn default_name(name: &str, now: SystemTime) -> String {
    let safe = |c: char| match c.is_ascii_alphanumeric() || c == '.' {
        true => c,
        false => '-',
    };
    let name: String = name.chars().take(LONGEST_NAME).map(safe).collect();
    format!("kontrast-{name}-{}", stamp(now))
}

/// Saves a recording. If its directory cannot be written, saves it in the temporary directory.
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
        let name = default_name("a/../b\u{1b}[2J", SystemTime::UNIX_EPOCH);
        assert_eq!(name, "kontrast-a-..-b--2J-19700101-000000");
        let long = default_name(&"x".repeat(5000), SystemTime::UNIX_EPOCH);
        assert!(long.len() < 255, "a file system takes the name");
    }

    #[test]
    fn keeps_recordings_of_one_second_apart() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let made = || create_new(dir.path(), "kontrast-x").expect("created");
        let names = [made(), made(), made()];
        let expected = ["kontrast-x", "kontrast-x-2", "kontrast-x-3"];
        assert_eq!(names, expected.map(|name| dir.path().join(name)));
        let gone = create_new(&dir.path().join("gone"), "x").expect_err("no parent");
        assert!(gone.to_string().contains("give --out"), "{gone}");
    }
}
