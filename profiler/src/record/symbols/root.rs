//! Files of a mount namespace.
//!
//! A process may have placed anything at any path: links that lead out of the root, devices, pipes.
//! A path is resolved inside the root, and only regular files are opened.

use nix::errno::Errno;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, openat2};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Attempts to resolve a path while other processes rename or mount (openat2(2), `EAGAIN`).
const ATTEMPTS: usize = 16;

/// The root folder of a mount namespace.
#[derive(Debug)]
pub struct Root(File);

impl Root {
    /// Returns the root of a process, which may have ended by the time files are opened.
    ///
    /// # Errors
    /// The process has ended, or belongs to another user.
    pub fn of_process(pid: u32) -> io::Result<Self> {
        Self::at(Path::new(&format!("/proc/{pid}/root")))
    }

    /// Returns the folder at `path` as a root.
    ///
    /// # Errors
    /// It is no folder, or cannot be opened.
    pub fn at(path: &Path) -> io::Result<Self> {
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY;
        let folder = OpenOptions::new()
            .read(true)
            .custom_flags(flags.bits())
            .open(path)?;
        Ok(Root(folder))
    }

    /// Opens a regular file at a path inside the root.
    ///
    /// # Errors
    /// There is no such file, it is not regular, or it cannot be read.
    pub fn open(&self, path: &Path) -> io::Result<File> {
        // Opening a device may have effects, and opening a pipe may block. A path has neither.
        let found = File::from(self.resolve(path)?);
        if !found.metadata()?.is_file() {
            return Err(io::Error::other("not a regular file"));
        }
        OpenOptions::new()
            .read(true)
            .custom_flags(OFlag::O_NONBLOCK.bits())
            .open(format!("/proc/self/fd/{}", found.as_raw_fd()))
    }

    fn resolve(&self, path: &Path) -> io::Result<OwnedFd> {
        let inside = ResolveFlag::RESOLVE_IN_ROOT | ResolveFlag::RESOLVE_NO_MAGICLINKS;
        let how = OpenHow::new()
            .flags(OFlag::O_PATH | OFlag::O_CLOEXEC)
            .resolve(inside);
        for _ in 0..ATTEMPTS {
            match openat2(&self.0, path, how) {
                Err(Errno::EAGAIN) => {}
                end => return Ok(end?),
            }
        }
        Err(Errno::EAGAIN.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::stat::Mode;
    use std::os::unix::fs::symlink;

    #[test]
    fn resolves_links_inside_the_root() {
        let dir = tempfile::tempdir().expect("a folder");
        let root = Root::at(dir.path()).expect("opened");
        std::fs::write(dir.path().join("passwd"), "inside").expect("written");
        std::fs::create_dir(dir.path().join("etc")).expect("made");
        symlink("/passwd", dir.path().join("etc/absolute")).expect("linked");
        symlink("../../../passwd", dir.path().join("etc/upward")).expect("linked");
        for path in ["passwd", "/passwd", "/etc/absolute", "etc/upward"] {
            let mut file = root.open(Path::new(path)).expect(path);
            assert_eq!(io::read_to_string(&mut file).expect(path), "inside");
        }
        symlink("/etc/hostname", dir.path().join("outward")).expect("linked");
        assert!(root.open(Path::new("outward")).is_err());
    }

    #[test]
    fn rejects_pipes_folders_and_devices() {
        let dir = tempfile::tempdir().expect("a folder");
        let root = Root::at(dir.path()).expect("opened");
        nix::unistd::mkfifo(&dir.path().join("pipe"), Mode::S_IRWXU).expect("made");
        std::fs::create_dir(dir.path().join("folder")).expect("made");
        for path in ["pipe", "folder", "missing"] {
            assert!(root.open(Path::new(path)).is_err(), "{path}");
        }
        let host = Root::at(Path::new("/")).expect("opened");
        assert!(host.open(Path::new("/dev/zero")).is_err());
        assert!(
            host.open(Path::new("/proc/self/exe")).is_err(),
            "a magic link"
        );
        assert!(Root::at(&dir.path().join("pipe")).is_err());
    }
}
