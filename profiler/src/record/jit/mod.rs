//! Symbols of compiled code, from the files that a runtime writes: in an instrumented round into a
//! folder of the recorder's, otherwise where perf looks for them.
//!
//! The files belong to the observed process, and the recorder may have more privileges than it.
//! Each must be a regular file of the process's own user, and is read up to a limit. Links are not
//! followed, or only inside the root of the process.

mod dump;
mod map;
mod name;
mod pieces;
mod sources;

use super::process_code::ProcessCode;
use anyhow::{Context, Result, ensure};
use nix::libc::{O_CLOEXEC, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK};
use pieces::Pieces;
pub use pieces::Wanted;
use recording::instrumented::CompiledSymbols;
use sources::Sources;
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
    /// The function of each place in code that has one, by the place's lowest address.
    pub functions: BTreeMap<u64, String>,
    /// Form and size of the files; `None` where there were none.
    pub compiled: Option<CompiledSymbols>,
    /// Files that were not read, and why.
    pub notes: Vec<String>,
}

/// Names code of process `pid` by the files that it wrote into `dir`.
pub fn names(dir: &Path, pid: u32, wanted: &Wanted) -> Names {
    let mut names = Names::default();
    let mut pieces = Pieces::of(wanted);
    match files(dir, pid) {
        Ok(files) => {
            for (name, form) in files {
                let opened = open_in(dir, &name, pid);
                let read =
                    opened.and_then(|file| form.read(file, pid, &mut pieces, &mut names.compiled));
                names.note(&name, read);
            }
        }
        Err(error) => names
            .notes
            .push(format!("symbols of compiled code were not read: {error:#}")),
    }
    let mut names = names.finish(pieces);
    let file = sources::file_name(pid);
    match sources_in(dir, &file, pid) {
        Ok(sources) => sources.add_to(names.functions.values_mut()),
        Err(error) => names.note(&file, Err(error)),
    }
    names
}

/// Reads the source files of functions; none where the runtime wrote no such file.
fn sources_in(dir: &Path, name: &str, pid: u32) -> Result<Sources> {
    if !dir.join(name).exists() {
        return Ok(Sources::default());
    }
    let file = open_in(dir, name, pid)?;
    ensure!(file.metadata()?.is_file(), "it is no regular file");
    Ok(Sources::read(BufReader::new(file.take(LONGEST_FILE)))?)
}

/// Names code of a process by the files that it wrote for perf: a map in `/tmp`, and dumps that it
/// has mapped.
pub fn names_for_perf(code: &ProcessCode, wanted: &Wanted) -> Names {
    let mut names = Names::default();
    let mut pieces = Pieces::of(wanted);
    let map = format!("/tmp/perf-{}.map", code.own_pid()).into();
    let dumps = code.jit_dumps().into_iter().map(|path| (path, Form::Dump));
    for (path, form) in [(map, Form::Map)].into_iter().chain(dumps) {
        let Some(Ok(file)) = code.root().map(|root| root.open(&path)) else {
            continue;
        };
        let read = belongs_to(&file, code.user())
            .and_then(|()| form.read(file, code.own_pid(), &mut pieces, &mut names.compiled));
        names.note(&path.display().to_string(), read);
    }
    names.finish(pieces)
}

/// Fails if a file belongs to another user than its process: anyone can write into `/tmp`.
fn belongs_to(file: &File, user: Option<u32>) -> Result<()> {
    let found = file.metadata()?.uid();
    ensure!(
        Some(found) == user,
        "it belongs to user {found}, which the process does not"
    );
    Ok(())
}

impl Names {
    fn note(&mut self, file: &str, read: Result<()>) {
        if let Err(error) = read {
            self.notes.push(format!("{file} was not used: {error:#}"));
        }
    }

    fn finish(mut self, pieces: Pieces) -> Self {
        if pieces.is_exhausted() {
            self.notes
                .push("the runtime wrote more symbols than are read; the rest is missing".into());
        }
        self.functions = pieces.names();
        self
    }
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
        file: File,
        pid: u32,
        pieces: &mut Pieces,
        compiled: &mut Option<CompiledSymbols>,
    ) -> Result<()> {
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

fn open_in(dir: &Path, name: &str, pid: u32) -> Result<File> {
    let folder = open(dir, O_DIRECTORY, pid)?;
    open(&inside(&folder, name), 0, pid)
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
