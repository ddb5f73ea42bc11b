//! Packages of compiled Java code: the jar or the module of the JDK that a class comes from.
//!
//! A JVM keeps the archives open that it loads classes from. Their tables of contents say which
//! classes they hold; no class is read. The files belong to the observed process and may be
//! anything: only classes that samples fell into are kept, and reading is bounded.

pub mod class;
mod image;
mod jar;

use super::memory::{MappedFile, Regions};
use super::process_code::{ProcessCode, Processes};
use super::symbols::open_mapped;
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::{fs, io};

/// Archives of one process that are looked at.
const MOST_ARCHIVES: usize = 4096;
/// Descriptors of one process that are looked at.
const MOST_DESCRIPTORS: usize = 1 << 16;
/// Bytes that are read of the archives of one process, in all.
const MOST_READ: u64 = 512 << 20;

/// Archives of classes that a process holds open, in the order of their descriptors. A JVM opens
/// those first that it looks for classes in first.
#[derive(Clone, Debug, Default)]
pub struct Archives(Vec<MappedFile>);

impl Archives {
    /// Adds the archives that a process holds open now, if it runs a JVM.
    pub fn look_at(&mut self, pid: u32, code: &Regions) {
        let is_jvm = |path: &Path| path.file_name().is_some_and(|name| name == "libjvm.so");
        if code.files().any(|path| is_jvm(path)) {
            self.add_open(pid);
        }
    }

    fn add_open(&mut self, pid: u32) {
        let folder = format!("/proc/{pid}/fd");
        let Ok(descriptors) = fs::read_dir(&folder) else {
            return;
        };
        let numbers = descriptors.flatten().take(MOST_DESCRIPTORS);
        let mut numbers: Vec<u32> = numbers
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .collect();
        numbers.sort_unstable();
        let known: BTreeSet<u64> = self.0.iter().map(|archive| archive.inode).collect();
        let opened = numbers.into_iter().filter_map(|number| {
            let link = format!("{folder}/{number}");
            let path = fs::read_link(&link).ok()?;
            let inode = is_archive(&path).then(|| fs::metadata(&link).ok())??.ino();
            Some(MappedFile {
                path,
                offset: 0,
                inode,
            })
        });
        let new = opened.filter(|archive| !known.contains(&archive.inode));
        self.0.extend(new);
        self.0.truncate(MOST_ARCHIVES);
    }
}

fn is_archive(path: &Path) -> bool {
    let kind = path.extension().unwrap_or_default();
    image::is_image(path) || ["jar", "war"].iter().any(|known| kind == *known)
}

/// Classes whose archive is not known yet, and those whose archive was found.
#[derive(Debug)]
struct Search {
    wanted: BTreeSet<String>,
    found: BTreeMap<String, String>,
    /// Bytes that may still be read.
    left: Cell<u64>,
}

impl Search {
    fn of(wanted: BTreeSet<String>) -> Self {
        Search {
            wanted,
            found: BTreeMap::new(),
            left: Cell::new(MOST_READ),
        }
    }

    /// Notes that an archive holds a class.
    fn hit(&mut self, class: &str, package: &str) {
        if let Some(class) = self.wanted.take(class) {
            self.found.insert(class, package.into());
        }
    }

    fn is_done(&self) -> bool {
        self.wanted.is_empty()
    }
}

/// Returns the package of each place in compiled code whose class some archive holds. `compiled`
/// has the function of each place, by process and address.
pub fn packages(
    processes: &Processes,
    compiled: &BTreeMap<(u32, u64), String>,
) -> BTreeMap<(u32, u64), String> {
    let mut classes: BTreeMap<u32, BTreeMap<u64, String>> = BTreeMap::new();
    for ((pid, address), function) in compiled {
        let process = processes.get(*pid);
        if process.is_some_and(|process| !process.archives().0.is_empty())
            && let Some(class) = class::of(function)
        {
            classes.entry(*pid).or_default().insert(*address, class);
        }
    }
    let mut packages = BTreeMap::new();
    for (pid, classes) in classes {
        let Some(process) = processes.get(pid) else {
            continue;
        };
        let found = archives_of(process, classes.values().cloned().collect());
        let places = classes.into_iter();
        packages.extend(places.filter_map(|(address, class)| {
            let package = found.get(&class)?;
            Some(((pid, address), package.clone()))
        }));
    }
    packages
}

/// Returns the package of each class that the archives of a process hold.
fn archives_of(process: &ProcessCode, classes: BTreeSet<String>) -> BTreeMap<String, String> {
    let mut search = Search::of(classes);
    // Loaders ask those of the JDK first.
    let (images, jars): (Vec<_>, Vec<_>) = process
        .archives()
        .0
        .iter()
        .partition(|archive| image::is_image(&archive.path));
    for archive in images.into_iter().chain(jars) {
        if search.is_done() {
            break;
        }
        let file = process.root().and_then(|root| open_mapped(root, archive));
        let Some(file) = file else {
            continue;
        };
        let read = match image::is_image(&archive.path) {
            true => image::read(&file, &mut search),
            false => jar::read(&file, &archive.path, &mut search).map_err(io::Error::other),
        };
        if let Err(error) = read {
            let path = archive.path.display();
            log::warn!("classes of {path} have no package: {error}");
        }
    }
    search.found
}

#[cfg(test)]
mod tests;
