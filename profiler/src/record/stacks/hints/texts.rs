//! Texts that the code of a function refers to: messages, names of methods, formats.

use crate::record::symbols::references::{LONGEST, referred};
use crate::record::symbols::segments::Segment;
use std::fs::File;
use std::os::unix::fs::FileExt;

/// Bytes of code of one function that are read.
const MOST_CODE: u64 = 64 * 1024;
/// Texts that are kept of one function.
const MOST_TEXTS: usize = 6;
/// Characters that are kept of one text.
const LONGEST_TEXT: usize = 120;
/// Characters that a text has at least: a shorter one says nothing, and chance makes some.
const SHORTEST_TEXT: usize = 6;
/// Begin of texts that say nothing of a function: headers of the standard library are everywhere.
const EMPTY_OF_MEANING: &str = "/usr/";

/// Returns the code of a function, or its begin; nothing if it cannot be read.
pub fn code(file: &File, segments: &[Segment], (start, end): (u64, u64)) -> Vec<u8> {
    let size = end.saturating_sub(start).min(MOST_CODE);
    let mut code = vec![0; size as usize];
    let read = read_at(file, segments, start, true, &mut code);
    code.truncate(read.unwrap_or(0));
    code
}

/// Returns the first texts that code at an address refers to, each once.
pub fn texts(file: &File, segments: &[Segment], (start, code): (u64, &[u8])) -> Vec<String> {
    let mut texts: Vec<String> = Vec::new();
    for (at, window) in code.windows(LONGEST).enumerate() {
        let text = referred(window, start.wrapping_add(at as u64));
        let text = text.and_then(|address| text_at(file, segments, address));
        if let Some(text) = text.filter(|text| !texts.contains(text)) {
            texts.push(text);
        }
        if texts.len() == MOST_TEXTS {
            break;
        }
    }
    texts
}

/// Returns the text that begins at an address: printable, and between two zeros.
fn text_at(file: &File, segments: &[Segment], address: u64) -> Option<String> {
    let before = address.checked_sub(1)?;
    let mut bytes = [0; LONGEST_TEXT + 2];
    let read = read_at(file, segments, before, false, &mut bytes)?;
    let (zero, text) = bytes[..read].split_first()?;
    let end = text.iter().position(|byte| *byte == 0);
    let text = &text[..end
        .unwrap_or(LONGEST_TEXT)
        .min(LONGEST_TEXT)
        .min(text.len())];
    let is_text = *zero == 0
        && text.len() >= SHORTEST_TEXT
        && text.iter().all(|byte| (b' '..=b'~').contains(byte));
    let text = std::str::from_utf8(text).ok().filter(|_| is_text)?;
    (!text.starts_with(EMPTY_OF_MEANING)).then(|| text.into())
}

/// Reads bytes at an address of code or of data, as many as its segment has, and returns how many.
fn read_at(
    file: &File,
    segments: &[Segment],
    address: u64,
    executable: bool,
    bytes: &mut [u8],
) -> Option<usize> {
    let holds = |segment: &&Segment| address.wrapping_sub(segment.address) < segment.size;
    let mut segments = segments
        .iter()
        .filter(|segment| segment.executable == executable);
    let segment = segments.find(holds)?;
    let within = address - segment.address;
    let size = (segment.size - within).min(bytes.len() as u64) as usize;
    let offset = segment.offset.checked_add(within)?;
    file.read_exact_at(&mut bytes[..size], offset).ok()?;
    Some(size)
}
