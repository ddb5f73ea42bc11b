//! Segments, read piece by piece: the file belongs to the observed process, may be
//! huge, and may shrink meanwhile.

use crate::record::symbols::segments::Segment;
use std::fs::File;
use std::os::unix::fs::FileExt;

/// Bytes that are read at once.
const PIECE: usize = 1 << 20;
/// Bytes of a segment that are read: larger ones are cut.
const MOST: u64 = 1 << 28;

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
