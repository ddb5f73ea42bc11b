//! Debian's kernels of several releases, unpacked and not installed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::cache;
use crate::process;

/// Releases whose archives have kernels, oldest first.
const SUITES: [&str; 5] = ["bullseye", "bookworm", "trixie", "trixie-backports", "sid"];
/// Releases with a further archive of security updates.
const SECURED: [&str; 3] = ["bullseye", "bookworm", "trixie"];
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
/// The newest of them all.
const NEWEST: &str = "newest";
/// Kernels of the whole matrix.
const MATRIX: [&str; 5] = ["5.10", "6.1", "6.12", "6.18", NEWEST];

/// A kernel of the matrix.
pub struct Kernel {
    /// The beginning of its release, or `newest`.
    pub name: String,
}

/// Returns the named kernels; without names, those of the whole matrix.
///
/// # Errors
/// A name is no number of a release.
pub fn known(names: &[String]) -> Result<Vec<Kernel>> {
    let all = || MATRIX.map(str::to_owned).to_vec();
    let names = if names.is_empty() {
        all()
    } else {
        names.to_vec()
    };
    for name in &names {
        if name != NEWEST && numbers(name).len() < 2 {
            bail!(
                "{name} is no kernel: give two numbers, such as {}, or {NEWEST}",
                MATRIX[0]
            );
        }
    }
    Ok(names.into_iter().map(|name| Kernel { name }).collect())
}

impl Kernel {
    /// Returns the path of the output of its latest machine.
    pub fn log(&self) -> PathBuf {
        cache(&self.name).join("log")
    }

    /// Returns the path of its image. Downloads the package unless an earlier run did.
    pub fn fetch(&self) -> Result<PathBuf> {
        let folder = cache(&self.name);
        let image = folder.join("vmlinuz");
        if image.is_file() {
            return Ok(image);
        }
        let apt = Apt::update()?;
        let packages = apt.packages()?;
        let package = newest(&packages, &self.name)
            .with_context(|| format!("Debian's archives have no kernel {}", self.name))?;
        eprintln!("  downloading {package} …");
        let unpacked = folder.join("unpacked");
        fs::create_dir_all(&unpacked)
            .with_context(|| format!("cannot create {}", unpacked.display()))?;
        process::run_quietly(apt.get(&["download", package]).current_dir(&folder))?;
        let deb = find(&folder, &|path| {
            path.extension().is_some_and(|end| end == "deb")
        })
        .context("apt-get downloaded no package")?;
        let mut unpack = Command::new("dpkg-deb");
        process::run(unpack.arg("-x").arg(&deb).arg(&unpacked))?;
        let found =
            find(&unpacked, &is_image).with_context(|| format!("{package} has no image"))?;
        fs::rename(&found, &image).with_context(|| format!("cannot move {}", found.display()))?;
        // Modules are large, and none is needed.
        fs::remove_dir_all(&unpacked).context("cannot remove the unpacked package")?;
        fs::remove_file(&deb).context("cannot remove the package")?;
        Ok(image)
    }
}

fn is_image(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with("vmlinuz") && path.is_file()
}

/// Returns the first file below a folder that `fits`.
fn find(folder: &Path, fits: &dyn Fn(&Path) -> bool) -> Option<PathBuf> {
    let mut entries = fs::read_dir(folder).ok()?.flatten();
    entries.find_map(|entry| {
        let path = entry.path();
        match entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            true => find(&path, fits),
            false => fits(&path).then_some(path),
        }
    })
}

/// A client of apt that has the lists of all these releases, beside those of this machine.
struct Apt {
    options: Vec<String>,
}

impl Apt {
    /// Fetches the lists.
    fn update() -> Result<Self> {
        let folder = cache("apt");
        let sources = folder.join("sources.list");
        let lists = folder.join("lists");
        fs::create_dir_all(lists.join("partial")).context("cannot create folders for apt")?;
        fs::write(&sources, sources_list()?).context("cannot write apt's list of sources")?;
        let apt = Apt {
            options: vec![
                format!("Dir::Etc::sourcelist={}", sources.display()),
                "Dir::Etc::sourceparts=/dev/null".into(),
                format!("Dir::State::lists={}", lists.display()),
                format!("Dir::Cache={}", folder.display()),
                "Acquire::Languages=none".into(),
                // Its usual user cannot write to this user's folders.
                format!("APT::Sandbox::User={}", user()?),
            ],
        };
        process::run_quietly(&mut apt.get(&["update"]))?;
        Ok(apt)
    }

