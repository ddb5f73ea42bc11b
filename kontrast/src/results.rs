//! Directories with stored results.

use recording::io::{COMPARISON_FILE, RECORDING_FILE};
use std::path::{Path, PathBuf};
use std::{fs, io};

/// Returns the directories in `dir`, or up to `depth` levels below, that have a comparison or a
/// recording, sorted. Recordings below a comparison are its rounds. Links are not followed:
/// results/latest is one.
///
/// # Errors
/// A directory cannot be read.
pub fn find(dir: &Path, depth: u32) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    search(dir, depth, &mut found)?;
    found.sort();
    Ok(found)
}

fn search(dir: &Path, depth: u32, found: &mut Vec<PathBuf>) -> io::Result<()> {
    let has = |file: &str| dir.join(file).is_file();
    if has(COMPARISON_FILE) || has(RECORDING_FILE) {
        found.push(dir.to_owned());
        return Ok(());
    }
    if depth == 0 {
        return Ok(());
    }
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            search(&entry.path(), depth - 1, found)?;
        }
    }
    Ok(())
}
