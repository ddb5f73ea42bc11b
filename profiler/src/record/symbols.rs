//! Functions by the symbols of the files that code was mapped from.
//!
//! The files belong to the observed process and may be anything: see [`bounded`] and [`root`]. Only
//! names that are needed are kept.

pub mod bounded;
pub mod debug_files;
pub mod ifunc;
pub mod image;
pub mod inlined;
pub mod java_class;
mod lookup;
mod mini;
pub mod package;
mod pclntab;
pub mod readable;
pub mod references;
pub mod root;
pub mod segments;
#[cfg(test)]
pub mod testing;
pub mod unwind;

use super::memory::{MappedFile, WindowRegions};
use bounded::Bounded;
use debug_files::{DebugFiles, Wanted};
use image::{Functions, Image};
use inlined::{Inlined, has_debug_info};
use object::ReadRef;
use profiler_common::CODE_BITS;
pub use readable::LONGEST_NAME;
use recording::process::CodeAddress;
use root::Root;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

/// Length of a unit of code, in bytes.
pub const UNIT: u64 = 1 << CODE_BITS;

/// A piece of code of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Code {
    /// The function that has most of it.
    Function(String),
    /// Its place, where no symbol names it and the file has a build id.
    Unnamed(CodeAddress),
}

/// Returns the function that has most of each piece of code, where symbols name it. A piece is
/// `length` bytes long and is given by its lowest address.
pub fn functions(
    debug_files: &DebugFiles,
    pid: u32,
    regions: WindowRegions,
    length: u64,
    units: impl Iterator<Item = u64>,
) -> BTreeMap<u64, String> {
    let pieces = code(debug_files, pid, regions, length, units).into_iter();
    let named = pieces.filter_map(|(unit, code)| match code {
        Code::Function(name) => Some((unit, name)),
        Code::Unnamed(_) => None,
    });
    named.collect()
}

/// Returns the function or the place of each piece of code that was mapped from a file. A piece is
/// `length` bytes long and is given by its lowest address.
pub fn code(
    debug_files: &DebugFiles,
    pid: u32,
    regions: WindowRegions,
    length: u64,
    units: impl Iterator<Item = u64>,
) -> BTreeMap<u64, Code> {
    let mut files: BTreeMap<PathBuf, Vec<(u64, MappedFile)>> = BTreeMap::new();
    for unit in units {
        if let Some(mapped) = regions.file_of(unit) {
            files
                .entry(mapped.path.clone())
                .or_default()
                .push((unit, mapped));
        }
    }
    let Ok(root) = Root::of_process(pid) else {
        return BTreeMap::new();
    };
    let named = files
        .values()
        .filter_map(|units| in_file(&root, debug_files, length, units));
    named.flatten().collect()
}

/// Returns the code of one file, as the process sees it; `None` if another file has its path by
/// now.
fn in_file(
    root: &Root,
    debug_files: &DebugFiles,
    length: u64,
    units: &[(u64, MappedFile)],
) -> Option<Vec<(u64, Code)>> {
    let mapped = &units.first()?.1;
    let file = open_mapped(root, mapped)?;
    let bounded = Bounded::new(file);
    let image = Image::parse(&bounded)?;
    let segments = segments::segments(image.elf());
    let placed = units.iter().filter_map(|(unit, mapped)| {
        let address = segments::address_of(&segments, mapped.offset)?;
        Some((*unit, address))
    });
    let placed: Vec<(u64, u64)> = placed.collect();
    let pieces: BTreeSet<u64> = placed.iter().map(|(_, address)| *address).collect();
    let wanted = Wanted::of(&image, &mapped.path);
    let debug_files = debug_files.find(&wanted, Some(root));
    let found = functions_in(&image, debug_files, &pieces, length);
    let unnamed = pieces.iter().filter(|piece| !found.contains_key(piece));
    let starts = unwind::starts(&image, &unnamed.copied().collect());
    let code = placed.iter().filter_map(|(unit, address)| {
        let named = found.get(address);
        let named = named.map(|function| Code::Function(function.name.clone()));
        let place = || {
            Code::Unnamed(CodeAddress {
                build_id: wanted.build_id.clone(),
                address: starts.get(address).copied().unwrap_or(*address),
            })
        };
        let has_id = !wanted.build_id.is_empty();
        Some((*unit, named.or_else(|| has_id.then(place))?))
    });
    Some(code.collect())
}

/// Opens a file that code was mapped from; `None` if another file has its path by now.
pub fn open_mapped(root: &Root, mapped: &MappedFile) -> Option<File> {
    let file = root.open(&mapped.path).ok()?;
    (file.metadata().ok()?.ino() == mapped.inode).then_some(file)
}

/// Finds functions of a file in its own tables and in its debug files, best first. A piece is
/// `length` bytes long.
pub fn functions_in<'a, R: ReadRef<'a>>(
    image: &Image<'a, R>,
    debug_files: impl Iterator<Item = File>,
    pieces: &BTreeSet<u64>,
    length: u64,
) -> Functions {
    let mut found = Functions::new();
    let mut missing = pieces.clone();
    let mut add = |functions: &mut dyn FnMut(&BTreeSet<u64>) -> Functions| {
        if !missing.is_empty() {
            found.extend(functions(&missing));
            missing.retain(|piece| !found.contains_key(piece));
        }
        missing.is_empty()
    };
    let is_done = add(&mut |missing| image.in_symbols(missing, length));
    let mut debug_files = debug_files.map(Bounded::new);
    let is_done = is_done
        || debug_files.any(|file| {
            let debug = Image::parse(&file);
            debug.is_some_and(|debug| add(&mut |missing| debug.in_symbols(missing, length)))
        });
    if !is_done
        && let Some(bytes) = mini::unpacked(image)
        && let Some(small) = Image::parse(bytes.as_slice())
    {
        add(&mut |missing| small.in_symbols(missing, length));
    }
    add(&mut |missing| image.in_go_table(missing, length));
    add(&mut |missing| image.in_exports(missing, length));
    found
}

/// Finds functions that are inlined at some addresses of a file, by its own DWARF, otherwise by
/// that of a debug file. DWARF larger than `largest` bytes is not read.
pub fn inlined_in<'a, R: ReadRef<'a>>(
    (file, image): (&File, &Image<'a, R>),
    debug_files: impl Iterator<Item = File>,
    addresses: &BTreeSet<u64>,
    largest: u64,
) -> Inlined {
    if has_debug_info(image, largest) {
        return inlined::functions(file, addresses);
    }
    let mut debug_files = debug_files.filter_map(|file| {
        let bounded = Bounded::new(file.try_clone().ok()?);
        has_debug_info(&Image::parse(&bounded)?, largest).then_some(file)
    });
    let found = debug_files.next();
    found.map_or_else(Inlined::new, |file| inlined::functions(&file, addresses))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::memory::regions_of;
    use std::path::Path;

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
        let found = functions(
            &DebugFiles::new(&[]),
            pid,
            regions,
            UNIT,
            [unit, nowhere].into_iter(),
        );
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
        let root = Root::at(Path::new("/")).expect("a folder");
        let look = |inode| in_file(&root, &DebugFiles::new(&[]), UNIT, &[(0, mapped(inode))]);
        assert_eq!(look(inode), None);
        assert_eq!(look(inode + 1), None, "another file of that name");
    }
}
