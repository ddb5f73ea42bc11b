//! The file system of a virtual machine: an archive that the kernel unpacks into memory.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::apt::{Apt, Wanted};
use super::machine::Machine;
use crate::process;

const FOLDER: u32 = 0o040_755;
const PROGRAM: u32 = 0o100_755;

/// Packs files at their paths in the machine, with busybox and the script that starts first.
pub fn pack(machine: Machine, files: &[(PathBuf, PathBuf)], init: &str, file: &Path) -> Result<()> {
    let busybox = busybox(machine)?;
    let mut archive = Archive::new(
        File::create(file).with_context(|| format!("cannot create {}", file.display()))?,
    );
    archive.add(Path::new("/init"), init.as_bytes())?;
    let busybox = (busybox, PathBuf::from("/bin/busybox"));
    for (from, to) in files.iter().chain([&busybox]) {
        let content = fs::read(from).with_context(|| format!("cannot read {}", from.display()))?;
        archive.add(to, &content)?;
    }
    archive
        .close()
        .with_context(|| format!("cannot write {}", file.display()))
}

/// Returns a busybox for machines of an architecture, downloaded unless it is this machine's.
fn busybox(machine: Machine) -> Result<PathBuf> {
    if machine == Machine::X86 {
        return process::which("busybox").context("no busybox (package busybox-static)");
    }
    let folder = machine.cache("busybox");
    let busybox = folder.join("busybox");
    if !busybox.is_file() {
        let wanted = Wanted {
            fits: |path| path.ends_with("bin/busybox"),
            place: busybox.clone(),
        };
        Apt::update(machine)?.unpack(&["busybox-static".into()], &folder, &[wanted])?;
    }
    Ok(busybox)
}

/// An archive of cpio's format `newc`: the kernel's Documentation/driver-api/early-userspace.
struct Archive<W: Write> {
    out: BufWriter<W>,
    folders: BTreeSet<PathBuf>,
    entries: u32,
}

impl<W: Write> Archive<W> {
    fn new(out: W) -> Self {
        Self {
            out: BufWriter::new(out),
            folders: BTreeSet::new(),
            entries: 0,
        }
    }

    /// Adds an executable file, and the folders above it.
    fn add(&mut self, path: &Path, content: &[u8]) -> io::Result<()> {
        let path = path.strip_prefix("/").unwrap_or(path);
        let above: Vec<&Path> = path.ancestors().skip(1).collect();
        for folder in above.into_iter().rev() {
            if folder != Path::new("") && self.folders.insert(folder.to_owned()) {
                self.entry(&folder.to_string_lossy(), FOLDER, &[])?;
            }
        }
        self.entry(&path.to_string_lossy(), PROGRAM, content)
    }

    fn entry(&mut self, name: &str, mode: u32, content: &[u8]) -> io::Result<()> {
        let size = u32::try_from(content.len()).map_err(io::Error::other)?;
        let name_size = u32::try_from(name.len() + 1).map_err(io::Error::other)?;
        self.entries += 1;
        // Inode, mode, user, group, links, time, size, four device numbers, length of the name, and
        // a checksum that this format does not use.
        let fields = [
            self.entries,
            mode,
            0,
            0,
            1,
            0,
            size,
            0,
            0,
            0,
            0,
            name_size,
            0,
        ];
        write!(self.out, "070701")?;
        for field in fields {
            write!(self.out, "{field:08x}")?;
        }
        self.out.write_all(name.as_bytes())?;
        self.out.write_all(&[0])?;
        self.pad(110 + name.len() + 1)?;
        self.out.write_all(content)?;
        self.pad(content.len())
    }

    /// Fills up to a multiple of four bytes.
    fn pad(&mut self, written: usize) -> io::Result<()> {
        self.out.write_all(&[0; 3][..written.wrapping_neg() % 4])
    }

    fn close(mut self) -> io::Result<()> {
        self.entry("TRAILER!!!", 0, &[])?;
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aligns_entries_and_adds_folders_once() {
        let mut bytes = Vec::new();
        let mut archive = Archive::new(&mut bytes);
        archive.add(Path::new("/bin/a"), b"12345").unwrap();
        archive.add(Path::new("/bin/b"), b"").unwrap();
        archive.close().unwrap();
        let text = String::from_utf8_lossy(&bytes);
        let places: Vec<usize> = text.match_indices("070701").map(|(at, _)| at).collect();
        assert_eq!(places.len(), 4, "a folder, two files, the end");
        assert!(places.iter().all(|at| at % 4 == 0), "{places:?}");
        assert!(text.contains("bin/a\0"));
    }
}
