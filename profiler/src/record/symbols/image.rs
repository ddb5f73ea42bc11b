//! The symbols of an ELF file.

use super::lookup::functions_of;
use super::pclntab::Table;
use super::readable::{readable, readable_go};
use object::{File, Object, ObjectSection, ObjectSymbol, ObjectSymbolTable, ReadRef, SymbolKind};
use std::collections::{BTreeMap, BTreeSet};

/// Names of the section with Go's table of functions, in executables at a fixed address and in
/// position-independent ones.
pub const GO_TABLE: [&str; 2] = [".gopclntab", ".data.rel.ro.gopclntab"];
/// Place of the start of the code in the header of Go's table, in bytes.
const TEXT_IN_TABLE: u64 = 24;
/// Place of the start of the code in Go's `runtime.moduledata`, since Go 1.18, in bytes.
const TEXT_IN_MODULE: u64 = 176;

/// A function that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Its name, as its language writes it.
    pub name: String,
    /// Address of its first instruction, in the file's own address space.
    pub start: u64,
}

/// The function of each piece of code, by the piece's address.
pub type Functions = BTreeMap<u64, Function>;

/// An ELF file.
pub struct Image<'a, R: ReadRef<'a>> {
    elf: File<'a, R>,
    is_go: bool,
}

impl<'a, R: ReadRef<'a>> Image<'a, R> {
    /// Reads the headers; `None` if the file is no ELF file.
    pub fn parse(bytes: R) -> Option<Self> {
        let elf = File::parse(bytes).ok()?;
        let is_go = GO_TABLE
            .iter()
            .any(|name| elf.section_by_name(name).is_some());
        Some(Image { elf, is_go })
    }

    /// Returns the file, for what this type does not offer.
    pub fn elf(&self) -> &File<'a, R> {
        &self.elf
    }

    /// Returns whether Go's linker made the file.
    pub fn is_go(&self) -> bool {
        self.is_go
    }

    /// Returns the GNU build id in hexadecimal digits; empty without one.
    pub fn build_id(&self) -> String {
        let bytes = self.elf.build_id().ok().flatten().unwrap_or_default();
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Finds functions in the full symbol table. A piece is `length` bytes long.
    pub fn in_symbols(&self, pieces: &BTreeSet<u64>, length: u64) -> Functions {
        let table = self.elf.symbol_table();
        table.map_or_else(Functions::new, |table| {
            self.in_table(&table, pieces, length, |_| true)
        })
    }

    /// Finds functions among the exported symbols.
    pub fn in_exports(&self, pieces: &BTreeSet<u64>, length: u64) -> Functions {
        let table = self.elf.dynamic_symbol_table();
        table.map_or_else(Functions::new, |table| {
            // Code after an export of unknown size may belong to another function.
            self.in_table(&table, pieces, length, |size| size > 0)
        })
    }

    fn in_table<'file, T: ObjectSymbolTable<'a>>(
        &'file self,
        table: &'file T,
        pieces: &BTreeSet<u64>,
        length: u64,
        may_have: impl Fn(u64) -> bool,
    ) -> Functions {
        let list = || {
            let symbols = table.symbols().filter(|symbol| {
                symbol.kind() == SymbolKind::Text
                    && symbol.is_definition()
                    && may_have(symbol.size())
            });
            symbols.map(|symbol| (symbol.address(), symbol.size(), symbol.index()))
        };
        let found = functions_of(pieces, length, list);
        let named = found.into_iter().filter_map(|(piece, (start, index))| {
            let symbol = table.symbol_by_index(index).ok()?;
            let name = symbol.name().ok().filter(|name| !name.is_empty())?;
            let name = match self.is_go {
                true => readable_go(name),
                false => readable(name),
            };
            Some((piece, Function { name, start }))
        });
        named.collect()
    }

    /// Finds functions in Go's own table, which stripped executables have.
    pub fn in_go_table(&self, pieces: &BTreeSet<u64>, length: u64) -> Functions {
        let Some(table) = self.go_table() else {
            return Functions::new();
        };
        let list = || {
            let entries = table.functions().flatten();
            entries.map(|entry| {
                let size = entry.end.saturating_sub(entry.start);
                (entry.start, size, entry.place)
            })
        };
        let found = functions_of(pieces, length, list);
        let named = found.into_iter().filter_map(|(piece, (start, place))| {
            let name = readable_go(table.name(place)?);
            Some((piece, Function { name, start }))
        });
        named.collect()
    }

    /// Returns Go's table of functions; `None` if the file has no table of a known format.
    pub fn go_table(&self) -> Option<Table<'a>> {
        let mut sections = GO_TABLE.iter();
        let section = sections.find_map(|name| self.elf.section_by_name(name))?;
        let table = Table::parse(section.data().ok()?)?;
        match table.lacks_text() {
            true => Some(table.with_text(self.go_text(section.address())?)),
            false => Some(table),
        }
    }

    /// Returns the start of Go's code, where the table of functions at `table` lacks it. C code may
    /// come before it.
    fn go_text(&self, table: u64) -> Option<u64> {
        let code = self.elf.section_by_name(".text")?;
        let is_code = |address: &u64| address.wrapping_sub(code.address()) < code.size();
        let module = self.elf.section_by_name(".go.module");
        let written = module.as_ref().and_then(|module| {
            let at = module.address().checked_add(TEXT_IN_MODULE)?;
            let bytes = module.data_range(at, 8).ok()??;
            Some(u64::from_le_bytes(bytes.try_into().ok()?))
        });
        if let Some(text) = written.filter(is_code) {
            return Some(text);
        }
        let places = [
            module.and_then(|module| module.address().checked_add(TEXT_IN_MODULE)),
            table.checked_add(TEXT_IN_TABLE),
        ];
        let relocated = self.elf.dynamic_relocations().and_then(|mut all| {
            let (_, relocation) = all.find(|(at, _)| places.contains(&Some(*at)))?;
            u64::try_from(relocation.addend()).ok()
        });
        relocated.filter(is_code).or(Some(code.address()))
    }
}
