//! The folder of a run's results.

use super::plan::{Purpose, Step};
use crate::target::SudoUser;
use anyhow::{Context, bail};
use recording::observer::Mode;
use std::{
    fs, io,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    time::SystemTime,
};

/// Default folder of runs.
const RESULTS: &str = "results";
/// Link to the newest run.
const LATEST: &str = "latest";

/// Returns the folder for a run: `out`, or a new one of `results` named by the time (UTC).
///
/// # Errors
/// Fails if it is not empty.
pub fn choose(out: Option<&Path>, now: SystemTime) -> anyhow::Result<PathBuf> {
    let out = out.map_or_else(|| Path::new(RESULTS).join(stamp(now)), Path::to_path_buf);
    match fs::read_dir(&out).map(|mut entries| entries.next().is_none()) {
        Ok(true) => Ok(out),
        Ok(false) => bail!(
            "{} is not empty; results are never overwritten, choose another --out",
            out.display()
        ),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(out),
        Err(error) => Err(error)
            .with_context(|| format!("cannot write to {}; choose another --out", out.display())),
    }
}

/// Creates the folder and returns its absolute path: targets start elsewhere, and their logs go
/// here.
///
/// # Errors
/// Fails if it cannot be created.
pub fn create(out: &Path) -> anyhow::Result<PathBuf> {
    let created = fs::create_dir_all(out).and_then(|()| out.canonicalize());
    created.with_context(|| format!("cannot create {}; choose another --out", out.display()))
}

/// Makes `results/latest` point to `out`, if `out` is a folder of `results`.
///
/// # Errors
/// Fails if the link cannot be made.
pub fn link_latest(out: &Path) -> anyhow::Result<()> {
    let (Some(above), Some(name)) = (out.parent(), out.file_name()) else {
        return Ok(());
    };
    if above.file_name() != Some(RESULTS.as_ref()) {
        return Ok(());
    }
    // Renaming replaces the old link atomically.
    let beside = above.join(format!(".{LATEST}-{}", std::process::id()));
    give_back_one(above);
    let linked = symlink(name, &beside).and_then(|()| fs::rename(&beside, above.join(LATEST)));
    linked.with_context(|| {
        format!(
            "cannot make {} point to this run",
            above.join(LATEST).display()
        )
    })
}

/// Gives all files of `dir` to the user behind sudo, if the whole run was started through sudo.
///
/// # Errors
/// Fails if a folder cannot be read.
pub fn give_back(dir: &Path) -> io::Result<()> {
    give_back_one(dir);
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        match entry.file_type()?.is_dir() {
            true => give_back(&entry.path())?,
            false => give_back_one(&entry.path()),
        }
    }
    Ok(())
}

/// Gives a file to the user behind sudo, so that later steps need no privilege.
pub fn give_back_one(path: &Path) {
    let given = SudoUser::detect().and_then(|user| user.map_or(Ok(()), |user| user.own(path)));
    if let Err(error) = given {
        log::warn!("cannot give {} back to its user: {error}", path.display());
    }
}

/// Returns the folder of an arm: its name without characters that are special in paths.
pub fn arm_folder(arm: &str) -> String {
    arm.replace(['/', ':'], "-")
}

/// Returns the folder of a round in its arm's: `2`, `2-overhead` for the observer's overhead, or
/// `1-traced` and `1-instrumented`.
pub fn round_folder(step: &Step) -> String {
    let round = step.round;
    match (step.purpose, step.mode) {
        (Purpose::Instrumented, _) => format!("{round}-instrumented"),
        (Purpose::Traced, _) => format!("{round}-traced"),
        (Purpose::Measured, Mode::All) => round.to_string(),
        (Purpose::Measured, mode) => format!("{round}-{}", mode.name()),
    }
}

/// Formats `YYYYMMDD-HHMMSS`, in UTC.
pub fn stamp(now: SystemTime) -> String {
    let text = humantime::format_rfc3339_seconds(now).to_string();
    let digits = |part: &str| {
        part.chars()
            .filter(char::is_ascii_digit)
            .collect::<String>()
    };
    let (date, time) = text.split_once('T').unwrap_or((&text, ""));
    format!("{}-{}", digits(date), digits(time))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn names_folders_by_the_time() {
        assert_eq!(
            stamp(UNIX_EPOCH + Duration::from_secs(1_795_313_595)),
            "20261122-021315"
        );
    }

    #[test]
    fn rejects_a_folder_that_is_not_empty() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("a/b");
        let choose = |path: &Path| choose(Some(path), UNIX_EPOCH);
        assert!(create(&choose(&out).unwrap()).unwrap().ends_with("a/b"));
        assert!(choose(&out).is_ok(), "an empty folder may be used");
        fs::write(out.join("file"), "").unwrap();
        let error = choose(&out).unwrap_err().to_string();
        assert!(
            error.contains("is not empty; results are never overwritten"),
            "{error}"
        );
        let error = format!("{:#}", choose(&out.join("file")).unwrap_err());
        assert!(error.contains("Not a directory"), "{error}");
    }

    #[test]
    fn links_the_newest_run() {
        let dir = tempfile::tempdir().unwrap();
        for run in ["one", "two"] {
            let out = dir.path().join("results").join(run);
            fs::create_dir_all(&out).unwrap();
            link_latest(&out).unwrap();
            assert_eq!(
                fs::read_link(dir.path().join("results/latest")).unwrap(),
                Path::new(run)
            );
        }
        let elsewhere = dir.path().join("mine");
        fs::create_dir(&elsewhere).unwrap();
        link_latest(&elsewhere).unwrap();
        assert!(!dir.path().join("latest").exists());
    }

    #[test]
    fn replaces_special_characters_in_folders_of_arms() {
        assert_eq!(arm_folder("go:gomaxprocs1"), "go-gomaxprocs1");
    }

    #[test]
    fn names_rounds_by_number_and_mode() {
        let folder = |(mode, purpose)| {
            round_folder(&Step {
                arm: 0,
                round: 2,
                mode,
                purpose,
            })
        };
        let folders = [
            (Mode::Overhead, Purpose::Measured),
            (Mode::All, Purpose::Measured),
            (Mode::All, Purpose::Traced),
            (Mode::All, Purpose::Instrumented),
        ];
        assert_eq!(
            folders.map(folder),
            ["2-overhead", "2", "2-traced", "2-instrumented"]
        );
    }
}
