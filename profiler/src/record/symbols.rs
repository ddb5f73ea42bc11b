//! Functions by the symbols of the files that code was mapped from.
//!
//! The files belong to the observed process and may be anything. They are read piece by piece, not
//! mapped, so that a file that shrinks meanwhile is an error and does not kill the recorder. Only
//! names that are needed are kept.

use super::memory::{MappedFile, WindowRegions};
use object::read::elf::{ElfFile32, ElfFile64};
use object::{Object, ObjectSegment, ObjectSymbol, ReadCache, SymbolKind};
use profiler_common::CODE_BITS;
use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Longest name kept, in characters: names of templates can have kilobytes.
pub const LONGEST_NAME: usize = 200;
/// Length of a unit of code, in bytes.
pub const UNIT: u64 = 1 << CODE_BITS;

/// Returns the function that has most of each piece of code, where symbols name it. A piece is
/// `length` bytes long and is given by its lowest address.
pub fn functions(
    pid: u32,
    regions: WindowRegions,
    length: u64,
    units: impl Iterator<Item = u64>,
) -> BTreeMap<u64, String> {
    let mut files: BTreeMap<PathBuf, Vec<(u64, MappedFile)>> = BTreeMap::new();
    for unit in units {
        if let Some(mapped) = regions.file_of(unit) {
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

/// Returns the functions of one file, as the process sees it; `None` if another file has its path
/// by now.
fn in_file(
    root: &Path,
    path: &Path,
    length: u64,
    units: &[(u64, MappedFile)],
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

/// Names units of code by their offset in the file.
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
    // The first of two names for one place counts: the full table comes before the exported one.
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

/// The function found so far, and the bytes of the unit that it has.
struct Best {
    overlap: u64,
    name: String,
}

/// Returns a symbol as its language writes it, without parameters and hashes.
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
        // Long enough for a whole unit that belongs to no other function.
        macro_rules! steps {
            ($($factor:literal)*) => {$(
                value = value.rotate_left(7) ^ std::hint::black_box(number).wrapping_mul($factor);
            )*};
        }
        steps!(3 5 7 11 13 17 19 23 29 31 37 41 43 47 53 59 61 67 71 73 79 83 89 97);
        value
    }

    #[test]
    fn finds_functions_of_this_process() {
        std::hint::black_box(a_function_to_be_found(3));
        let pid = std::process::id();
        let mapped = regions_of(pid);
        let regions = WindowRegions {
            start: &mapped,
            end: &mapped,
        };
        let unit = (a_function_to_be_found as *const () as u64 + UNIT) & !(UNIT - 1);
        let nowhere = 0x1000;
        let found = functions(pid, regions, UNIT, [unit, nowhere].into_iter());
        let names: Vec<&String> = found.values().collect();
        assert!(
            names.len() == 1 && names[0].ends_with("a_function_to_be_found"),
            "{names:?}"
        );
    }

    #[test]
    fn finds_no_names_in_files_that_are_no_program() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("file");
        std::fs::write(&path, b"\x7fELF and then nothing of it").expect("written");
        let inode = path.metadata().expect("it is there").ino();
        let mapped = |inode| MappedFile {
            path: path.clone(),
            offset: 0,
            inode,
        };
        let look = |inode| in_file(Path::new("/"), &path, UNIT, &[(0, mapped(inode))]);
        assert_eq!(look(inode), None);
        assert_eq!(look(inode + 1), None, "another file of that name");
    }

    #[test]
    fn demangles_symbols() {
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
