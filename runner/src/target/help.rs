//! What makes a runtime tell more of itself, for rounds that are recorded for that alone.

use super::{
    arm::{Arm, Source},
    error::{Context, Error, Result},
    manifest::Help,
    sudo_user::SudoUser,
};
use nix::unistd::{Gid, Uid, chown};
use std::{
    collections::BTreeMap,
    fs::{self, DirBuilder},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

/// Stands for the folder in the values of a [`Help`].
const DIR: &str = "{dir}";

/// What a runtime family takes to write down what it compiles; `None` where we know of nothing.
fn of_family(runtime: &str, version: &str) -> Option<Help> {
    let help = |env: &[(&str, &str)], args: &[&str]| Help {
        env: env
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()))
            .collect(),
        args: args.iter().map(|word| (*word).into()).collect(),
    };
    match runtime {
        // What the recorder sees by itself, see `record::go`.
        "go" => Some(Help::default()),
        "bun" => Some(help(
            &[
                ("BUN_JSC_useJITDump", "1"),
                ("BUN_JSC_jitDumpDirectory", DIR),
            ],
            &[],
        )),
        // Node 20 would write among the temporary files, where anybody may have put a link.
        "node" if major(version) >= Some(24) => Some(help(
            &[],
            &[
                "--perf-basic-prof",
                "--perf-basic-prof-path={dir}",
                "--interpreted-frames-native-stack",
            ],
        )),
        "deno" => Some(help(
            &[],
            &[
                "--v8-flags=--perf-basic-prof,--perf-basic-prof-path={dir},--interpreted-frames-native-stack",
            ],
        )),
        _ => None,
    }
}

fn major(version: &str) -> Option<u32> {
    version.split('.').next()?.parse().ok()
}

impl Arm {
    /// What makes its runtime tell more: what its `target.toml` says, else what serves the runtime family. `None` where
    /// nothing does, or it runs already.
    pub fn help(&self) -> Option<Help> {
        let Source::Folder(folder) = &self.source else {
            return None;
        };
        if let Some(own) = &folder.manifest.detail {
            return Some(own.clone());
        }
        let (runtime, version) = self.runtime()?;
        let help = of_family(&runtime, &version)?;
        // At the end of a command they would be the server's and not the runtime's.
        let heard = help.args.is_empty() || folder.manifest.run.contains("{args}");
        heard.then_some(help)
    }
}

/// A folder that a runtime writes into, removed with everything in it when this is dropped.
#[derive(Debug)]
pub struct HelpFolder {
    path: PathBuf,
}

impl HelpFolder {
    /// Makes a new one, for the user that servers run as and nobody else.
    ///
    /// # Errors
    /// When it is there already or cannot be made.
    pub fn create(path: &Path) -> Result<Self> {
        let making = || format!("creating {}", path.display());
        DirBuilder::new().mode(0o700).create(path).doing(making)?;
        let folder = Self {
            path: path.canonicalize().doing(making)?,
        };
        if let Some(user) = SudoUser::detect()? {
            let (uid, gid) = user.ids();
            chown(path, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)))
                .map_err(std::io::Error::from)
                .doing(making)?;
        }
        Ok(folder)
    }

    /// Where it is, absolutely.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// `help` with this folder in its place.
    ///
    /// # Errors
    /// When the folder's path is no text.
    pub fn fill(&self, help: &Help) -> Result<Help> {
        let dir = self.path.to_str().ok_or_else(|| Error::Io {
            what: format!("naming {}", self.path.display()),
            source: std::io::Error::from(std::io::ErrorKind::InvalidFilename),
        })?;
        let fill = |text: &String| text.replace(DIR, dir);
        let env: BTreeMap<String, String> = help
            .env
            .iter()
            .map(|(name, value)| (name.clone(), fill(value)))
            .collect();
        Ok(Help {
            env,
            args: help.args.iter().map(fill).collect(),
        })
    }
}

impl Drop for HelpFolder {
    fn drop(&mut self) {
        // The standard library follows no link in it. What it cannot remove is told: nothing else looks after it.
        if let Err(error) = fs::remove_dir_all(&self.path) {
            eprintln!("kontrast: {} is left behind: {error}", self.path.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::testing::Scratch, *};
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn the_targets_own_help_comes_before_that_of_its_family() {
        let own = Scratch::new("run = 'x'\ndetail = { env = { A = '{dir}/x' } }");
        assert_eq!(own.arm("").help().unwrap().env["A"], "{dir}/x");
        let none = Scratch::new("run = 'x'\ndetail = {}");
        assert_eq!(none.arm("").help(), Some(Help::default()));
        let variants = "run = 'x {args}'\n[variants.node]\nruntime = 'node'\nversion = '24.1.0'\n[variants.old]\nruntime = 'node'\nversion = '20.1.0'\n[variants.bun]\nruntime = 'bun'\n[variants.cpp]\nruntime = 'cpp'";
        let family = Scratch::new(variants);
        let help = family.arm(":bun").help().unwrap();
        assert_eq!(help.env["BUN_JSC_useJITDump"], "1");
        assert_eq!(family.arm(":cpp").help(), None);
        assert_eq!(family.arm(":node").help(), of_family("node", "24"));
        assert_eq!(family.arm(":old").help(), None);
        let deaf = Scratch::new(&variants.replace("{args}", "y"));
        assert_eq!(deaf.arm(":node").help(), None);
        let running = Arm::resolve("a=pid:1@http://x", Path::new("none")).unwrap();
        assert_eq!(running.help(), None);
    }

    #[test]
    fn a_folder_is_private_filled_in_and_removed_with_what_is_in_it() {
        let dir = tempfile::tempdir().unwrap();
        let (path, kept) = (dir.path().join("from runtime"), dir.path().join("kept"));
        fs::write(&kept, "").unwrap();
        let folder = HelpFolder::create(&path).unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        let help = of_family("node", "24").unwrap();
        let filled = folder.fill(&help).unwrap().args;
        let expected = format!("--perf-basic-prof-path={}", folder.path().display());
        assert_eq!(filled[1], expected);
        fs::create_dir(path.join("deep")).unwrap();
        symlink(&kept, path.join("deep/link")).unwrap();
        assert!(HelpFolder::create(&path).is_err(), "it is there already");
        drop(folder);
        assert!(!path.exists() && kept.exists());
    }
}
