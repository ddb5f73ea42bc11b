//! Symbols of compiled code, from the files that an instrumented runtime writes.
//!
//! The files belong to the observed process, and the recorder may have more privileges than it.
//! Each is opened without following a link, must be a regular file of the process's own user, and
//! is read up to a limit.

mod dump;
mod map;
mod name;
mod pieces;

use anyhow::{Context, Result, ensure};
use nix::libc::{O_CLOEXEC, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK};
use pieces::Pieces;
use recording::instrumented::CompiledSymbols;
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{BufReader, Read};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

/// Bytes of a file that are read.
const LONGEST_FILE: u64 = 1 << 30;
/// Files that are read.
const MOST_FILES: usize = 64;

/// Symbols from the files.
#[derive(Debug, Default)]
pub struct Names {
    /// The function of each unit of code that has one.
    pub functions: BTreeMap<u64, String>,
    /// Form and size of the files; `None` where there were none.
    pub compiled: Option<CompiledSymbols>,
    /// Files that were not read, and why.
    pub notes: Vec<String>,
}

/// Names units of code of process `pid` by the files that it wrote into `dir`.
pub fn names(dir: &Path, pid: u32, units: impl Iterator<Item = u64>) -> Names {
    let mut names = Names::default();
    let mut pieces = Pieces::wanted(units);
    match files(dir, pid) {
        Ok(files) => {
            for (name, form) in files {
                if let Err(error) = form.read(dir, &name, pid, &mut pieces, &mut names.compiled) {
                    names.notes.push(format!("{name} was not used: {error:#}"));
                }
            }
        }
        Err(error) => names
            .notes
            .push(format!("symbols of compiled code were not read: {error:#}")),
    }
    if pieces.is_exhausted() {
        names
            .notes
            .push("the runtime wrote more symbols than are read; the rest is missing".into());
    }
    names.functions = pieces.names();
    names
}

/// The form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Dump,
    Map,
}

/// Lists the files of process `pid` in a folder, by name.
fn files(dir: &Path, pid: u32) -> Result<Vec<(String, Form)>> {
    let (map, dump) = (format!("perf-{pid}.map"), format!("-{pid}.dump"));
    let opened = open(dir, O_DIRECTORY, pid)?;
    let mut files = Vec::new();
    for entry in fs::read_dir(inside(&opened, ""))?.take(MOST_FILES) {
        let Ok(name) = entry?.file_name().into_string() else {
            continue;
        };
        match &name {
            // V8 and JSC write a thread or process id before the process id.
            dumped if dumped.starts_with("jit-") && dumped.ends_with(&dump) => {
                files.push((name, Form::Dump));
            }
            mapped if *mapped == map => files.push((name, Form::Map)),
            _ => {}
        }
    }
    files.sort_by(|one, other| one.0.cmp(&other.0));
    Ok(files)
}

impl Form {
    fn read(
        self,
        dir: &Path,
        name: &str,
        pid: u32,
        pieces: &mut Pieces,
        compiled: &mut Option<CompiledSymbols>,
    ) -> Result<()> {
        let opened = open(dir, O_DIRECTORY, pid)?;
        let file = open(&inside(&opened, name), 0, pid)?;
        ensure!(file.metadata()?.is_file(), "it is no regular file");
        let from = BufReader::new(file.take(LONGEST_FILE));
        let (source, read) = match self {
            Form::Dump => ("JIT dump", dump::read(from, pid, pieces)?),
            Form::Map => ("perf map", map::read(from, pieces)?),
        };
        let compiled = compiled.get_or_insert_default();
        compiled.source = source.into();
        compiled.pieces += read;
        Ok(())
    }
}

/// Opens a file that belongs to the user of process `pid` and is no link. Does not wait for the
/// other end of a pipe.
fn open(path: &Path, flags: i32, pid: u32) -> Result<File> {
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | flags)
        .open(path)?;
    let owner = fs::metadata(format!("/proc/{pid}"))
        .context("the process has ended")?
        .uid();
    let found = file.metadata()?.uid();
    ensure!(
        found == owner,
        "it belongs to user {found}, and the process to user {owner}"
    );
    Ok(file)
}

/// Returns the path of a file in an open folder, wherever the folder's own path leads by now.
fn inside(folder: &File, name: &str) -> std::path::PathBuf {
    Path::new("/proc/self/fd")
        .join(folder.as_raw_fd().to_string())
        .join(name)
}

#[cfg(test)]
mod tests;
