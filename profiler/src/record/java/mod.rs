//! Packages of compiled Java code: the jar or the module of the JDK that a class comes from.
//!
//! A JVM keeps the archives open that it loads classes from. Their tables of contents say which
//! classes they hold; no class is read. The files belong to the observed process and may be
//! anything: only classes that samples fell into are kept, and reading is bounded.

mod image;
mod jar;

use super::archives::is_image;
use super::process_code::{ProcessCode, Processes};
use super::symbols::{java_class, open_mapped};
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::io;

/// Bytes that are read of the archives of one process, in all.
const MOST_READ: u64 = 512 << 20;

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
        if process.is_some_and(|process| !process.archives().is_empty())
            && let Some(class) = java_class::of(function)
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
        .iter()
        .partition(|archive| is_image(&archive.path));
    for archive in images.into_iter().chain(jars) {
        if search.is_done() {
            break;
        }
        let file = process.root().and_then(|root| open_mapped(root, archive));
        let Some(file) = file else {
            continue;
        };
        let read = match is_image(&archive.path) {
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
