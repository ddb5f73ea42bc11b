//! Fingerprint of a build's inputs.

use super::{
    arm::Folder,
    error::{Context, Error, Result},
    manifest::FILE_NAME,
};
use ignore::{DirEntry, WalkBuilder};
use sha2::{Digest, Sha256};
use std::{ffi::OsStr, fs, os::unix::ffi::OsStrExt, path::Path};

/// The folder of a target's build; it contains a .gitignore for itself.
pub(super) const FOLDER: &str = ".build";

/// Folders that builds write to. They are no inputs, with or without a .gitignore.
const OUTPUTS: [&str; 5] = [FOLDER, ".git", "node_modules", "target", ".venv"];

/// Returns a hash of `target.toml` and of every file in the folder and in `sources` that git would
/// not ignore.
pub(super) fn fingerprint(folder: &Folder) -> Result<String> {
    let mut hash = Sha256::new();
    // An ignored target.toml is used all the same.
    add(&mut hash, &folder.path, &folder.path.join(FILE_NAME))?;
    let sources = folder
        .manifest
        .sources
        .iter()
        .map(|source| folder.path.join(source));
    for root in std::iter::once(folder.path.clone()).chain(sources) {
        walk(&mut hash, &root)?;
    }
    Ok(format!("{:x}", hash.finalize()))
}

fn walk(hash: &mut Sha256, root: &Path) -> Result<()> {
    let mut walk = WalkBuilder::new(root);
    walk.hidden(false)
        .require_git(false)
        .sort_by_file_name(OsStr::cmp);
    walk.filter_entry(|entry| entry.depth() == 0 || !is_output(entry));
    for entry in walk.build() {
        let entry = entry.map_err(|error| Error::Io {
            what: format!("reading what {} is built from", root.display()),
            source: std::io::Error::other(error),
        })?;
        if entry.file_type().is_some_and(|kind| kind.is_file()) {
            add(hash, root, entry.path())?;
        }
    }
    Ok(())
}

fn is_output(entry: &DirEntry) -> bool {
    OUTPUTS
        .iter()
        .any(|output| entry.file_name() == OsStr::new(output))
}

/// Hashes lengths before contents, so that no two trees give the same bytes.
fn add(hash: &mut Sha256, root: &Path, path: &Path) -> Result<()> {
    let bytes = fs::read(path).doing(|| format!("reading {}", path.display()))?;
    let name = path
        .strip_prefix(root)
        .unwrap_or(path)
        .as_os_str()
        .as_bytes();
    for part in [name, &bytes] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    Ok(())
}
