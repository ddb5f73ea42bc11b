//! Functions that the compiler inlined, by DWARF.
//!
//! blazesym reads DWARF from a mapped file, and a mapped file that shrinks kills its reader. So the
//! file is copied first: the observed process may own it.

use super::image::Image;
use super::readable::readable;
use blazesym::symbolize::source::{Elf, Source};
use blazesym::symbolize::{Input, Symbolized, Symbolizer};
use object::{Object, ObjectSection, ReadRef};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{Read, Seek};
use std::path::Path;

/// Largest file that is copied, in bytes.
const LARGEST_FILE: u64 = 2 << 30;

/// Functions inlined at each address, innermost first. Addresses without any are left out.
pub type Inlined = BTreeMap<u64, Vec<String>>;

/// Returns whether a file has DWARF of at most this size. Compressed sections count as they are.
pub fn has_debug_info<'a, R: ReadRef<'a>>(image: &Image<'a, R>, largest: u64) -> bool {
    let section = image.elf().section_by_name(".debug_info");
    section.is_some_and(|section| (1..=largest).contains(&section.size()))
}

/// Finds the functions that are inlined at some addresses of a file; none if its DWARF cannot be
/// read.
pub fn functions(file: &File, addresses: &BTreeSet<u64>) -> Inlined {
    let Some(copy) = copied(file) else {
        return Inlined::new();
    };
    let addresses: Vec<u64> = addresses.iter().copied().collect();
    let found = in_file(copy.path(), &addresses).unwrap_or_default();
    let found = addresses.into_iter().zip(found);
    found
        .filter(|(_, functions)| !functions.is_empty())
        .collect()
}

fn copied(file: &File) -> Option<tempfile::NamedTempFile> {
    let mut from = file;
    from.rewind().ok()?;
    let mut copy = tempfile::NamedTempFile::new().ok()?;
    let mut limited = from.take(LARGEST_FILE + 1);
    let copied = std::io::copy(&mut limited, &mut copy).ok()?;
    (copied <= LARGEST_FILE).then_some(copy)
}

fn in_file(path: &Path, addresses: &[u64]) -> Option<Vec<Vec<String>>> {
    // No folders: separate debug files are found, and checked, elsewhere.
    let symbolizer = Symbolizer::builder()
        .set_debug_dirs(Some([Path::new("/nonexistent")]))
        .enable_code_info(true)
        .enable_inlined_fns(true)
        .enable_demangling(false)
        .build();
    let source = Source::Elf(Elf::new(path));
    let found = symbolizer.symbolize(&source, Input::VirtOffset(addresses));
    let functions = found.ok()?.into_iter().map(|found| match found {
        Symbolized::Sym(symbol) => {
            let outermost_first = symbol.inlined.iter();
            let names = outermost_first
                .rev()
                .map(|function| readable(&function.name));
            names.collect()
        }
        Symbolized::Unknown(_) => Vec::new(),
    });
    Some(functions.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::symbols::testing::{address_of_symbol, run};

    const PROGRAM: &str = "
static inline __attribute__((always_inline)) int inner(int number) {
    for (int i = 0; i < 100; i++) number = number * 31 + i;
    return number;
}
static inline __attribute__((always_inline)) int middle(int number) {
    return inner(number + 1) * 3;
}
__attribute__((noinline)) int outer(int number) { return middle(number); }
int main(int count, char **arguments) { return outer(count); }
";

    fn built() -> (tempfile::TempDir, std::path::PathBuf) {
        let dir = tempfile::tempdir().expect("a folder");
        let (source, path) = (dir.path().join("inlined.c"), dir.path().join("inlined"));
        std::fs::write(&source, PROGRAM).expect("written");
        run("cc", &["-g", "-O1", "-o"], &[&path, &source]);
        (dir, path)
    }

    /// Returns the inlined functions of every byte of `outer`, each once.
    fn inlined(path: &Path, outer: u64) -> BTreeSet<Vec<String>> {
        let file = File::open(path).expect("it is there");
        let addresses = (outer..outer + 16).collect();
        functions(&file, &addresses).into_values().collect()
    }

    #[test]
    fn names_inlined_functions_from_the_innermost_outward() {
        let (_dir, path) = built();
        let outer = address_of_symbol(&path, "outer").expect("it has the function");
        let found = inlined(&path, outer);
        let nested = ["inner", "middle"].map(str::to_owned).to_vec();
        assert!(found.contains(&nested), "{found:?}");
    }

    #[test]
    fn survives_files_that_are_damaged_or_shrink() {
        let (dir, path) = built();
        let outer = address_of_symbol(&path, "outer").expect("it has the function");
        let bytes = std::fs::read(&path).expect("read");
        let damaged = dir.path().join("damaged");
        for length in [0, 3, 64, bytes.len() / 2, bytes.len() - 1] {
            std::fs::write(&damaged, &bytes[..length]).expect("written");
            let _ = inlined(&damaged, outer);
        }
        let mut noise = bytes.clone();
        let image = Image::parse(bytes.as_slice()).expect("an ELF file");
        assert!(has_debug_info(&image, 1 << 20) && !has_debug_info(&image, 8));
        let section = image
            .elf()
            .section_by_name(".debug_info")
            .expect("it is there");
        let (from, size) = section.file_range().expect("it has bytes");
        for at in (from..from + size).step_by(7) {
            noise[at as usize] ^= 0x5a;
        }
        std::fs::write(&damaged, noise).expect("written");
        let _ = inlined(&damaged, outer);
    }
}
