//! `.gnu_debugdata`: a small symbol table, compressed by LZMA, that Fedora and others leave in
//! stripped files (MiniDebugInfo in gdb's manual).
//!
//! The section belongs to the observed process and may hold anything: a few bytes can ask for
//! gigabytes, so that dictionary and output are limited.

use super::image::Image;
use object::{Object, ObjectSection, ReadRef};
use std::io::{Cursor, Read};
use std::num::NonZeroUsize;
use xz4rust::{XzDecoder, XzReader};

/// Longest section that is unpacked, in bytes.
const LONGEST_PACKED: u64 = 16 << 20;
/// Longest table that a section may hold, in bytes.
const LONGEST: u64 = 64 << 20;
/// Largest dictionary, in bytes: that of `xz -9`.
const LARGEST_DICTIONARY: usize = 64 << 20;
const BUFFER: NonZeroUsize = NonZeroUsize::new(64 << 10).expect("not zero");

/// Returns the ELF file in the section of a file; `None` without a section, or if it is too large.
pub fn unpacked<'a, R: ReadRef<'a>>(image: &Image<'a, R>) -> Option<Vec<u8>> {
    let section = image.elf().section_by_name(".gnu_debugdata")?;
    if section.size() > LONGEST_PACKED {
        return None;
    }
    unpack(section.data().ok()?)
}

fn unpack(packed: &[u8]) -> Option<Vec<u8>> {
    let decoder = XzDecoder::in_heap_with_alloc_dict_size(BUFFER.get(), LARGEST_DICTIONARY);
    let packed = Cursor::new(packed.to_vec());
    let reader = XzReader::new_with_buffer_size_and_decoder(packed, BUFFER, decoder);
    let mut bytes = Vec::new();
    reader.take(LONGEST + 1).read_to_end(&mut bytes).ok()?;
    (bytes.len() as u64 <= LONGEST).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Write;
    use std::process::{Command, Stdio};

    /// Packs bytes as `xz` does, which repeats them if they are to be many.
    fn packed(bytes: &[u8], times: usize) -> Vec<u8> {
        let mut xz = Command::new("xz");
        let xz = xz.args(["-9", "--stdout"]);
        let mut xz = xz
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("xz is there");
        let mut input = xz.stdin.take().expect("piped");
        let bytes = bytes.to_vec();
        let writer =
            std::thread::spawn(move || (0..times).try_for_each(|_| input.write_all(&bytes)));
        let output = xz.wait_with_output().expect("it ends").stdout;
        writer.join().expect("it ends").expect("written");
        output
    }

    #[test]
    fn unpacks_a_table_and_rejects_damage() {
        let table = b"\x7fELF and so on".repeat(100);
        let whole = packed(&table, 1);
        assert_eq!(unpack(&whole), Some(table));
        assert_eq!(unpack(&whole[..whole.len() - 20]), None);
        assert_eq!(unpack(b"no xz at all"), None);
        assert_eq!(unpack(b""), None);
    }

    #[test]
    fn rejects_a_table_that_would_fill_memory() {
        let bomb = packed(&[0; 1 << 20], 65);
        assert!(bomb.len() < 1 << 20);
        assert_eq!(unpack(&bomb), None);
    }

    proptest! {
        #[test]
        fn unpacks_or_rejects_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = unpack(&bytes);
            let _ = unpack(&[b"\xfd7zXZ\0\0\x04\xe6\xd6\xb4\x46".as_slice(), &bytes].concat());
        }
    }
}
