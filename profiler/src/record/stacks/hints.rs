//! Evidence of the work of functions, from the files that they were mapped from: instructions that
//! clear or copy memory, and for functions that no symbol names also source files and texts that
//! they refer to, and instructions that only some kinds of function have.

mod instructions;
mod pieces;
mod source_map;
mod texts;

use crate::record::symbols::bounded::Bounded;
use crate::record::symbols::segments::{Segment, segments};
use object::{Architecture, Object};
use recording::stacks::{Module, StackFrame};
use recording::vocabulary::CodePlace;
use recording::{CodeHint, Stacks};
use source_map::SourceMap;
use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::FileExt;

/// Samples of the innermost function of stacks, by the work of their instruction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    clearing: u64,
    copying: u64,
    all: u64,
}

/// Evidence collected while stacks are put together.
#[derive(Debug, Default)]
pub struct Hints {
    innermost: BTreeMap<StackFrame, Counts>,
}

impl Hints {
    /// Counts samples of user code by their innermost frame. `code` is the file and the offset in
    /// it of the sampled instruction. A compiler may clear or copy memory inside any function,
    /// whose name then says nothing of it.
    pub fn sample(&mut self, frame: &StackFrame, code: Option<(&File, u64)>, samples: u64) {
        if !matches!(frame.place, CodePlace::Region(_)) {
            return;
        }
        let counts = self.innermost.entry(frame.of_function()).or_default();
        counts.all += samples;
        let instruction = code.and_then(|(file, offset)| instruction_at(file, offset));
        match instruction {
            Some(Bulk::Clears) => counts.clearing += samples,
            Some(Bulk::Copies) => counts.copying += samples,
            None => {}
        }
    }

    /// Writes the evidence of each frame. `file_of` returns the file of a module.
    pub fn finish<'f>(self, stacks: &mut Stacks, file_of: impl Fn(&Module) -> Option<&'f File>) {
        let mut codes: BTreeMap<usize, Option<Code<'f>>> = BTreeMap::new();
        let mut hints = Vec::new();
        for (index, frame) in stacks.frames.iter().enumerate() {
            let Some(module) = frame.module else {
                continue;
            };
            let counts = self.innermost.get(&frame.of_function());
            let counts = counts.copied().unwrap_or_default();
            let has_symbol = !needs_hint(frame);
            if has_symbol && counts.clearing + counts.copying == 0 {
                continue;
            }
            let read = || {
                let file = stacks.modules.get(module).and_then(&file_of);
                file.and_then(Code::read)
            };
            let code = match has_symbol {
                true => &None,
                false => &*codes.entry(module).or_insert_with(read),
            };
            let mut hint = CodeHint {
                frame: index,
                clearing: counts.clearing,
                copying: counts.copying,
                innermost: counts.all,
                ..CodeHint::default()
            };
            if let Some(code) = code {
                code.describe(frame.address, &mut hint);
            }
            if hint.says_something() {
                hints.push(hint);
            }
        }
        stacks.hints = hints;
    }
}

/// Returns whether a frame of user code has no symbol.
fn needs_hint(frame: &StackFrame) -> bool {
    frame.function.is_empty() && matches!(frame.place, CodePlace::Region(_))
}

/// The code of one file.
struct Code<'f> {
    file: &'f File,
    segments: Vec<Segment>,
    sources: SourceMap,
}

impl<'f> Code<'f> {
    fn read(file: &'f File) -> Option<Self> {
        let bounded = Bounded::new(file.try_clone().ok()?);
        let elf = object::File::parse(&bounded).ok()?;
        // References are read in x86-64 code only.
        let segments = match elf.architecture() {
            Architecture::X86_64 => segments(&elf),
            _ => Vec::new(),
        };
        let sources = SourceMap::read(file, &segments);
        Some(Code {
            file,
            segments,
            sources,
        })
    }

    /// Writes what is known of the function at an address.
    fn describe(&self, address: u64, hint: &mut CodeHint) {
        if let Some(source) = self.sources.of(address) {
            hint.source = source.path;
            hint.neighbours = source.neighbours;
        }
        if let Some(range) = self.sources.range(address) {
            let code = texts::code(self.file, &self.segments, range);
            hint.texts = texts::texts(self.file, &self.segments, (range.0, &code));
            hint.takes_block = instructions::takes_block(&code);
            hint.examines_objects = instructions::examines_objects(&code);
        }
    }
}

/// An instruction that works on memory in bulk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bulk {
    Clears,
    Copies,
}

/// Returns the work of the instruction at an offset. A sample that interrupts a repeated
/// instruction finds its address.
fn instruction_at(file: &File, offset: u64) -> Option<Bulk> {
    let mut bytes = [0; 3];
    file.read_exact_at(&mut bytes, offset).ok()?;
    match bytes {
        [0xf3, 0xaa | 0xab, _] | [0xf3, 0x48, 0xab] => Some(Bulk::Clears),
        [0xf3, 0xa4 | 0xa5, _] | [0xf3, 0x48, 0xa5] => Some(Bulk::Copies),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
