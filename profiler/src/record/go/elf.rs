//! Functions of a Go executable, from its symbols. In a stripped executable they come from
//! `.gopclntab`.
//!
//! The file belongs to the observed process and may be anything, so that reads are bounded and
//! checked.

use super::reasons;
use crate::record::symbols::bounded::Bounded;
use crate::record::symbols::image::Image;
use anyhow::{Context, Result, bail, ensure};
use object::{Object, ObjectSection, ObjectSymbol, ReadRef, SymbolKind};
use std::fs::File;
use std::path::Path;

/// Package of the functions.
const PACKAGE: &str = "runtime.";
/// Functions kept: the runtime has some thousands.
const MOST: usize = 50_000;
/// Bytes of a function's beginning in which `push %rbp; mov %rsp,%rbp` is looked for.
const BEGINNING: u64 = 32;
const PUSH: &[u8] = &[0x55, 0x48, 0x89, 0xe5];

/// The functions of the runtime in an executable.
#[derive(Debug)]
pub struct Executable {
    /// The functions, in no particular order.
    pub functions: Vec<Function>,
    /// Names of the reasons for which goroutines wait, by number; none where they are not found.
    pub reasons: Vec<String>,
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
        let bounded = Bounded::new(File::open(path)?);
        let image = Image::parse(&bounded).context("it is no ELF file")?;
        let mut addresses = by_symbols(image.elf());
        if addresses.is_empty() {
            addresses = by_table(&image)?;
        }
        ensure!(
            !addresses.is_empty(),
            "no function of package runtime is named"
        );
        let functions = addresses.into_iter().map(|(name, address)| Function {
            push_at: push_at(image.elf(), address),
            name,
        });
        Ok(Executable {
            functions: functions.collect(),
            reasons: reasons::read(image.elf()),
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

fn by_table<'a, R: ReadRef<'a>>(image: &Image<'a, R>) -> Result<Addresses> {
    let table = image
        .go_table()
        .context("it has neither symbols nor Go's table of functions in a known format")?;
    let mut found = Addresses::new();
    for entry in table.functions() {
        let named = entry.and_then(|entry| Some((table.name(entry.place)?, entry.start)));
        let Some((name, address)) = named else {
            bail!("its table of functions contradicts itself");
        };
        if is_wanted(name) && found.len() < MOST {
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
