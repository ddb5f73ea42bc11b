//! The runtime family of a file, by its content. Its name says nothing: a Go program may be called
//! `node_exporter`, and an interpreter anything.
//!
//! The file belongs to the observed process and may be anything. It is read piece by piece, up to
//! a limit, and never run.

use crate::record::symbols::segments;
use object::read::elf::ElfFile64;
use object::{
    Endianness, Object, ObjectSection, ObjectSegment, ObjectSymbol, ReadCache, ReadRef, SymbolKind,
};
use recording::vocabulary::Runtime;
use std::fs::File;
use std::path::Path;

/// Largest section that is read, in bytes: Node's table of exported names has 6 MB.
const LARGEST: u64 = 64 << 20;
/// Symbols that are looked at: Node has some 300,000.
const MOST_SYMBOLS: usize = 2_000_000;
/// Bytes of a data segment in which Go's mark is looked for, as Go's package `debug/buildinfo`
/// does.
const DATA_LOOKED_AT: u64 = 64 << 10;
/// The mark that Go's linker writes, at a multiple of [`GO_MARK_ALIGNMENT`].
const GO_MARK: &[u8] = b"\xff Go buildinf:";
const GO_MARK_ALIGNMENT: usize = 16;

/// Sections that only one runtime has.
const SECTIONS: [(&str, Runtime); 7] = [
    (".go.buildinfo", Runtime::Go),
    (".note.go.buildid", Runtime::Go),
    // Programs made by `bun build --compile` are Bun with more in this section.
    (".bun", Runtime::Bun),
    ("__DATA,__jsc_opcodes", Runtime::Bun),
    ("__DATA,__wtf_config", Runtime::Bun),
    // Native AOT.
    ("__managedcode", Runtime::Dotnet),
    (".dotnet_eh_table", Runtime::Dotnet),
];

/// Beginnings of names in the table of dynamic symbols: of functions that the runtime exports to
/// extensions or imports from its library, and of that library. The first that occurs decides: V8
/// is part of Node, and extensions of Node are also served by Bun and Deno.
const NAMES: [(&str, Runtime); 18] = [
    ("_ZN4node", Runtime::Node),
    ("libnode.so", Runtime::Node),
    ("_ZN2v88internal", Runtime::Node),
    ("enif_", Runtime::Beam),
    ("erl_drv_", Runtime::Beam),
    ("Py_BytesMain", Runtime::Python),
    ("_PyRuntime", Runtime::Python),
    ("libpython", Runtime::Python),
    ("ruby_init", Runtime::Ruby),
    ("libruby", Runtime::Ruby),
    ("php_execute_script", Runtime::Php),
    ("zend_parse_parameters", Runtime::Php),
    ("libjli.so", Runtime::Java),
    ("JLI_Launch", Runtime::Java),
    ("libjvm.so", Runtime::Java),
    ("DotNetRuntimeInfo", Runtime::Dotnet),
    ("libcoreclr.so", Runtime::Dotnet),
    // Last: Deno exports nothing else.
    ("napi_create_", Runtime::Deno),
];

/// Beginnings of names of libraries that a runtime is, where a small launcher loads it.
const LIBRARIES: [(&str, Runtime); 8] = [
    ("libjvm.so", Runtime::Java),
    ("libcoreclr.so", Runtime::Dotnet),
    ("libnode.so", Runtime::Node),
    ("libpython3", Runtime::Python),
    ("libpython2", Runtime::Python),
    ("libruby", Runtime::Ruby),
    ("libphp", Runtime::Php),
    ("beam.smp", Runtime::Beam),
];

/// Recognises a file; `None` if it is no executable of a known runtime.
pub fn of_file(path: &Path) -> Option<Runtime> {
    let file = File::open(path).ok()?;
    // A pipe would keep the reader waiting.
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    let cache = ReadCache::new(file);
    let elf: ElfFile64<Endianness, _> = ElfFile64::parse(&cache).ok()?;
    by_section(&elf)
        .or_else(|| by_exported_name(&elf))
        .or_else(|| has_go_mark(&elf).then_some(Runtime::Go))
}

/// Recognises a runtime by the names of the files that a process has mapped.
pub fn of_libraries(names: &[String]) -> Option<Runtime> {
    let is_mapped = |start: &str| names.iter().any(|name| name.starts_with(start));
    let known = LIBRARIES.iter().find(|(start, _)| is_mapped(start));
    known.map(|(_, runtime)| *runtime)
}

/// An offset in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileOffset(pub u64);

/// Returns where the function is in a file whose symbol begins so, clones of the compiler left out.
pub fn offset_of(path: &Path, symbol: &str) -> Option<FileOffset> {
    let file = File::open(path).ok()?;
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    let cache = ReadCache::new(file);
    let elf: ElfFile64<Endianness, _> = ElfFile64::parse(&cache).ok()?;
    let symbols = elf.dynamic_symbols().chain(elf.symbols());
    let mut defined = symbols
        .take(MOST_SYMBOLS)
        .filter(|found| found.kind() == SymbolKind::Text && found.is_definition());
    let found = defined.find(|found| {
        let name = found.name().unwrap_or_default();
        name.starts_with(symbol) && !name.contains('.')
    })?;
    segments::offset_of(&segments::segments(&elf), found.address()).map(FileOffset)
}

fn by_section<'data>(elf: &impl Object<'data>) -> Option<Runtime> {
    let mut sections = elf.sections();
    sections.find_map(|section| {
        let name = section.name().ok()?;
        let known = SECTIONS.iter().find(|(known, _)| *known == name);
        known.map(|(_, runtime)| *runtime)
    })
}

fn by_exported_name<'data, R: ReadRef<'data>>(
    elf: &ElfFile64<'data, Endianness, R>,
) -> Option<Runtime> {
    let strings = elf.section_by_name(".dynstr")?;
    if strings.size() > LARGEST {
        return None;
    }
    let strings = strings.data().ok()?;
    let best = strings.split(|byte| *byte == 0).filter_map(|name| {
        let begins = |(start, _): &(&str, Runtime)| name.starts_with(start.as_bytes());
        NAMES.iter().position(begins)
    });
    best.min().map(|place| NAMES[place].1)
}

/// Returns whether Go's mark is in a data segment: a file may have lost its sections.
fn has_go_mark<'data>(elf: &impl Object<'data>) -> bool {
    elf.segments().any(|segment| {
        let length = segment.size().min(DATA_LOOKED_AT);
        let data = segment.data_range(segment.address(), length);
        let data = data.ok().flatten().unwrap_or_default();
        let mut places = data.chunks(GO_MARK_ALIGNMENT);
        places.any(|place| place.starts_with(GO_MARK))
    })
}
