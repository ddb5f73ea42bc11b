//! Memory of an observed process. Anything may stand there.

use std::fs::File;
use std::os::unix::fs::FileExt;

/// Longest text that is read, in bytes.
const LONGEST: u64 = 4_096;

/// The memory of a process.
#[derive(Debug)]
pub struct ProcessMemory(File);

impl ProcessMemory {
    /// Opens the memory of a process; `None` where that is not permitted.
    pub fn of(pid: u32) -> Option<Self> {
        File::open(format!("/proc/{pid}/mem"))
            .ok()
            .map(ProcessMemory)
    }

    /// Returns the word at an address.
    pub fn word(&self, address: u64) -> Option<u64> {
        let mut bytes = [0; 8];
        self.read(address, &mut bytes)?;
        Some(u64::from_le_bytes(bytes))
    }

    fn read(&self, address: u64, bytes: &mut [u8]) -> Option<()> {
        self.0.read_exact_at(bytes, address).ok()
    }

    /// Returns a text of CPython, cut to a length. Its characters stand `ascii` or `compact` bytes
    /// behind its start.
    pub fn text(&self, address: u64, (ascii, compact): (u64, u64)) -> Option<String> {
        // `PyASCIIObject`: length, hash, and the bits of its form.
        let length = self.word(address.checked_add(16)?)?;
        let form = self.word(address.checked_add(32)?)? as u32;
        let (width, is_compact, is_ascii) = ((form >> 2) & 7, form >> 5 & 1, form >> 6 & 1);
        if is_compact == 0 || !matches!(width, 1 | 2 | 4) {
            return None;
        }
        let start = if is_ascii == 1 { ascii } else { compact };
        let size = length.saturating_mul(width.into()).min(LONGEST);
        let mut bytes = vec![0; size as usize];
        self.read(address.checked_add(start)?, &mut bytes)?;
        let letters = bytes.chunks_exact(width as usize).map(|chunk| {
            let wide = chunk
                .iter()
                .rev()
                .fold(0u32, |wide, byte| wide << 8 | u32::from(*byte));
            char::from_u32(wide).unwrap_or(char::REPLACEMENT_CHARACTER)
        });
        Some(letters.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own() -> ProcessMemory {
        ProcessMemory::of(std::process::id()).expect("this process")
    }

    /// Returns a text as CPython 3.12 keeps it.
    fn object(form: u32, length: u64, start: usize, characters: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; start];
        bytes[16..24].copy_from_slice(&length.to_le_bytes());
        bytes[32..36].copy_from_slice(&form.to_le_bytes());
        bytes.extend(characters);
        bytes
    }

    #[test]
    fn reads_texts_of_every_width() {
        let form = |width: u32, ascii: u32| width << 2 | 1 << 5 | ascii << 6;
        let wide = "ж字"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect::<Vec<_>>();
        for (object, expected) in [
            (object(form(1, 1), 4, 40, b"main"), "main"),
            (object(form(1, 0), 2, 56, &[0xe9, b'a']), "éa"),
            (object(form(2, 0), 2, 56, &wide), "ж字"),
            (object(form(4, 0), 1, 56, &0x1f40du32.to_le_bytes()), "🐍"),
        ] {
            let found = own().text(object.as_ptr() as u64, (40, 56));
            assert_eq!(found.as_deref(), Some(expected));
        }
    }

    #[test]
    fn rejects_what_is_no_text() {
        let legacy = object(1 << 2, 4, 40, b"main");
        assert_eq!(own().text(legacy.as_ptr() as u64, (40, 56)), None);
        for address in [0, 8, u64::MAX, u64::MAX - 20, 1 << 62] {
            assert_eq!(own().text(address, (40, 56)), None, "{address:#x}");
            assert_eq!(own().word(address), None);
        }
    }

    #[test]
    fn cuts_texts_that_claim_to_be_long() {
        let mut object = object(1 << 2 | 1 << 5 | 1 << 6, u64::MAX, 40, &[b'x'; 8_000]);
        object.push(0);
        let found = own().text(object.as_ptr() as u64, (40, 56));
        assert_eq!(found.map(|text| text.len()), Some(LONGEST as usize));
    }
}
