//! Places in HotSpot, the JVM, where collections and safepoints begin and end.
//!
//! HotSpot marks them for tracers (SystemTap's `sys/sdt.h`, providers `hotspot` and `hs_private`)
//! where it was built with that. Otherwise symbols of the functions with the marks name them.

use super::content::{self, FileOffset};
use crate::record::symbols::bounded::Bounded;
use crate::record::symbols::segments;
use object::read::elf::{ElfFile64, FileHeader, SectionHeader};
use object::{Endianness, Object, ObjectSection};
use std::fs::File;
use std::path::{Path, PathBuf};

/// Places of libjvm below the folder of a Java installation, by its version.
const LIBRARIES: [&str; 4] = [
    "lib/server/libjvm.so",
    "lib/amd64/server/libjvm.so",
    "jre/lib/amd64/server/libjvm.so",
    "lib/client/libjvm.so",
];
/// Folders above a launcher in which a Java installation is looked for: `bin` or `jre/bin`.
const ABOVE: usize = 4;
/// Type of a note that marks a place (`NT_STAPSDT`).
const MARK: u32 = 3;
/// Bytes before the names of a mark: location, base and semaphore.
const ADDRESSES: usize = 3 * size_of::<u64>();

/// A place in HotSpot: provider and name of its mark, and the symbol of its function.
pub(super) struct Place {
    mark: (&'static str, &'static str),
    symbol: &'static str,
}

pub(super) const GC_BEGIN: Place = Place {
    mark: ("hotspot", "gc__begin"),
    symbol: "_ZN15VM_GC_Operation15notify_gc_beginEb",
};
pub(super) const GC_END: Place = Place {
    mark: ("hotspot", "gc__end"),
    symbol: "_ZN15VM_GC_Operation13notify_gc_endEv",
};
pub(super) const SAFEPOINT_BEGIN: Place = Place {
    mark: ("hs_private", "safepoint__begin"),
    symbol: "_ZN20SafepointSynchronize5beginEv",
};
pub(super) const SAFEPOINT_END: Place = Place {
    mark: ("hs_private", "safepoint__end"),
    symbol: "_ZN20SafepointSynchronize3endEv",
};

impl Place {
    /// Returns where the place is in a file; several where the compiler copied it.
    pub(super) fn offsets(&self, file: &Path) -> Vec<FileOffset> {
        let marked = marked(file, self.mark).unwrap_or_default();
        match marked.is_empty() {
            true => content::offset_of(file, self.symbol).into_iter().collect(),
            false => marked,
        }
    }
}

/// Returns the library beside a launcher of Java.
pub(super) fn library_of(launcher: &Path) -> Option<PathBuf> {
    let launcher = launcher.canonicalize().ok()?;
    let folders = launcher.ancestors().skip(1).take(ABOVE);
    let mut files = folders.flat_map(|folder| LIBRARIES.map(|library| folder.join(library)));
    files.find(|file| file.is_file())
}

/// Returns the places in a file with a mark.
fn marked(file: &Path, (provider, name): (&str, &str)) -> Option<Vec<FileOffset>> {
    let file = File::open(file).ok()?;
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    let bounded = Bounded::new(file);
    let elf: ElfFile64<Endianness, _> = ElfFile64::parse(&bounded).ok()?;
    let segments = segments::segments(&elf);
    // A tool that moved the file's addresses moved this section too.
    let base = elf.section_by_name(".stapsdt.base")?.address();
    let header = elf.elf_header();
    let endian = header.endian().ok()?;
    let sections = header.sections(endian, &bounded).ok()?;
    let notes = sections
        .iter()
        .filter_map(|section| section.notes(endian, &bounded).ok()?);
    let mut found = Vec::new();
    for mut notes in notes {
        while let Ok(Some(note)) = notes.next() {
            if note.name() != b"stapsdt" || note.n_type(endian) != MARK {
                continue;
            }
            let address = read_mark(note.desc(), (provider, name), base);
            let offset = address.and_then(|address| segments::offset_of(&segments, address));
            found.extend(offset.map(FileOffset));
        }
    }
    Some(found)
}

/// Returns the address that a note marks, if it has this provider and name. `base`: the address of
/// the section `.stapsdt.base` now.
fn read_mark(desc: &[u8], (provider, name): (&str, &str), base: u64) -> Option<u64> {
    let (addresses, names) = desc.split_at_checked(ADDRESSES)?;
    let word = |at: usize| {
        Some(u64::from_le_bytes(
            addresses.get(at..at + 8)?.try_into().ok()?,
        ))
    };
    let mut names = names.split(|byte| *byte == 0);
    let is_it = names.next() == Some(provider.as_bytes()) && names.next() == Some(name.as_bytes());
    is_it.then_some(())?;
    let (location, base_then) = (word(0)?, word(8)?);
    Some(location.wrapping_add(base.wrapping_sub(base_then)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(location: u64, base: u64, names: &[u8]) -> Vec<u8> {
        let words = [location, base, 0].map(u64::to_le_bytes);
        [words.concat(), names.to_vec()].concat()
    }

    #[test]
    fn reads_the_place_of_a_mark_where_the_file_was_moved() {
        let mark = ("hotspot", "gc__begin");
        let own = note(0x1000, 0x5000, b"hotspot\0gc__begin\x001@%dil\0");
        assert_eq!(read_mark(&own, mark, 0x5000), Some(0x1000));
        assert_eq!(read_mark(&own, mark, 0x5400), Some(0x1400));
    }

    #[test]
    fn rejects_other_and_damaged_marks() {
        let mark = ("hotspot", "gc__begin");
        for names in [
            &b"hotspot\0gc__end\0\0"[..],
            b"other\0gc__begin\0\0",
            b"hotspot",
            b"",
        ] {
            assert_eq!(read_mark(&note(1, 2, names), mark, 2), None);
        }
        assert_eq!(read_mark(b"short", mark, 0), None);
    }

    #[test]
    fn finds_no_place_in_files_that_are_no_program() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("libjvm.so");
        std::fs::write(&file, b"\x7fELF and nothing more").expect("written");
        assert_eq!(GC_BEGIN.offsets(&file), []);
        assert_eq!(GC_BEGIN.offsets(dir.path()), []);
        assert_eq!(GC_BEGIN.offsets(&dir.path().join("missing")), []);
    }

    #[test]
    fn finds_the_library_beside_its_launcher() {
        let dir = tempfile::tempdir().expect("a folder");
        let java = dir.path().canonicalize().expect("it exists");
        for folder in ["bin", "lib/server"] {
            std::fs::create_dir_all(java.join(folder)).expect("created");
        }
        std::fs::write(java.join("bin/java"), b"").expect("written");
        assert_eq!(library_of(&java.join("bin/java")), None);
        let library = java.join("lib/server/libjvm.so");
        std::fs::write(&library, b"").expect("written");
        assert_eq!(library_of(&java.join("bin/java")), Some(library));
        assert_eq!(library_of(&java.join("bin/missing")), None);
    }
}
