//! A file that is read piece by piece, up to a limit.
//!
//! The file belongs to the observed process and may be anything. It is not mapped, so that a file
//! that shrinks meanwhile is an error and does not kill the recorder. Its sizes are not believed.

use object::{ReadCache, ReadRef};
use std::cell::Cell;
use std::fs::File;
use std::ops::Range;

/// Longest piece that is read: the symbol table of a browser engine has some tens of MiB.
const LONGEST_PIECE: u64 = 256 << 20;
/// Most that is read of one file.
const MOST: u64 = 1 << 30;

/// An open file.
pub struct Bounded {
    cache: ReadCache<File>,
    left: Cell<u64>,
}

impl Bounded {
    /// Begins to read a file.
    pub fn new(file: File) -> Self {
        Bounded {
            cache: ReadCache::new(file),
            left: Cell::new(MOST),
        }
    }
}

impl<'a> ReadRef<'a> for &'a Bounded {
    fn len(self) -> Result<u64, ()> {
        (&self.cache).len()
    }

    fn read_bytes_at(self, offset: u64, size: u64) -> Result<&'a [u8], ()> {
        let left = self.left.get().checked_sub(size).ok_or(())?;
        if size > LONGEST_PIECE {
            return Err(());
        }
        self.left.set(left);
        (&self.cache).read_bytes_at(offset, size)
    }

    fn read_bytes_at_until(self, range: Range<u64>, delimiter: u8) -> Result<&'a [u8], ()> {
        // The cache itself ends at 4096 bytes.
        (&self.cache).read_bytes_at_until(range, delimiter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejects_pieces_that_would_fill_memory() {
        let file = tempfile::tempfile().expect("a file");
        file.set_len(1 << 40).expect("sparse");
        let bounded = Bounded::new(file);
        assert_eq!((&bounded).len(), Ok(1 << 40));
        assert!((&bounded).read_bytes_at(0, 1 << 40).is_err());
        assert!((&bounded).read_bytes_at(0, LONGEST_PIECE + 1).is_err());
        assert_eq!((&bounded).read_bytes_at(1 << 39, 4), Ok(&[0; 4][..]));
        assert!((&bounded).read_bytes_at(u64::MAX, 4).is_err());
        bounded.left.set(3);
        assert!((&bounded).read_bytes_at(8, 4).is_err(), "the file's limit");
    }
}
