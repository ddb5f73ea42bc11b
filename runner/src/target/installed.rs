//! Disk space of a server with all files it needs to run.

use super::{
    arm::{Arm, Source},
    error::{Context, Error, Result},
    sudo_user::SudoUser,
};
use std::{
    collections::HashSet,
    fs,
    os::unix::fs::MetadataExt,
    path::Path,
    process::{Command, Stdio},
};

/// Unit of `st_blocks`, independent of the file system's blocks (stat(2)).
const BLOCK: u64 = 512;

impl Arm {
    /// Returns the disk space of the files that the command `installed` of target.toml lists, each
    /// once; `None` without that command.
    ///
    /// # Errors
    /// Fails if the command does, or lists a path that does not exist.
    pub fn installed_bytes(&self) -> Result<Option<u64>> {
        let Source::Folder(folder) = &self.source else {
            return Ok(None);
        };
        let Some(line) = &folder.manifest.installed else {
            return Ok(None);
        };
        let mut command = Command::new("sh");
        command.args(["-c", line]).current_dir(&folder.path);
        command.envs(folder.env()).stdin(Stdio::null());
        if let Some(user) = SudoUser::detect()? {
            user.run_as(&mut command);
        }
        let output = command.output().doing(|| "starting sh".to_owned())?;
        let refuse = |why: String| Error::Manifest {
            path: folder.path.join(super::manifest::FILE_NAME),
            why,
        };
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(refuse(format!(
                "the command `installed` failed: {}",
                said.trim_end()
            )));
        }
        let (mut bytes, mut seen) = (0, HashSet::new());
        for listed in String::from_utf8_lossy(&output.stdout).lines() {
            // A listed path may be a link. Links within a folder count as links.
            let path = fs::canonicalize(folder.path.join(listed));
            let found = path.and_then(|path| size(&path, &mut seen));
            bytes +=
                found.map_err(|error| refuse(format!("`installed` lists {listed}: {error}")))?;
        }
        Ok(Some(bytes))
    }
}

fn size(path: &Path, seen: &mut HashSet<(u64, u64)>) -> std::io::Result<u64> {
    let data = fs::symlink_metadata(path)?;
    if !seen.insert((data.dev(), data.ino())) {
        return Ok(0);
    }
    let mut bytes = data.blocks() * BLOCK;
    if data.is_dir() {
        for entry in fs::read_dir(path)? {
            bytes += size(&entry?.path(), seen)?;
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::super::testing::Scratch;
    use std::{fs, os::unix::fs::symlink};

    #[test]
    fn counts_each_file_once() {
        let scratch = Scratch::new("run = 'x'\ninstalled = 'echo lib; echo lib/a; echo link'");
        scratch.write("lib/a", &"a".repeat(100_000));
        scratch.write("b", &"b".repeat(50_000));
        fs::hard_link(scratch.path("lib/a"), scratch.path("lib/same")).unwrap();
        symlink("../b", scratch.path("lib/c")).unwrap();
        symlink("b", scratch.path("link")).unwrap();
        let bytes = scratch.arm("").installed_bytes().unwrap().unwrap();
        assert!((150_000..250_000).contains(&bytes), "{bytes}");
    }

    #[test]
    fn returns_nothing_without_a_command() {
        let known = Scratch::new("run = 'x'").arm("").installed_bytes();
        assert_eq!(known.unwrap(), None);
    }

    #[test]
    fn reports_paths_that_do_not_exist() {
        let refusal = |line: &str| {
            let scratch = Scratch::new(&format!("run = 'x'\ninstalled = '{line}'"));
            scratch.arm("").installed_bytes().unwrap_err().to_string()
        };
        assert!(refusal("echo nowhere").contains("lists nowhere: No such file"));
        assert!(refusal("echo oh no >&2; exit 3").contains("failed: oh no"));
    }
}
