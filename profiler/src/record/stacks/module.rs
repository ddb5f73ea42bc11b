//! A file that code was mapped from.
//!
//! The file belongs to the observed process and may be anything. It is read piece by piece, not
//! mapped, so that a file that shrinks meanwhile is an error and does not kill the recorder.

use blazesym::symbolize::source::{Elf, Source};
use blazesym::symbolize::{Input, Symbolized, Symbolizer};
use object::{Object, ObjectSegment, ObjectSymbol, ReadCache, SymbolKind};
use profiler_common::call_site::{BEFORE, may_return_to};
use std::fs::File;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

/// How far before its code the start of a function without a symbol is looked for, in bytes.
const REACH: u64 = 64 * 1024;
/// Functions of a file that are looked at to learn whether it keeps frame pointers.
const FUNCTIONS_TRIED: usize = 256;
/// `push %rbp; mov %rsp, %rbp`: how a function begins that keeps a frame.
const PROLOGUE: [u8; 4] = [0x55, 0x48, 0x89, 0xe5];
/// `endbr64`: may stand before the prologue.
const ENDBR64: [u8; 4] = [0xf3, 0x0f, 0x1e, 0xfa];

/// A file with what is known of its code.
#[derive(Debug, Default)]
pub struct ModuleFile {
    path: Option<PathBuf>,
    file: Option<File>,
    build_id: String,
    /// File offset, size and address of each segment.
    segments: Vec<(u64, u64, u64)>,
    keeps_frame_pointers: bool,
}

impl ModuleFile {
    /// Opens a file as the process sees it. One that cannot be read, or another file that has its
    /// path by now, names nothing.
    pub fn open(pid: u32, path: &Path, inode: u64) -> Self {
        Self::read(pid, path, inode).unwrap_or_default()
    }

    fn read(pid: u32, path: &Path, inode: u64) -> Option<Self> {
        let seen = PathBuf::from(format!("/proc/{pid}/root"));
        let seen = seen.join(path.strip_prefix("/").ok()?);
        let file = File::open(&seen).ok()?;
        if file.metadata().ok()?.ino() != inode {
            return None;
        }
        let cache = ReadCache::new(file.try_clone().ok()?);
        let elf = object::File::parse(&cache).ok()?;
        let build_id = elf.build_id().ok().flatten().unwrap_or_default();
        let segments = elf.segments().map(|segment| {
            let (offset, size) = segment.file_range();
            (offset, size, segment.address())
        });
        let segments: Vec<_> = segments.collect();
        let mut module = ModuleFile {
            path: Some(seen),
            build_id: build_id.iter().map(|byte| format!("{byte:02x}")).collect(),
            segments,
            file: Some(file),
            keeps_frame_pointers: true,
        };
        module.keeps_frame_pointers = module.mostly_keeps_frames(&elf);
        Some(module)
    }

    /// Returns the build id; empty if the file has none.
    pub fn build_id(&self) -> &str {
        &self.build_id
    }

    /// Returns the open file.
    pub fn file(&self) -> Option<&File> {
        self.file.as_ref()
    }

    /// Returns whether functions of the file keep a frame.
    pub fn keeps_frame_pointers(&self) -> bool {
        self.keeps_frame_pointers
    }

    fn mostly_keeps_frames<'data>(&self, elf: &impl Object<'data>) -> bool {
        let symbols = elf.symbols().chain(elf.dynamic_symbols());
        let functions = symbols.filter(|symbol| {
            symbol.kind() == SymbolKind::Text && symbol.size() > 64 && symbol.is_definition()
        });
        let kept = functions
            .take(FUNCTIONS_TRIED)
            .filter_map(|symbol| self.bytes::<8>(self.offset_of(symbol.address())?))
            .map(|start| {
                start.starts_with(&PROLOGUE)
                    || start.starts_with(&ENDBR64) && start.ends_with(&PROLOGUE)
            });
        let (mut all, mut keeping) = (0, 0);
        for keeps in kept {
            all += 1;
            keeping += usize::from(keeps);
        }
        // Without a symbol nothing speaks against frames.
        all == 0 || 2 * keeping > all
    }

    /// Names code by its offsets in the file: the function and its address, where a symbol has it.
    pub fn symbolize(
        &self,
        symbolizer: &Symbolizer,
        offsets: &[u64],
    ) -> Vec<Option<(String, u64)>> {
        let unnamed = || vec![None; offsets.len()];
        let Some(path) = &self.path else {
            return unnamed();
        };
        let mut elf = Elf::new(path);
        // Symbol tables suffice for function names; reading DWARF takes seconds for a large file.
        elf.debug_syms = false;
        let source = Source::Elf(elf);
        let Ok(found) = symbolizer.symbolize(&source, Input::FileOffset(offsets)) else {
            return unnamed();
        };
        let names = found.into_iter().map(|found| match found {
            Symbolized::Sym(symbol) => Some((symbol.name.into_owned(), symbol.addr)),
            Symbolized::Unknown(_) => None,
        });
        names.collect()
    }

    /// Returns the address of the function that holds the code at a file offset: that of the
    /// nearest prologue before it, otherwise of the code itself.
    pub fn function_start(&self, offset: u64) -> u64 {
        let from = offset.saturating_sub(REACH);
        let mut before = vec![0; (offset - from) as usize + PROLOGUE.len()];
        let read = self
            .file
            .as_ref()
            .map(|file| file.read_at(&mut before, from));
        let read = read.and_then(Result::ok).unwrap_or(0);
        let windows = before[..read].windows(PROLOGUE.len());
        let mut found = windows.enumerate().filter(|(_, bytes)| *bytes == PROLOGUE);
        let start = found
            .next_back()
            .map_or(offset, |(place, _)| from + place as u64);
        self.address_of(start)
    }

    /// Returns whether the instruction before a file offset is a call.
    pub fn is_after_call(&self, offset: u64) -> bool {
        let before = offset.checked_sub(BEFORE as u64);
        let bytes = before.and_then(|before| self.bytes::<BEFORE>(before));
        bytes.is_some_and(|bytes| may_return_to(&bytes))
    }

    fn bytes<const N: usize>(&self, offset: u64) -> Option<[u8; N]> {
        let mut bytes = [0; N];
        let file = self.file.as_ref()?;
        file.read_exact_at(&mut bytes, offset).ok()?;
        Some(bytes)
    }

    fn address_of(&self, offset: u64) -> u64 {
        let within = |(start, size, _): &&(u64, u64, u64)| offset.wrapping_sub(*start) < *size;
        let segment = self.segments.iter().find(within);
        segment.map_or(offset, |(start, _, address)| {
            address.wrapping_add(offset - start)
        })
    }

    fn offset_of(&self, address: u64) -> Option<u64> {
        let within = |(_, size, start): &&(u64, u64, u64)| address.wrapping_sub(*start) < *size;
        let (offset, _, start) = self.segments.iter().find(within)?;
        offset.checked_add(address - start)
    }
}
