//! A client of apt for the archives of several Debian releases and architectures.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::machine::Machine;
use crate::process;

/// Releases whose archives have kernels, oldest first.
const SUITES: [&str; 5] = ["bullseye", "bookworm", "trixie", "trixie-backports", "sid"];
/// Releases with a further archive of security updates.
const SECURED: [&str; 3] = ["bullseye", "bookworm", "trixie"];
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// A file of a package.
pub struct Wanted {
    /// Says which file it is.
    pub fits: fn(&Path) -> bool,
    /// Where it is put.
    pub place: PathBuf,
}

/// A client of apt that has the lists of all these releases, beside those of this machine.
pub struct Apt {
    machine: Machine,
    options: Vec<String>,
}

impl Apt {
    /// Fetches the lists.
    pub fn update(machine: Machine) -> Result<Self> {
        let folder = machine.cache("apt");
        let sources = folder.join("sources.list");
        let lists = folder.join("lists");
        fs::create_dir_all(lists.join("partial")).context("cannot create folders for apt")?;
        fs::write(&sources, sources_list()?).context("cannot write apt's list of sources")?;
        let apt = Apt {
            machine,
            options: vec![
                format!("APT::Architecture={}", machine.debian()),
                format!("APT::Architectures={}", machine.debian()),
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
    pub fn kernels(&self) -> Result<Vec<String>> {
        let arch = self.machine.debian();
        let names = format!("^linux-(image|binary)-[0-9]+[.][0-9]+[.][0-9]+.*-cloud-{arch}$");
        let found = process::output(&mut self.command("apt-cache", &["search", "-n", &names]));
        let found = found.context("cannot search Debian's archives with `apt-cache`")?;
        let names = found.lines().filter_map(|line| line.split(' ').next());
        Ok(names.map(str::to_owned).collect())
    }

    /// Downloads packages into a folder, and moves each wanted file of theirs to its place.
    pub fn unpack(&self, packages: &[String], folder: &Path, wanted: &[Wanted]) -> Result<()> {
        let unpacked = folder.join("unpacked");
        fs::create_dir_all(&unpacked)
            .with_context(|| format!("cannot create {}", unpacked.display()))?;
        for package in packages {
            eprintln!("  downloading {package} …");
            process::run_quietly(self.get(&["download", package]).current_dir(folder))?;
            let deb = find(folder, |path| {
                path.extension().is_some_and(|end| end == "deb")
            })
            .context("apt-get downloaded no package")?;
            let mut unpack = Command::new("dpkg-deb");
            process::run(unpack.arg("-x").arg(&deb).arg(&unpacked))?;
            fs::remove_file(&deb).context("cannot remove the package")?;
        }
        for file in wanted {
            let found = find(&unpacked, file.fits)
                .with_context(|| format!("{packages:?} lack {}", file.place.display()))?;
            fs::rename(&found, &file.place)
                .with_context(|| format!("cannot move {}", found.display()))?;
        }
        // A kernel's modules are large, and hardly any is needed.
        fs::remove_dir_all(&unpacked).context("cannot remove the unpacked package")
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

/// Returns the first file below a folder that `fits`.
fn find(folder: &Path, fits: fn(&Path) -> bool) -> Option<PathBuf> {
    let mut entries = fs::read_dir(folder).ok()?.flatten();
    entries.find_map(|entry| {
        let path = entry.path();
        match entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            true => find(&path, fits),
            false => fits(&path).then_some(path),
        }
    })
}
