//! Settings that make a runtime write symbols of its compiled code, for instrumented rounds.

use super::{
    arm::{Arm, Source},
    error::{Context, Error, Result},
    manifest::Instrumentation,
    sudo_user::SudoUser,
};
use std::{
    collections::BTreeMap,
    fs::{self, DirBuilder},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

/// Stands for the folder in the values of an [`Instrumentation`].
const DIR: &str = "{dir}";

/// A module for Bun that writes the source files of compiled functions into the folder, since its
/// JIT dump has names and hashes only.
const SOURCES: &str = include_str!("instrumentation/sources.mjs");
/// Its name in the folder.
const SOURCES_FILE: &str = "sources.mjs";
/// The variable that makes Bun load a module first. Unlike `BUN_OPTIONS` it takes paths with
/// spaces.
const PRELOAD: &str = "BUN_INSPECT_PRELOAD";

/// Returns the settings of a runtime family; `None` for one without any.
fn of_family(runtime: &str, version: &str) -> Option<Instrumentation> {
    let help = |env: &[(&str, &str)], args: &[&str]| Instrumentation {
        env: env
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()))
            .collect(),
        args: args.iter().map(|word| (*word).into()).collect(),
    };
    match runtime {
        // The recorder attaches probes to Go's runtime; see `record::go` of the profiler.
        "go" => Some(Instrumentation::default()),
        "bun" => Some(help(
            &[
                ("BUN_JSC_useJITDump", "1"),
                ("BUN_JSC_jitDumpDirectory", DIR),
                (PRELOAD, "{dir}/sources.mjs"),
            ],
            &[],
        )),
        // Node 20 writes to the temporary folder, where other users may have placed a link.
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
    /// Returns the settings in its `target.toml`, else those of its runtime family. `None` without
    /// any, and for an arm that runs already.
    pub fn instrumentation(&self) -> Option<Instrumentation> {
        let Source::Folder(folder) = &self.source else {
            return None;
        };
        if let Some(own) = &folder.manifest.instrumented {
            return Some(own.clone());
        }
        let (runtime, version) = self.runtime()?;
        let help = of_family(&runtime, &version)?;
        // At the end of a command they would be arguments of the server, not of the runtime.
        let heard = help.args.is_empty() || folder.manifest.run.contains("{args}");
        heard.then_some(help)
    }
}

/// A folder that a runtime writes into. Dropping it removes it with its content.
#[derive(Debug)]
pub struct SymbolFolder {
    path: PathBuf,
}

impl SymbolFolder {
    /// Creates a new folder that only the user of the servers can access.
    ///
    /// # Errors
    /// Fails if it exists or cannot be created.
    pub fn create(path: &Path) -> Result<Self> {
        let making = || format!("creating {}", path.display());
        DirBuilder::new().mode(0o700).create(path).doing(making)?;
        let folder = Self {
            path: path.canonicalize().doing(making)?,
        };
        if let Some(user) = SudoUser::detect()? {
            user.own(path)?;
        }
        Ok(folder)
    }

    /// Returns its absolute path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the settings with this folder's path filled in. Writes the module that they load.
    ///
    /// # Errors
    /// Fails if the path is not UTF-8, or the module cannot be written.
    pub fn fill(&self, help: &Instrumentation) -> Result<Instrumentation> {
        let dir = self.path.to_str().ok_or_else(|| Error::Io {
            what: format!("naming {}", self.path.display()),
            source: std::io::Error::from(std::io::ErrorKind::InvalidFilename),
        })?;
        let fill = |text: &String| text.replace(DIR, dir);
        if help.env.contains_key(PRELOAD) {
            let path = self.path.join(SOURCES_FILE);
            let writing = || format!("writing {}", path.display());
            fs::write(&path, SOURCES).doing(writing)?;
        }
        let env: BTreeMap<String, String> = help
            .env
            .iter()
            .map(|(name, value)| (name.clone(), fill(value)))
            .collect();
        Ok(Instrumentation {
            env,
            args: help.args.iter().map(fill).collect(),
        })
    }
}

impl Drop for SymbolFolder {
    fn drop(&mut self) {
        // The standard library follows no link in it. A failure is printed: nothing else removes
        // the folder.
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
    fn prefers_settings_of_the_target_to_those_of_its_family() {
        let own = Scratch::new("run = 'x'\ninstrumented = { env = { A = '{dir}/x' } }");
        assert_eq!(own.arm("").instrumentation().unwrap().env["A"], "{dir}/x");
        let none = Scratch::new("run = 'x'\ninstrumented = {}");
        assert_eq!(
            none.arm("").instrumentation(),
            Some(Instrumentation::default())
        );
        let variants = "run = 'x {args}'\n[variants.node]\nruntime = 'node'\nversion = '24.1.0'\n[variants.old]\nruntime = 'node'\nversion = '20.1.0'\n[variants.bun]\nruntime = 'bun'\n[variants.cpp]\nruntime = 'cpp'";
        let family = Scratch::new(variants);
        let help = family.arm(":bun").instrumentation().unwrap();
        assert_eq!(help.env["BUN_JSC_useJITDump"], "1");
        assert_eq!(family.arm(":cpp").instrumentation(), None);
        assert_eq!(
            family.arm(":node").instrumentation(),
            of_family("node", "24")
        );
        assert_eq!(family.arm(":old").instrumentation(), None);
        let deaf = Scratch::new(&variants.replace("{args}", "y"));
        assert_eq!(deaf.arm(":node").instrumentation(), None);
        let running = Arm::resolve("a=pid:1@http://x", Path::new("none")).unwrap();
        assert_eq!(running.instrumentation(), None);
    }

    #[test]
    fn creates_a_private_folder_and_removes_it() {
        let dir = tempfile::tempdir().unwrap();
        let (path, kept) = (dir.path().join("from runtime"), dir.path().join("kept"));
        fs::write(&kept, "").unwrap();
        let folder = SymbolFolder::create(&path).unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        let bun = folder.fill(&of_family("bun", "1.3").unwrap()).unwrap();
        assert_eq!(fs::read_to_string(&bun.env[PRELOAD]).unwrap(), SOURCES);
        let help = of_family("node", "24").unwrap();
        let filled = folder.fill(&help).unwrap().args;
        let expected = format!("--perf-basic-prof-path={}", folder.path().display());
        assert_eq!(filled[1], expected);
        fs::create_dir(path.join("deep")).unwrap();
        symlink(&kept, path.join("deep/link")).unwrap();
        assert!(SymbolFolder::create(&path).is_err(), "it is there already");
        drop(folder);
        assert!(!path.exists() && kept.exists());
    }
}
