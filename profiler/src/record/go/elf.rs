//! Functions of a Go executable, from its symbols. In a stripped executable they come from
//! `.gopclntab`, the table that Go's own unwinder needs; no library reads it.
//!
//! The file belongs to the observed process and may be anything, so that reads are bounded and
//! checked.

use anyhow::{Context, Result, bail, ensure};
use object::read::elf::ElfFile64;
use object::{Endianness, Object, ObjectSection, ObjectSymbol, ReadCache, ReadRef, SymbolKind};
use std::fs::File;
use std::path::Path;

/// Package of the functions.
const PACKAGE: &str = "runtime.";
/// Functions kept: the runtime has some thousands.
const MOST: usize = 50_000;
/// Largest table that is read, in bytes: that of the Go compiler itself has 10 MB.
const LARGEST_TABLE: u64 = 256 << 20;
/// Bytes of a function's beginning in which `push %rbp; mov %rsp,%rbp` is looked for.
const BEGINNING: u64 = 32;
const PUSH: &[u8] = &[0x55, 0x48, 0x89, 0xe5];

/// The functions of the runtime in an executable.
#[derive(Debug)]
pub struct Executable {
    /// The functions, in no particular order.
    pub functions: Vec<Function>,
}

/// A function.
#[derive(Debug)]
pub struct Function {
    /// Name, with the package.
    pub name: String,
    /// Offset of its `push %rbp` in the file; `None` if it does not begin as Go's functions do on
    /// x86-64.
    pub push_at: Option<u64>,
}

impl Executable {
    /// Reads an executable.
    ///
    /// # Errors
    /// The file is no executable, or names no function of Go's runtime.
    pub fn read(path: &Path) -> Result<Self> {
        let cache = ReadCache::new(File::open(path)?);
        let elf: ElfFile64<Endianness, _> = ElfFile64::parse(&cache)?;
        let mut addresses = by_symbols(&elf);
        if addresses.is_empty() {
            addresses = by_table(&elf)?;
        }
        ensure!(
            !addresses.is_empty(),
            "no function of package runtime is named"
        );
        let functions = addresses.into_iter().map(|(name, address)| Function {
            push_at: push_at(&elf, address),
            name,
        });
        Ok(Executable {
            functions: functions.collect(),
        })
    }
}

type Addresses = Vec<(String, u64)>;

fn by_symbols<'data>(elf: &impl Object<'data>) -> Addresses {
    let symbols = elf
        .symbols()
        .filter(|symbol| symbol.kind() == SymbolKind::Text);
    let wanted = symbols.filter_map(|symbol| {
        let name = symbol.name().ok()?;
        is_wanted(name).then(|| (name.to_owned(), symbol.address()))
    });
    wanted.take(MOST).collect()
}

/// Returns whether a function may get a probe: to find the beginning of all of them would take
/// long.
fn is_wanted(name: &str) -> bool {
    const NAMES: [&str; 6] = [
        "newproc1",
        "goexit0",
        "gopark",
        "ready",
        "execute",
        "gcMarkTermination",
    ];
    let name = name.strip_prefix(PACKAGE);
    name.is_some_and(|name| NAMES.contains(&name) || name.starts_with("mallocgc"))
}

/// Reads Go's `runtime.pclntab`, as its linker writes it since 1.20 (src/debug/gosym/pclntab.go).
fn by_table<'data, R: ReadRef<'data>>(elf: &ElfFile64<'data, Endianness, R>) -> Result<Addresses> {
    let mut sections = elf.sections();
    let is_table = |name: &str| name == ".gopclntab" || name == ".data.rel.ro.gopclntab";
    let table = sections
        .find(|section| section.name().is_ok_and(is_table))
        .context("it has neither symbols nor Go's table of functions")?;
    ensure!(
        table.size() <= LARGEST_TABLE,
        "its table of functions is too large"
    );
    let text = elf.section_by_name(".text").context("it has no code")?;
    functions_in(table.data()?, text.address())
}

/// Returns the functions in a table. `text` is the start of the code, for tables without it.
fn functions_in(table: &[u8], text: u64) -> Result<Addresses> {
    const MAGIC: u32 = 0xffff_fff1;
    let word = |at: usize| {
        let bytes = table.get(at..at.checked_add(8)?)?;
        Some(u64::from_le_bytes(bytes.try_into().ok()?))
    };
    let half = |at: usize| {
        let bytes = table.get(at..at.checked_add(4)?)?;
        Some(u32::from_le_bytes(bytes.try_into().ok()?))
    };
    let header = || {
        let size_of_pointer = *table.get(7)?;
        (half(0)? == MAGIC && size_of_pointer == 8).then_some(())?;
        let count = usize::try_from(word(8)?).ok()?;
        let text = match word(24)? {
            0 => text,
            start => start,
        };
        let names = usize::try_from(word(32)?).ok()?;
        let functions = usize::try_from(word(64)?).ok()?;
        Some((count, text, names, functions))
    };
    let Some((count, text, names, functions)) = header() else {
        bail!("its table of functions has an unknown format");
    };
    let mut found = Addresses::new();
    for at in 0..count.min(table.len() / 8) {
        let one = || {
            let entry = functions.checked_add(at * 8)?;
            let data = functions.checked_add(half(entry + 4)? as usize)?;
            let name = names.checked_add(half(data.checked_add(4)?)? as usize)?;
            let name = table.get(name..)?;
            let name = name
                .get(..name.len().min(256))?
                .split(|byte| *byte == 0)
                .next()?;
            Some((name, text.checked_add(u64::from(half(entry)?))?))
        };
        let Some((name, address)) = one() else {
            bail!("its table of functions contradicts itself");
        };
        if let Ok(name) = std::str::from_utf8(name)
            && is_wanted(name)
            && found.len() < MOST
        {
            found.push((name.to_owned(), address));
        }
    }
    Ok(found)
}

/// Returns the offset in the file of the `push %rbp` of the function at `address`.
fn push_at<'data>(elf: &impl Object<'data>, address: u64) -> Option<u64> {
    let section = elf.sections().find(|section| {
        let end = section.address().saturating_add(section.size());
        (section.address()..end).contains(&address)
    })?;
    let beginning = section.data_range(address, BEGINNING).ok()??;
    let push = beginning
        .windows(PUSH.len())
        .position(|bytes| bytes == PUSH)?;
    let (offset, _) = section.file_range()?;
    offset
        .checked_add(address - section.address())?
        .checked_add(push as u64)
}

#[cfg(test)]
mod tests;
