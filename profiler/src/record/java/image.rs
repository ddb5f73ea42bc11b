//! Modules of the JDK: the table of contents of its file `lib/modules`.
//!
//! The format is that of OpenJDK's `libjimage/imageFile.hpp`: a header, a table of hashes, a table
//! of places in the attributes of all resources, these attributes, and texts.

use super::Search;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

const MAGIC: u32 = 0xcafe_dada;
/// Words of the header.
const HEADER: usize = 7;
/// Longest tables that are read, in bytes. Those of JDK 17 have 2.6 MB.
const LONGEST: u64 = 64 << 20;
/// Resources that are looked at. JDK 17 has 30,000.
const MOST: u64 = 1 << 20;
/// Longest text, in bytes.
const LONGEST_TEXT: usize = 256;
/// Attributes of a resource: there are eight kinds.
const MOST_ATTRIBUTES: usize = 16;

/// Kinds of attributes of a resource.
const MODULE: usize = 1;
const PARENT: usize = 2;
const BASE: usize = 3;
const EXTENSION: usize = 4;
/// Attributes that are kept; larger kinds are of contents.
const KEPT: usize = 5;

/// Looks for classes in an image.
///
/// # Errors
/// It cannot be read, or is no image.
pub fn read(file: &File, search: &mut Search) -> io::Result<()> {
    let mut header = [0; 4 * HEADER];
    file.read_exact_at(&mut header, 0)?;
    let words: Vec<u32> = words(&header).collect();
    let damaged = |what| io::Error::new(io::ErrorKind::InvalidData, what);
    if words[0] != MAGIC {
        return Err(damaged("it does not begin as an image of modules"));
    }
    let [slots, attributes, texts] = [words[4], words[5], words[6]].map(u64::from);
    let length = 8 * slots + attributes + texts;
    let left = search.left.get().checked_sub(length);
    if slots > MOST || length > LONGEST || length > file.metadata()?.len() {
        return Err(damaged("its tables are too long"));
    }
    search
        .left
        .set(left.ok_or_else(|| damaged("the archives are too large"))?);
    let mut tables = vec![0; length as usize];
    file.read_exact_at(&mut tables, header.len() as u64)?;
    let (hashes, rest) = tables.split_at(4 * slots as usize);
    let (places, rest) = rest.split_at(hashes.len());
    let (attributes, texts) = rest.split_at(attributes as usize);
    let mut name = String::new();
    for place in self::words(places) {
        let Some(resource) = attributes.get(place as usize..).and_then(resource) else {
            continue;
        };
        let text = |kind: usize| text(texts, resource[kind]);
        if let (Some(module), Some(parent), Some(base), Some("class")) =
            (text(MODULE), text(PARENT), text(BASE), text(EXTENSION))
            && !module.is_empty()
        {
            name.clear();
            name.extend([parent, "/", base]);
            search.hit(&name, module);
        }
    }
    Ok(())
}

fn words(bytes: &[u8]) -> impl Iterator<Item = u32> {
    let words = bytes.chunks_exact(4);
    words.map(|word| u32::from_ne_bytes([word[0], word[1], word[2], word[3]]))
}

/// Reads the attributes of a resource: a byte with the kind and the length of each, then its value,
/// most significant byte first. A zero byte ends them.
fn resource(mut attributes: &[u8]) -> Option<[u64; KEPT]> {
    let mut kept = [0; KEPT];
    for _ in 0..MOST_ATTRIBUTES {
        let (first, rest) = attributes.split_first()?;
        let (kind, length) = (usize::from(first >> 3), usize::from(first & 7) + 1);
        if kind == 0 {
            return Some(kept);
        }
        let (value, rest) = rest.split_at_checked(length)?;
        if let Some(kept) = kept.get_mut(kind) {
            *kept = value
                .iter()
                .fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        }
        attributes = rest;
    }
    None
}

/// Returns the text at a place, which a zero byte ends.
fn text(texts: &[u8], at: u64) -> Option<&str> {
    let from = texts.get(usize::try_from(at).ok()?..)?;
    let end = from.iter().take(LONGEST_TEXT).position(|byte| *byte == 0)?;
    std::str::from_utf8(&from[..end]).ok()
}