    fn get(&self, arguments: &[&str]) -> Command {
        self.command("apt-get", arguments)
    }

    /// Returns the names of packages with kernels for virtual machines, whose drivers are built in.
    fn packages(&self) -> Result<Vec<String>> {
        let names = "^linux-(image|binary)-[0-9]+[.][0-9]+[.][0-9]+.*-cloud-amd64$";
        let found = process::output(&mut self.command("apt-cache", &["search", "-n", names]));
        let found = found.context("cannot search Debian's archives with `apt-cache`")?;
        let names = found.lines().filter_map(|line| line.split(' ').next());
        Ok(names.map(str::to_owned).collect())
    }

    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        for option in &self.options {
            command.arg("-o").arg(option);
        }
        command.args(arguments);
        command
    }
}

fn user() -> Result<String> {
    process::output(Command::new("id").arg("-un")).context("cannot ask `id` for this user's name")
}

/// Returns sources of all releases, from the mirrors that this machine uses.
fn sources_list() -> Result<String> {
    let mut indices = Command::new("apt-get");
    indices.args([
        "indextargets",
        "--format",
        "$(REPO_URI) $(CODENAME)",
        "Created-By: Packages",
    ]);
    let text = process::output(&mut indices).context("this needs apt-get, as Debian has it")?;
    let repository = |security: bool| {
        let mut lines = text.lines().filter_map(|line| line.split_once(' '));
        let fits = |(_, name): &(&str, &str)| {
            SUITES.iter().any(|suite| name.starts_with(suite))
                && name.ends_with("-security") == security
        };
        lines.find(fits).map(|(uri, _)| uri.to_owned())
    };
    let main = repository(false).context("apt has no repository of Debian")?;
    let entry = |uri: &str, suite: &str| format!("deb [signed-by={KEYRING}] {uri} {suite} main\n");
    let mut list: String = SUITES.iter().map(|suite| entry(&main, suite)).collect();
    if let Some(security) = repository(true) {
        list.extend(SECURED.map(|suite| entry(&security, &format!("{suite}-security"))));
    }
    Ok(list)
}

/// Returns the package with the newest kernel whose release begins with `name`.
fn newest<'a>(packages: &'a [String], name: &str) -> Option<&'a str> {
    let prefix = numbers(name);
    // The newest kernels have their image in linux-binary, and linux-image only depends on it.
    let key = |package: &&String| (numbers(package), package.starts_with("linux-binary"));
    let fits = |package: &&String| numbers(package).starts_with(&prefix);
    packages
        .iter()
        .filter(fits)
        .max_by_key(key)
        .map(String::as_str)
}

/// Returns the numbers in a text: `6.12.3+deb13` has 6, 12, 3 and 13.
pub fn numbers(text: &str) -> Vec<u32> {
    let digits = text.split(|char: char| !char.is_ascii_digit());
    digits.filter_map(|digits| digits.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selects_the_newest_package_of_a_release() {
        let packages = [
            "linux-image-6.1.0-9-cloud-amd64",
            "linux-image-6.1.0-47-cloud-amd64",
            "linux-image-6.12.9+deb13-cloud-amd64",
            "linux-image-7.3.4+deb13-cloud-amd64",
            "linux-binary-7.3.4+deb13-cloud-amd64",
        ]
        .map(str::to_owned);
        assert_eq!(
            newest(&packages, "6.1"),
            Some("linux-image-6.1.0-47-cloud-amd64")
        );
        assert_eq!(
            newest(&packages, NEWEST),
            Some("linux-binary-7.3.4+deb13-cloud-amd64")
        );
        assert_eq!(newest(&packages, "5.10"), None);
    }

    #[test]
    fn rejects_names_that_are_no_release() {
        assert_eq!(known(&[]).unwrap().len(), MATRIX.len());
        assert!(known(&["old".into()]).is_err());
        assert_eq!(known(&["6.1".into()]).unwrap()[0].name, "6.1");
    }
}
