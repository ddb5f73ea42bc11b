//! The tree of files for reading, and the correct results of reading and computing.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::project;

/// Files in the tree.
pub const FILES: u32 = 20_000;
const IN_A_FOLDER: u32 = 100;
const FOLDERS_IN_A_FOLDER: u32 = 10;
const MIN_BYTES: u32 = 1024;

/// Creates the tree if it does not exist: 200 folders of 100 files, 1 to 3 KiB each.
///
/// # Errors
/// Fails if it cannot be written.
pub fn ensure() -> Result<PathBuf> {
    let tree = project::cache("tasks-tree");
    let complete = tree.with_extension("complete");
    if !complete.exists() {
        eprintln!("  writing {FILES} files for tasks to read …");
        make(&tree, FILES).with_context(|| format!("cannot write {}", tree.display()))?;
        fs::write(&complete, "")?;
    }
    Ok(tree)
}

fn make(tree: &Path, files: u32) -> Result<()> {
    for at in 0..files {
        let folder = folder(tree, at / IN_A_FOLDER);
        if at % IN_A_FOLDER == 0 {
            fs::create_dir_all(&folder)?;
        }
        fs::write(folder.join(format!("{at}.txt")), contents(at))?;
    }
    Ok(())
}

fn folder(tree: &Path, number: u32) -> PathBuf {
    let outer = (number / FOLDERS_IN_A_FOLDER).to_string();
    tree.join(outer).join(number.to_string())
}

fn contents(at: u32) -> Vec<u8> {
    let length = MIN_BYTES + at * 7 % (2 * MIN_BYTES);
    let byte = |place: u32| b'a' + ((place * 31 + at) % 26) as u8;
    (0..length).map(byte).collect()
}

/// Returns the sum over all files of size and each pass's hash (FNV-1a, 32 bits), modulo 2³².
pub fn expected_read(passes: u32) -> u32 {
    (0..FILES).map(contents).fold(0, |sum: u32, data| {
        let size = u32::try_from(data.len()).expect("a few KiB");
        let hash = if passes == 0 { 0 } else { fnv(&data) };
        sum.wrapping_add(size)
            .wrapping_add(hash.wrapping_mul(passes))
    })
}

fn fnv(data: &[u8]) -> u32 {
    let step = |hash: u32, byte: &u8| (hash ^ u32::from(*byte)).wrapping_mul(16_777_619);
    data.iter().fold(2_166_136_261, step)
}

/// Returns the sum of all pieces after this many steps of xorshift (32 bits).
pub fn expected_compute(pieces: u32, steps: u32) -> u32 {
    (1..=pieces).fold(0, |sum: u32, seed| {
        let end = (0..steps).fold(seed, |mut x, _| {
            x ^= x << 13;
            x ^= x >> 17;
            x ^ (x << 5)
        });
        sum.wrapping_add(end)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_files_of_the_expected_content() {
        let folder_of = tempfile::tempdir().unwrap();
        make(folder_of.path(), 201).unwrap();
        let file = folder_of.path().join("0/2/200.txt");
        assert_eq!(fs::read(file).unwrap(), contents(200));
        assert_eq!(contents(0).len(), 1024);
        assert!((0..FILES).all(|at| contents(at).len() < 3072));
    }

    #[test]
    fn matches_published_values() {
        // FNV-1a of "a", and the first step of Marsaglia's xorshift32 from 1.
        assert_eq!(fnv(b"a"), 0xe40c_292c);
        assert_eq!(expected_compute(1, 1), 270_369);
        assert_ne!(expected_read(0), expected_read(1));
    }
}
