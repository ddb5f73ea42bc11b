//! Segments of an ELF file, read piece by piece: the file belongs to the observed process, may be
//! huge, and may shrink meanwhile.

use object::{Object, ObjectSegment, SegmentFlags, elf};
use std::fs::File;
use std::os::unix::fs::FileExt;

/// Bytes that are read at once.
const PIECE: usize = 1 << 20;
/// Bytes of a segment that are read: larger ones are cut.
const MOST: u64 = 1 << 28;

/// A part of a file as it is mapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Address of its first byte, in the file's own address space.
    pub address: u64,
    /// Place of its first byte in the file.
    pub offset: u64,
    /// Bytes in the file.
    pub size: u64,
    /// Whether it holds code.
    pub executable: bool,
}

/// Returns the segments of an x86-64 ELF file; none of any other file.
pub fn segments<'data>(file: &impl Object<'data>) -> Vec<Segment> {
    if file.architecture() != object::Architecture::X86_64 {
        return Vec::new();
    }
    let segments = file.segments().map(|segment| {
        let (offset, size) = segment.file_range();
        let flags = match segment.flags() {
            SegmentFlags::Elf { p_flags } => p_flags,
            _ => 0,
        };
        Segment {
            address: segment.address(),
            offset,
            size,
            executable: flags & elf::PF_X != 0,
        }
    });
    segments.collect()
}

/// Calls `look` with each piece of a segment and its address. Pieces overlap by `overlap` bytes, so
/// that text and code across an end are whole in one of them. Stops where the file ends early.
pub fn read_pieces(
    file: &File,
    segment: &Segment,
    overlap: usize,
    mut look: impl FnMut(u64, &[u8]),
) {
    let size = segment.size.min(MOST);
    let mut bytes = vec![0; PIECE.min(size as usize)];
    let mut at = 0;
    while at < size {
        let wanted = bytes.len().min((size - at) as usize);
        let Some(offset) = segment.offset.checked_add(at) else {
            return;
        };
        if file.read_exact_at(&mut bytes[..wanted], offset).is_err() {
            return;
        }
        look(segment.address.wrapping_add(at), &bytes[..wanted]);
        if at + wanted as u64 == size {
            return;
        }
        at += (wanted - overlap) as u64;
    }
}
