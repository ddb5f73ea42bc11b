//! The functions that samples of user code fell into, from the symbols of the files that the code was mapped from.
//!
//! The files belong to the observed process and may be anything: they are read piece by piece rather than mapped, so
//! that one that shrinks meanwhile is an error and not the end of the recording, and only names that are wanted are kept.

use super::memory::{Mapped, Places};
use object::read::elf::{ElfFile32, ElfFile64};
use object::{Object, ObjectSegment, ObjectSymbol, ReadCache, SymbolKind};
use profiler_common::CODE_BITS;
use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Names longer than this are cut: those of templates can have kilobytes.
pub const LONGEST_NAME: usize = 200;
/// Bytes of a unit of code.
pub const UNIT: u64 = 1 << CODE_BITS;

/// Of each piece of code of `length` bytes (by its lowest address) the function that has most of it, where that is known.
pub fn functions(
    pid: u32,
    places: Places,
    length: u64,
    units: impl Iterator<Item = u64>,
) -> BTreeMap<u64, String> {
    let mut files: BTreeMap<PathBuf, Vec<(u64, Mapped)>> = BTreeMap::new();
    for unit in units {
        if let Some(mapped) = places.file_of(unit) {
            files
                .entry(mapped.path.clone())
                .or_default()
                .push((unit, mapped));
        }
    }
    let root = PathBuf::from(format!("/proc/{pid}/root"));
    let named = files
        .iter()
        .filter_map(|(path, units)| in_file(&root, path, length, units));
    named.flatten().collect()
}

/// The functions of one file, read as the process sees it; none where that is no longer the file it was mapped from.
fn in_file(
    root: &Path,
    path: &Path,
    length: u64,
    units: &[(u64, Mapped)],
) -> Option<Vec<(u64, String)>> {
    let file = File::open(root.join(path.strip_prefix("/").ok()?)).ok()?;
    let inode = units.first()?.1.inode;
    if file.metadata().ok()?.ino() != inode {
        return None;
    }
    let cache = ReadCache::new(file);
    let offsets: BTreeMap<u64, u64> = units
        .iter()
        .map(|(unit, mapped)| (mapped.offset, *unit))
        .collect();
    match ElfFile64::<object::Endianness, _>::parse(&cache) {
        Ok(elf) => Some(named(&elf, length, &offsets)),
        Err(_) => {
            let elf = ElfFile32::<object::Endianness, _>::parse(&cache).ok()?;
            Some(named(&elf, length, &offsets))
        }
    }
}

/// Names units that are known by their offset in the file.
fn named<'data>(
    elf: &impl Object<'data>,
    length: u64,
    units: &BTreeMap<u64, u64>,
) -> Vec<(u64, String)> {
    let mut wanted: BTreeMap<u64, (u64, Option<Best>)> = BTreeMap::new();
    for segment in elf.segments() {
        let (start, size) = segment.file_range();
        for (offset, unit) in units.range(start..start.saturating_add(size)) {
            let address = segment.address().wrapping_add(offset - start);
            wanted.insert(address, (*unit, None));
        }
    }
    // Of two names for one place the first is taken: the full table comes before that of what is exported.
    for symbol in elf.symbols().chain(elf.dynamic_symbols()) {
        if symbol.kind() != SymbolKind::Text || symbol.size() == 0 {
            continue;
        }
        let (start, end) = (
            symbol.address(),
            symbol.address().saturating_add(symbol.size()),
        );
        let reached = wanted.range_mut(start.saturating_sub(length - 1)..end);
        for (address, (_, best)) in reached {
            let overlap = end.min(address.saturating_add(length)) - start.max(*address);
            if best.as_ref().is_none_or(|best| best.overlap < overlap) {
                let name = symbol.name().map(readable).unwrap_or_default();
                *best = Some(Best { overlap, name });
            }
        }
    }
    let found = wanted.into_values();
    found
        .filter_map(|(unit, best)| Some((unit, best?.name)))
        .collect()
}

/// The function found so far, and how many bytes of the unit it has.
struct Best {
    overlap: u64,
    name: String,
}

/// A symbol as its language writes it, without parameters and hashes.
fn readable(symbol: &str) -> String {
    let name = if let Ok(rust) = rustc_demangle::try_demangle(symbol) {
        format!("{rust:#}")
    } else {
        cpp(symbol).unwrap_or_else(|| symbol.to_owned())
    };
    name.chars().take(LONGEST_NAME).collect()
}

fn cpp(symbol: &str) -> Option<String> {
    if !symbol.starts_with("_Z") {
        return None;
    }
    let parsed = cpp_demangle::Symbol::new(symbol).ok()?;
    let options = cpp_demangle::DemangleOptions::new()
        .no_params()
        .no_return_type();
    parsed.demangle_with_options(&options).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::memory::regions_of;

    #[inline(never)]
    fn a_function_to_be_found(number: u64) -> u64 {
        let mut value = number;
        // So many steps that it is several units long: the first whole one belongs to nothing else.
        macro_rules! steps {
            ($($factor:literal)*) => {$(
                value = value.rotate_left(7) ^ std::hint::black_box(number).wrapping_mul($factor);
            )*};
        }
        steps!(3 5 7 11 13 17 19 23 29 31 37 41 43 47 53 59 61 67 71 73 79 83 89 97);
        value
    }

    #[test]
    fn functions_of_this_process_are_found() {
        std::hint::black_box(a_function_to_be_found(3));
        let pid = std::process::id();
        let regions = regions_of(pid);
        let places = Places {
            start: &regions,
            end: &regions,
        };
        let unit = (a_function_to_be_found as *const () as u64 + UNIT) & !(UNIT - 1);
        let nowhere = 0x1000;
        let found = functions(pid, places, UNIT, [unit, nowhere].into_iter());
        let names: Vec<&String> = found.values().collect();
        assert!(
            names.len() == 1 && names[0].ends_with("a_function_to_be_found"),
            "{names:?}"
        );
    }

    #[test]
    fn what_is_no_program_names_nothing() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("file");
        std::fs::write(&path, b"\x7fELF and then nothing of it").expect("written");
        let inode = path.metadata().expect("it is there").ino();
        let mapped = |inode| Mapped {
            path: path.clone(),
            offset: 0,
            inode,
        };
        let look = |inode| in_file(Path::new("/"), &path, UNIT, &[(0, mapped(inode))]);
        assert_eq!(look(inode), None);
        assert_eq!(look(inode + 1), None, "another file of that name");
    }

    #[test]
    fn symbols_are_made_readable() {
        for (symbol, expected) in [
            (
                "_ZN5tokio7runtime4task3raw4poll17h0123456789abcdefE",
                "tokio::runtime::task::raw::poll",
            ),
            (
                "_ZN2v88internal4Heap14CollectGarbageENS0_15AllocationSpaceE",
                "v8::internal::Heap::CollectGarbage",
            ),
            ("runtime.scanobject", "runtime.scanobject"),
            ("_Znonsense", "_Znonsense"),
        ] {
            assert_eq!(readable(symbol), expected);
        }
        assert_eq!(readable(&"x".repeat(1_000)).len(), LONGEST_NAME);
    }
}
