//! A file that code was mapped from.
//!
//! The file belongs to the observed process and may be anything.

use crate::record::memory::MappedFile;
use crate::record::symbols::bounded::Bounded;
use crate::record::symbols::debug_files::{DebugFiles, Wanted};
use crate::record::symbols::image::{Functions, Image};
use crate::record::symbols::inlined::Inlined;
use crate::record::symbols::package::Language;
use crate::record::symbols::root::Root;
use crate::record::symbols::segments::{Segment, address_of, offset_of, segments};
use crate::record::symbols::{functions_in, ifunc, inlined_in, unwind};
use object::{Object, ObjectSymbol, SymbolKind};
use profiler_common::call_site::{BEFORE, may_return_to};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::os::unix::fs::FileExt;

/// How far before its code the start of a function without a symbol is looked for, in bytes.
const REACH: u64 = 64 * 1024;
/// Functions of a file that are looked at to learn whether it keeps frame pointers.
const FUNCTIONS_TRIED: usize = 256;
/// `push %rbp; mov %rsp, %rbp`: how a function begins that keeps a frame.
const PROLOGUE: [u8; 4] = [0x55, 0x48, 0x89, 0xe5];
/// `endbr64`: may stand before the prologue.
const ENDBR64: [u8; 4] = [0xf3, 0x0f, 0x1e, 0xfa];

/// A file with what is known of its code. One that cannot be read names nothing.
#[derive(Debug, Default)]
pub struct ModuleFile {
    file: Option<File>,
    build_id: String,
    segments: Vec<Segment>,
    keeps_frame_pointers: bool,
    functions: Functions,
    /// Starts of functions without a symbol, by address of their code.
    starts: BTreeMap<u64, u64>,
    inlined: Inlined,
    language: Language,
}

/// A place in code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The function; empty where no symbol names it.
    pub function: String,
    /// Address of the function's first instruction, in the file's own address space.
    pub start: u64,
    /// Address of the code, where the start is that of a prologue and not certain.
    pub code: Option<u64>,
    /// Functions that are inlined there, innermost first.
    pub inlined: Vec<String>,
}

impl ModuleFile {
    /// Reads an open file and names the code at some offsets in it; `None` if it is no ELF file.
    /// Debug files are looked for in the root of the process as well.
    pub fn read(
        file: File,
        (debug_files, root): (&DebugFiles, Option<&Root>),
        mapped: &MappedFile,
        offsets: &[u64],
    ) -> Option<Self> {
        let bounded = Bounded::new(file.try_clone().ok()?);
        let image = Image::parse(&bounded)?;
        let segments = segments(image.elf());
        let placed = offsets.iter().filter_map(|at| address_of(&segments, *at));
        let pieces: BTreeSet<u64> = placed.collect();
        let wanted = Wanted::of(&image, &mapped.path);
        let files = || debug_files.find(&wanted, root);
        let mut functions = functions_in(&image, files(), &pieces, 1);
        let largest = debug_files.largest_dwarf();
        let inlined = inlined_in((&file, &image), files(), &pieces, largest);
        let unnamed = pieces.iter().filter(|piece| !functions.contains_key(piece));
        let starts = unwind::starts(&image, &unnamed.copied().collect());
        functions.extend(ifunc::named(&image, &starts));
        let mut module = ModuleFile {
            file: Some(file),
            starts,
            functions,
            inlined,
            language: Language::of(&image),
            build_id: wanted.build_id.clone(),
            segments,
            keeps_frame_pointers: true,
        };
        module.keeps_frame_pointers = module.mostly_keeps_frames(image.elf());
        Some(module)
    }

    /// Returns the build id; empty if the file has none.
    pub fn build_id(&self) -> &str {
        &self.build_id
    }

    /// Returns the language that names its functions.
    pub fn language(&self) -> Language {
        self.language
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
            .filter_map(|symbol| self.bytes::<8>(offset_of(&self.segments, symbol.address())?))
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

    /// Returns the function that holds the code at a file offset.
    pub fn place(&self, offset: u64) -> Place {
        // Without a file there is no other address.
        let address = address_of(&self.segments, offset).unwrap_or(offset);
        if let Some(function) = self.functions.get(&address) {
            return Place {
                function: function.name.clone(),
                start: function.start,
                code: None,
                inlined: self.inlined.get(&address).cloned().unwrap_or_default(),
            };
        }
        if let Some(start) = self.starts.get(&address) {
            return Place {
                start: *start,
                ..Place::default()
            };
        }
        Place {
            start: self.prologue_before(offset),
            code: Some(address),
            ..Place::default()
        }
    }

    /// Returns the address of the nearest prologue before a file offset, otherwise that of the code
    /// there.
    fn prologue_before(&self, offset: u64) -> u64 {
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
        address_of(&self.segments, start).unwrap_or(start)
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
}
