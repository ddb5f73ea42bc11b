//! Archives that a JVM keeps open: jars, and the image of the JDK's modules.

use super::memory::{MappedFile, Regions};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Archives of one process that are looked at.
const MOST_ARCHIVES: usize = 4096;
/// Descriptors of one process that are looked at.
const MOST_DESCRIPTORS: usize = 1 << 16;
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

    /// Returns the archives.
    pub fn iter(&self) -> impl Iterator<Item = &MappedFile> {
        self.0.iter()
    }

    /// Returns whether it has no archive.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn is_archive(path: &Path) -> bool {
    let kind = path.extension().unwrap_or_default();
    is_image(path) || ["jar", "war"].iter().any(|known| kind == *known)
}

/// Returns whether a file has the name of an image.
pub fn is_image(path: &Path) -> bool {
    path.ends_with("lib/modules")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_at_archives_of_processes_that_run_a_jvm() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("a-1.jar");
        fs::write(&path, b"").expect("written");
        let _open = fs::File::open(&path).expect("opened");
        let pid = std::process::id();
        let code = crate::record::memory::code_regions_of(pid);
        let mut archives = Archives::default();
        archives.look_at(pid, &code);
        assert!(archives.0.is_empty(), "this process has no libjvm.so");
        archives.add_open(pid);
        archives.add_open(pid);
        let paths: Vec<_> = archives.0.iter().map(|archive| &archive.path).collect();
        assert_eq!(paths.iter().filter(|found| ***found == path).count(), 1);
    }
}
