//! Why goroutines wait: the names that an executable's runtime has for its wait reasons.
//!
//! Their numbers differ between versions of Go. The runtime has an array of strings
//! (`waitReasonStrings` in `runtime/runtime2.go`), whose first is empty and whose second is the
//! same in every version, so that it is found in stripped executables too.

use object::{Object, ObjectSection, ReadRef};

/// The second reason.
const SECOND: &[u8] = b"GC assist marking";
/// Bytes of a string in the array: its address and its length.
const ENTRY: usize = 16;
/// Reasons that are read; Go 1.26 has 47.
const MOST: usize = 128;
/// Bytes of a reason; the longest of Go 1.26 has 36.
const LONGEST: u64 = 80;
/// Section that has the array.
const DATA: &str = ".data";

/// Returns the reasons by their number; none if they are not found, as in position-independent
/// executables, whose addresses are known only when they run.
pub fn read<'a, R: ReadRef<'a>>(elf: &object::File<'a, R>) -> Vec<String> {
    let data = elf.section_by_name(DATA);
    let Some(bytes) = data.and_then(|section| section.data().ok()) else {
        return Vec::new();
    };
    let mut places = (0..bytes.len()).step_by(ENTRY / 2);
    let second = places.find(|place| {
        let entry = &bytes[*place..];
        has_length_of_second(entry) && text(elf, entry) == Some(SECOND)
    });
    let Some(first) = second.and_then(|second| second.checked_sub(ENTRY)) else {
        return Vec::new();
    };
    let entries = bytes[first..].chunks_exact(ENTRY).take(MOST);
    let reasons = entries.map_while(|entry| {
        let reason = text(elf, entry)?;
        std::str::from_utf8(reason).ok().map(str::to_owned)
    });
    reasons.collect()
}

fn has_length_of_second(entry: &[u8]) -> bool {
    entry.get(ENTRY / 2..ENTRY) == Some(&(SECOND.len() as u64).to_le_bytes()[..])
}

/// Returns the text of the string that `entry` begins with; `None` if it cannot be a reason.
fn text<'a, R: ReadRef<'a>>(elf: &object::File<'a, R>, entry: &[u8]) -> Option<&'a [u8]> {
    let word = |at: usize| Some(u64::from_le_bytes(entry.get(at..at + 8)?.try_into().ok()?));
    let (address, length) = (word(0)?, word(ENTRY / 2)?);
    if length == 0 && address == 0 {
        return Some(&[]);
    }
    if !(1..=LONGEST).contains(&length) {
        return None;
    }
    let section = elf.sections().find(|section| {
        let end = section.address().saturating_add(section.size());
        (section.address()..end).contains(&address)
    })?;
    section.data_range(address, length).ok()?
}
