//! Segments of an ELF file: places in the file, and addresses in the file's own address space.

use object::{Object, ObjectSegment, SegmentFlags, elf};

/// A part of a file that is mapped.
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

/// Returns the segments of a file that are mapped.
pub fn segments<'data>(file: &impl Object<'data>) -> Vec<Segment> {
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

/// Returns the address of a place in a file.
pub fn address_of(segments: &[Segment], offset: u64) -> Option<u64> {
    let within = |segment: &&Segment| offset.wrapping_sub(segment.offset) < segment.size;
    let segment = segments.iter().find(within)?;
    segment.address.checked_add(offset - segment.offset)
}

/// Returns the place in a file of an address.
pub fn offset_of(segments: &[Segment], address: u64) -> Option<u64> {
    let within = |segment: &&Segment| address.wrapping_sub(segment.address) < segment.size;
    let segment = segments.iter().find(within)?;
    segment.offset.checked_add(address - segment.address)
}
