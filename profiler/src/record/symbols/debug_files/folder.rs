//! A folder with debug files that the user names: a tree of build ids, or files of any name.

use super::build_id_of;
use crate::record::symbols::root::Root;
use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Files of a folder that are looked at.
const MOST_FILES: usize = 20_000;
/// Folders in folders that are looked at.
const DEEPEST: usize = 12;

type ByBuildId = BTreeMap<String, Vec<PathBuf>>;

/// A folder with debug files.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    /// Files by build id; made when a file is not found by its name.
    files: OnceCell<ByBuildId>,
}

impl Folder {
    /// Takes a folder, which is read when a file is looked for.
    pub fn new(path: &Path) -> Self {
        Folder {
            // A path that leads nowhere stays as it is, and nothing is found in it.
            path: path.canonicalize().unwrap_or_else(|_| path.into()),
            files: OnceCell::new(),
        }
    }

    /// Returns the paths at which the file with a build id may be, likeliest first. `start` are the
    /// first two digits.
    pub fn paths<'a>(
        &'a self,
        start: &'a str,
        rest: &'a str,
    ) -> impl Iterator<Item = PathBuf> + use<'a> {
        let named = [
            format!(".build-id/{start}/{rest}.debug"),
            format!("{start}/{rest}.debug"),
            format!("usr/lib/debug/.build-id/{start}/{rest}.debug"),
            format!("{start}{rest}/debuginfo"),
        ];
        let named = named.into_iter().map(|name| self.path.join(name));
        // A later item is looked at only if the earlier ones are not there.
        let other = std::iter::once_with(move || {
            let files = self.files.get_or_init(|| files_by_build_id(&self.path));
            let found = files.get(&format!("{start}{rest}"));
            found.into_iter().flatten().cloned()
        });
        named.filter(|path| path.exists()).chain(other.flatten())
    }
}

/// Lists the files of a folder by build id.
fn files_by_build_id(folder: &Path) -> ByBuildId {
    let mut files = ByBuildId::new();
    let Ok(root) = Root::at(Path::new("/")) else {
        return files;
    };
    let mut folders = vec![(folder.to_path_buf(), 0)];
    let mut looked_at = 0;
    while let Some((folder, depth)) = folders.pop() {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        for entry in entries {
            looked_at += 1;
            if looked_at > MOST_FILES {
                return files;
            }
            // Links to folders may form a circle, and are not followed.
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            let path = entry.path();
            if is_folder && depth < DEEPEST {
                folders.push((path, depth + 1));
            } else if !is_folder
                && let Ok(file) = root.open(&path)
                && let Some(build_id) = build_id_of(&file)
            {
                files.entry(build_id).or_default().push(path);
            }
        }
    }
    files
}
