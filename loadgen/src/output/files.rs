//! Output files, opened before the load so that a result is not lost to a wrong path.
//!
//! A regular file is replaced atomically: a temporary file beside it is renamed. Anything else
//! (device, pipe, `-` for standard output) is written through.

use crate::Error;
use nix::fcntl::posix_fallocate;
use nix::unistd::{AccessFlags, access};
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// Disk space that is reserved before the load.
const RESERVED_BYTES: i64 = 1 << 20;
/// Highest number of symbolic links that are followed, as the kernel's.
const MAX_LINKS: usize = 40;
/// Names of standard output.
const STDOUT: [&str; 4] = ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"];

/// An output that a result can be written to.
#[derive(Debug)]
pub struct Output {
    /// Path as the user wrote it.
    path: PathBuf,
    sink: Sink,
}

#[derive(Debug)]
enum Sink {
    Stdout,
    /// A device, pipe or socket, opened when it is written: opening a pipe waits for its reader.
    Through(PathBuf),
    /// A regular file in a directory that takes no temporary file.
    InPlace(File),
    /// A regular file, replaced by a temporary one.
    Replace(PathBuf, NamedTempFile),
}

impl Output {
    /// Opens an output without changing what is at `path`.
    ///
    /// # Errors
    /// If nothing can be written there.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let refuse = |error| Error::Output {
            path: path.into(),
            error,
        };
        Ok(Self {
            path: path.into(),
            sink: sink(path)?.map_err(refuse)?,
        })
    }

    /// Returns whether the output is standard output.
    pub fn is_stdout(&self) -> bool {
        matches!(self.sink, Sink::Stdout)
    }

    /// Writes the output.
    ///
    /// # Errors
    /// If `fill` fails, or the output cannot be written.
    pub fn write(
        self,
        fill: impl FnOnce(&mut dyn Write) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let mut bytes = Vec::new();
        fill(&mut bytes)?;
        self.sink.write(&bytes).map_err(|error| {
            let path = self.path;
            Error::Output { path, error }.into()
        })
    }
}

impl Sink {
    fn write(self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Stdout => {
                let mut out = io::stdout().lock();
                out.write_all(bytes)?;
                out.flush()
            }
            Self::Through(path) => {
                let mut file = OpenOptions::new().write(true).open(path)?;
                file.write_all(bytes)?;
                file.flush()
            }
            Self::InPlace(mut file) => {
                file.set_len(0)?;
                file.write_all(bytes)?;
                file.sync_all()
            }
            Self::Replace(path, mut file) => {
                file.write_all(bytes)?;
                file.as_file().set_len(bytes.len() as u64)?;
                file.as_file().sync_all()?;
                file.persist(path).map_err(|error| error.error)?;
                Ok(())
            }
        }
    }
}

/// Returns the sink of a path. The outer error is one of usage.
fn sink(path: &Path) -> Result<io::Result<Sink>, Error> {
    if STDOUT.iter().any(|name| path == Path::new(name)) {
        return Ok(Ok(Sink::Stdout));
    }
    let usage = |reason: &str| {
        let text = format!("cannot write {}: {reason}", path.display());
        Err(Error::Usage(text))
    };
    let target = match follow(path) {
        Ok(target) => target,
        Err(error) => return Ok(Err(error)),
    };
    let parent = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    match fs::metadata(&target) {
        Ok(found) if found.is_dir() => usage("it is a directory"),
        Ok(found) if !found.is_file() || is_of_process(&target) => {
            Ok(writable(&target).map(|()| Sink::Through(target)))
        }
        Ok(found) => Ok(
            writable(&target).and_then(|()| replace(&target, parent, Some(found.permissions())))
        ),
        Err(_) if !parent.is_dir() => usage("its directory does not exist"),
        Err(_) => Ok(replace(&target, parent, None)),
    }
}

/// Returns whether a path names an open file of this process, which must not be replaced.
fn is_of_process(path: &Path) -> bool {
    path.starts_with("/proc") || path.starts_with("/dev")
}

fn writable(path: &Path) -> io::Result<()> {
    access(path, AccessFlags::W_OK).map_err(io::Error::from)
}

/// Follows symbolic links up to a file, which need not exist. Stops at links of `/proc`, which lead
/// to open files and not to paths.
fn follow(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        if path.starts_with("/proc") {
            return Ok(path);
        }
        match fs::read_link(&path) {
            Ok(link) => path = path.parent().unwrap_or(Path::new("")).join(link),
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other("too many symbolic links"))
}

/// Creates a temporary file beside `target`, with disk space reserved.
fn replace(target: &Path, parent: &Path, permissions: Option<Permissions>) -> io::Result<Sink> {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let prefix = format!(".{name}.");
    // The umask applies to the mode of a new file.
    let mode = Permissions::from_mode(0o666);
    let created = tempfile::Builder::new()
        .prefix(&prefix)
        .suffix(".partial")
        .permissions(mode)
        .tempfile_in(parent);
    let file = match (created, &permissions) {
        (Ok(file), _) => file,
        // A writable file in a read-only directory, such as a mounted one.
        (Err(_), Some(_)) => {
            let file = OpenOptions::new().write(true).open(target)?;
            return Ok(Sink::InPlace(file));
        }
        (Err(error), None) => return Err(error),
    };
    if let Some(permissions) = permissions {
        file.as_file().set_permissions(permissions)?;
    }
    match posix_fallocate(file.as_file(), 0, RESERVED_BYTES) {
        Err(nix::errno::Errno::ENOSPC) => Err(nix::errno::Errno::ENOSPC.into()),
        // Other errors mean that the file system cannot reserve space.
        _ => Ok(Sink::Replace(target.to_owned(), file)),
    }
}

#[cfg(test)]
#[path = "files_tests.rs"]
mod tests;
