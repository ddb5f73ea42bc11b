//! Implementations of functions that the dynamic linker chooses by the processor's features.
//!
//! The C library exports `memset` as a resolver (`STT_GNU_IFUNC`), which returns one of several
//! implementations. A stripped file has no symbols of these, but the resolver's code refers to
//! each.

use super::image::{Function, Functions, Image};
use super::references::{LONGEST, referred};
use object::{
    Architecture, Object, ObjectSection, ObjectSymbol, ReadRef, SectionKind, SymbolFlags,
};
use std::collections::{BTreeMap, BTreeSet};

/// Type of the symbol of a resolver (`STT_GNU_IFUNC`).
const RESOLVER: u8 = 10;
/// Bytes of code of one resolver that are read.
const MOST_CODE: u64 = 4_096;
/// Names of one implementation that are shown: `memcpy` and `memmove` often share one.
const MOST_NAMES: usize = 2;

/// Names pieces of code by the start of their function, where it is an implementation.
pub fn named<'a, R: ReadRef<'a>>(image: &Image<'a, R>, starts: &BTreeMap<u64, u64>) -> Functions {
    if starts.is_empty() {
        return Functions::new();
    }
    let implementations = implementations(image);
    let named = starts.iter().filter_map(|(piece, start)| {
        let name = implementations.get(start)?.clone();
        Some((
            *piece,
            Function {
                name,
                start: *start,
            },
        ))
    });
    named.collect()
}

/// Returns the names of implementations by the address of their first instruction.
fn implementations<'a, R: ReadRef<'a>>(image: &Image<'a, R>) -> BTreeMap<u64, String> {
    let elf = image.elf();
    let mut names: BTreeMap<u64, BTreeSet<&str>> = BTreeMap::new();
    if elf.architecture() != Architecture::X86_64 {
        return BTreeMap::new();
    }
    for symbol in elf.dynamic_symbols().filter(is_resolver) {
        let Ok(name) = symbol.name() else {
            continue;
        };
        let range = symbol.address()..symbol.address().saturating_add(symbol.size());
        for target in targets(elf, &range) {
            if !range.contains(&target) && is_code(elf, target) {
                names.entry(target).or_default().insert(name);
            }
        }
    }
    let names = names.into_iter();
    names
        .map(|(start, names)| (start, joined(&names)))
        .collect()
}

fn is_resolver<'a>(symbol: &impl ObjectSymbol<'a>) -> bool {
    matches!(symbol.flags(), SymbolFlags::Elf { st_info, .. } if st_info & 0xf == RESOLVER)
}

/// Returns the addresses that the code of a resolver refers to.
fn targets<'a>(elf: &impl Object<'a>, range: &std::ops::Range<u64>) -> Vec<u64> {
    let size = (range.end - range.start).min(MOST_CODE);
    let mut sections = elf.sections();
    let code = sections.find_map(|section| section.data_range(range.start, size).ok().flatten());
    let windows = code.unwrap_or_default().windows(LONGEST).enumerate();
    windows
        .filter_map(|(at, bytes)| referred(bytes, range.start.wrapping_add(at as u64)))
        .collect()
}

fn is_code<'a>(elf: &impl Object<'a>, address: u64) -> bool {
    elf.sections().any(|section| {
        let within = address.wrapping_sub(section.address()) < section.size();
        section.kind() == SectionKind::Text && within
    })
}

/// Returns the names without those for internal use, where others are known.
fn joined(names: &BTreeSet<&str>) -> String {
    let public = names.iter().filter(|name| !name.starts_with("__"));
    let public: Vec<&str> = public.take(MOST_NAMES).copied().collect();
    match public.is_empty() {
        true => names.iter().next().copied().unwrap_or_default().into(),
        false => public.join("/"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::symbols::bounded::Bounded;
    use std::fs::File;
    use std::path::Path;
    use std::process::Command;

    const LIBRARY: &str = "
    static int plain(int number) { return number + 1; }
    static int fast(int number) { return number + 2; }
    static void *resolve(void) {
        __builtin_cpu_init();
        return __builtin_cpu_supports(\"avx2\") ? (void *)fast : (void *)plain;
    }
    int work(int number) __attribute__((ifunc(\"resolve\")));
    int __work_checked(int number) __attribute__((ifunc(\"resolve\")));
    ";

    fn run(program: &str, dir: &Path, arguments: &[&str]) {
        let status = Command::new(program)
            .args(arguments)
            .current_dir(dir)
            .status();
        assert!(status.is_ok_and(|status| status.success()), "{program}");
    }

    #[test]
    fn names_the_implementations_of_a_stripped_library() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = |name: &str| dir.path().join(name);
        std::fs::write(path("work.c"), LIBRARY).expect("written");
        let flags = ["-O1", "-shared", "-fPIC", "-o", "work.so", "work.c"];
        run("cc", dir.path(), &flags);
        run(
            "objcopy",
            dir.path(),
            &["--strip-all", "work.so", "stripped.so"],
        );
        let open = |name: &str| Bounded::new(File::open(path(name)).expect("built"));
        let (with_symbols, stripped) = (open("work.so"), open("stripped.so"));
        let image = Image::parse(&with_symbols).expect("an ELF file");
        let symbols = image.elf().symbols();
        let known = symbols.filter(|symbol| matches!(symbol.name(), Ok("plain" | "fast")));
        let known: BTreeMap<u64, String> = known
            .map(|symbol| (symbol.address(), "work".to_owned()))
            .collect();
        assert_eq!(known.len(), 2);
        let image = Image::parse(&stripped).expect("an ELF file");
        assert_eq!(implementations(&image), known);
    }

    #[test]
    fn shows_public_names_first() {
        let names = |names: &[&'static str]| joined(&names.iter().copied().collect());
        assert_eq!(
            names(&["__memcpy_chk", "memmove", "memcpy"]),
            "memcpy/memmove"
        );
        assert_eq!(names(&["__memset_chk"]), "__memset_chk");
        assert_eq!(names(&["a", "b", "c"]), "a/b");
    }
}
