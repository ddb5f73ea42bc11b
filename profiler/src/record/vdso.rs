//! The vDSO: code that the kernel maps into every process, so that reading the clock needs no
//! system call (vdso(7)).
//!
//! It has no file, but is an ELF image with symbols. Each process may have another: that of a
//! 32-bit program, or one that a sandbox put there. So each is read from the process's own memory,
//! and one file in memory serves all processes with the same.

use nix::sys::memfd::{MFdFlags, memfd_create};
use std::fs::File;
use std::io::Write;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::rc::Rc;

/// Path of the mapping in `/proc/PID/maps`. Paths of files are absolute.
pub const PATH: &str = "[vdso]";
/// Largest image that is read, in bytes: the kernel's has two to four pages.
const LARGEST: u64 = 64 << 10;
/// Images that are kept.
const MOST: usize = 8;

/// Images, each once.
#[derive(Debug, Default)]
pub struct Images(Vec<(Vec<u8>, Rc<File>)>);

impl Images {
    /// Reads the image that a process has mapped; `None` without the privilege to read its memory.
    pub fn of(&mut self, pid: u32, range: Range<u64>) -> Option<Rc<File>> {
        let size = range.end.checked_sub(range.start)?;
        if size > LARGEST {
            return None;
        }
        let mut image = vec![0; size as usize];
        let memory = File::open(format!("/proc/{pid}/mem")).ok()?;
        memory.read_exact_at(&mut image, range.start).ok()?;
        if let Some((_, known)) = self.0.iter().find(|(known, _)| *known == image) {
            return Some(known.clone());
        }
        if self.0.len() == MOST {
            return None;
        }
        let mut file = File::from(memfd_create(c"vdso", MFdFlags::MFD_CLOEXEC).ok()?);
        file.write_all(&image).ok()?;
        let file = Rc::new(file);
        self.0.push((image, file.clone()));
        Some(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::memory::code_regions_of;

    #[test]
    fn reads_the_image_of_this_process_once() {
        let pid = std::process::id();
        let range = code_regions_of(pid).vdso().expect("the kernel maps one");
        let mut images = Images::default();
        let file = images.of(pid, range.clone()).expect("its own memory");
        let mut magic = [0; 4];
        file.read_exact_at(&mut magic, 0).expect("it has a start");
        assert_eq!(&magic, b"\x7fELF");
        let again = images.of(pid, range).expect("its own memory");
        assert!(Rc::ptr_eq(&file, &again));
    }

    #[test]
    fn rejects_what_is_no_image() {
        let mut images = Images::default();
        let pid = std::process::id();
        assert!(images.of(pid, 0..4096).is_none(), "nothing is mapped");
        assert!(images.of(pid, 0..LARGEST + 1).is_none());
        assert!(images.of(u32::MAX >> 1, 0..4096).is_none());
    }
}
