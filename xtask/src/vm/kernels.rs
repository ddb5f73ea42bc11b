//! Debian's kernels of several releases, unpacked and not installed.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::apt::{Apt, Wanted};
use super::cache;
use super::machine::Machine;

/// The oldest kernel on which recording is supported. Older ones may refuse.
pub const MINIMUM: &str = "6.1";
/// The newest of them all.
pub const NEWEST: &str = "newest";
/// Kernels of the whole matrix.
const MATRIX: [&str; 6] = ["5.10", "6.1", "6.12", "6.18", NEWEST, "6.12-arm64"];

/// A kernel of the matrix.
#[derive(Clone)]
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
        let (_, release) = Machine::of(name);
        if release != NEWEST && numbers(release).len() < 2 {
            bail!(
                "{name} is no kernel: give two numbers, such as {}, or {NEWEST}; -arm64 follows",
                MATRIX[0]
            );
        }
    }
    Ok(names.into_iter().map(|name| Kernel { name }).collect())
}

/// Returns the place of a kernel in the matrix, if it is one of it.
pub fn place(name: &str) -> Option<usize> {
    MATRIX.iter().position(|kernel| *kernel == name)
}

impl Kernel {
    /// Returns the path of the output of its latest machine.
    pub fn log(&self) -> PathBuf {
        cache(&self.name).join("log")
    }

    /// Returns the architecture.
    pub fn machine(&self) -> Machine {
        Machine::of(&self.name).0
    }

    /// Returns the paths of its files. Downloads the package unless an earlier run did.
    pub fn fetch(&self) -> Result<Files> {
        let folder = cache(&self.name);
        let (image, disk) = (folder.join("vmlinuz"), folder.join("loop.ko"));
        if !image.is_file() || !disk.is_file() {
            let (machine, release) = Machine::of(&self.name);
            let apt = Apt::update(machine)?;
            let packages = apt.kernels()?;
            let package = newest(&packages, release)
                .with_context(|| format!("Debian's archives have no kernel {}", self.name))?;
            let image = Wanted {
                fits: is_image,
                place: image.clone(),
            };
            let disk = Wanted {
                fits: is_driver,
                place: disk.clone(),
            };
            apt.unpack(&with_modules(package), &folder, &[image, disk])?;
        }
        Ok(Files { image, disk })
    }
}

/// Files of a kernel.
pub struct Files {
    /// Its image.
    pub image: PathBuf,
    /// The module with the driver of loop devices, which may be compressed.
    pub disk: PathBuf,
}

fn is_image(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with("vmlinuz") && path.is_file()
}

fn is_driver(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    name == "loop.ko" || name == "loop.ko.xz"
}

/// Returns a package with a kernel's image, and the one with its modules if that is another.
fn with_modules(package: &str) -> Vec<String> {
    let modules = package.strip_prefix("linux-binary-");
    let modules = modules.map(|release| format!("linux-modules-{release}"));
    [package.to_owned()].into_iter().chain(modules).collect()
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
    fn finds_the_modules_of_a_package() {
        let packages = with_modules("linux-binary-7.3.4+deb13-cloud-amd64");
        assert_eq!(packages[1..], ["linux-modules-7.3.4+deb13-cloud-amd64"]);
        let whole = "linux-image-6.1.0-47-cloud-amd64";
        assert_eq!(with_modules(whole), [whole]);
    }

    #[test]
    fn rejects_names_that_are_no_release() {
        assert_eq!(known(&[]).unwrap().len(), MATRIX.len());
        assert!(known(&["old".into()]).is_err());
        assert!(known(&["old-arm64".into()]).is_err());
        assert_eq!(known(&["6.1".into()]).unwrap()[0].name, "6.1");
    }
}
