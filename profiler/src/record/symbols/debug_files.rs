//! Separate debug files: found by build id or by name, and used only if they belong to the file.
//!
//! The places are those of gdb's manual ("Debugging Information in Separate Files") and
//! debuginfod's cache. Nothing is downloaded.

mod folder;

use super::bounded::Bounded;
use super::image::Image;
use super::root::Root;
use folder::Folder;
use object::elf::{ELF_NOTE_GNU, FileHeader64, NT_GNU_BUILD_ID};
use object::read::elf::{FileHeader, SectionHeader};
use object::{Endianness, Object, ReadRef};
use std::env;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufReader, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Folder of separate debug files on most systems.
const DEBUG: &str = "/usr/lib/debug";
/// Largest DWARF that is read without being asked for, in bytes.
const DWARF_BY_DEFAULT: u64 = 4 << 20;
/// Largest DWARF that is read if folders are given, in bytes.
const DWARF_IF_GIVEN: u64 = 1 << 30;

/// Marks by which a file's debug file is recognised.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Build id in hexadecimal digits; empty if the file has none.
    pub build_id: String,
    /// Name and CRC-32 of the debug file, from `.gnu_debuglink`.
    pub link: Option<(PathBuf, u32)>,
    /// Path of the file, as its process sees it.
    pub path: PathBuf,
}

impl Wanted {
    /// Reads the marks of a file.
    pub fn of<'a, R: ReadRef<'a>>(image: &Image<'a, R>, path: &Path) -> Self {
        let link = image.elf().gnu_debuglink().ok().flatten();
        let link = link.and_then(|(name, crc)| {
            // Without folders: the name comes from the file.
            let name = Path::new(OsStr::from_bytes(name)).file_name()?;
            Some((name.into(), crc))
        });
        Wanted {
            build_id: image.build_id(),
            link,
            path: path.into(),
        }
    }

    /// Returns whether an open file is the one that these marks describe.
    fn is_of(&self, file: &File) -> bool {
        match (self.build_id.is_empty(), &self.link) {
            (false, _) => build_id_of(file).as_ref() == Some(&self.build_id),
            (true, Some((_, crc))) => crc_of(file).is_some_and(|found| found == *crc),
            (true, None) => false,
        }
    }
}

/// Folders in which separate debug files are looked for.
#[derive(Debug)]
pub struct DebugFiles {
    given: Vec<Folder>,
    caches: Vec<PathBuf>,
    host: Option<Root>,
}

impl DebugFiles {
    /// Looks in the given folders first, then in those of the system and of debuginfod's client.
    pub fn new(given: &[PathBuf]) -> Self {
        DebugFiles {
            given: given.iter().map(|folder| Folder::new(folder)).collect(),
            caches: caches(),
            host: Root::at(Path::new("/")).ok(),
        }
    }

    /// Returns the largest DWARF that is read for inlined functions, in bytes. Reading it takes
    /// seconds for a large file, so that it must be asked for.
    pub fn largest_dwarf(&self) -> u64 {
        match self.given.is_empty() {
            true => DWARF_BY_DEFAULT,
            false => DWARF_IF_GIVEN,
        }
    }

    /// Finds the debug files of a file, likeliest first. `root` has the files of its process, and
    /// is looked through as well.
    pub fn find<'a>(
        &'a self,
        wanted: &'a Wanted,
        root: Option<&'a Root>,
    ) -> impl Iterator<Item = File> + use<'a> {
        let host = self.host.as_ref();
        let id = split(&wanted.build_id);
        let given = id.into_iter().flat_map(|(start, rest)| {
            let folders = self.given.iter();
            folders.flat_map(move |folder| folder.paths(start, rest))
        });
        let given = given.map(move |path| (host, path));
        let known = id.into_iter().flat_map(move |id| self.by_id(id, root));
        let linked = linked(wanted, root, host).into_iter();
        let places = given.chain(known).chain(linked);
        let found = places.filter_map(|(root, path)| root?.open(&path).ok());
        found.filter(|file| wanted.is_of(file))
    }

    /// Returns where the system and debuginfod's client keep the file with a build id.
    fn by_id<'a>(
        &'a self,
        (start, rest): (&str, &str),
        root: Option<&'a Root>,
    ) -> Vec<(Option<&'a Root>, PathBuf)> {
        let host = self.host.as_ref();
        let path = Path::new(DEBUG).join(format!(".build-id/{start}/{rest}.debug"));
        let mut places = vec![(host, path.clone()), (root, path)];
        for cache in &self.caches {
            let folder = cache.join(format!("{start}{rest}"));
            let files = ["debuginfo", "executable"].map(|name| folder.join(name));
            places.extend(files.map(|path| (host, path)));
        }
        places
    }
}

/// Returns where the file that `.gnu_debuglink` names may be.
fn linked<'a>(
    wanted: &Wanted,
    root: Option<&'a Root>,
    host: Option<&'a Root>,
) -> Vec<(Option<&'a Root>, PathBuf)> {
    let folder = wanted.path.parent();
    let Some(((name, _), folder)) = wanted.link.as_ref().zip(folder) else {
        return Vec::new();
    };
    let inside = Path::new(DEBUG).join(folder.strip_prefix("/").unwrap_or(folder));
    vec![
        (root, folder.join(name)),
        (root, folder.join(".debug").join(name)),
        (root, inside.join(name)),
        (host, inside.join(name)),
    ]
}

/// Splits a build id as the names of folders and files do; `None` if it is no build id.
fn split(build_id: &str) -> Option<(&str, &str)> {
    let is_id = build_id.len() > 2 && build_id.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id.then(|| build_id.split_at(2))
}

/// Returns the folders in which debuginfod's client keeps files
/// (debuginfod_find_debuginfo(3), `FILES`).
fn caches() -> Vec<PathBuf> {
    let variable = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
    if let Some(path) = variable("DEBUGINFOD_CACHE_PATH") {
        return vec![path.into()];
    }
    let mut caches = Vec::new();
    if let Some(path) = variable("XDG_CACHE_HOME") {
        caches.push(Path::new(&path).join("debuginfod_client"));
    }
    // The user behind sudo has the cache; root usually has none.
    let user = variable("SUDO_USER").and_then(|name| name.into_string().ok());
    let user = user.and_then(|name| nix::unistd::User::from_name(&name).ok().flatten());
    let homes = user.map(|user| user.dir);
    let homes = homes.into_iter().chain(variable("HOME").map(PathBuf::from));
    for home in homes {
        caches.push(home.join(".cache/debuginfod_client"));
        caches.push(home.join(".debuginfod_client_cache"));
    }
    caches
}

/// Returns the GNU build id of a 64-bit ELF file, in hexadecimal digits.
fn build_id_of(file: &File) -> Option<String> {
    let bounded = Bounded::new(file.try_clone().ok()?);
    let header = FileHeader64::<Endianness>::parse(&bounded).ok()?;
    let endian = header.endian().ok()?;
    let sections = header.sections(endian, &bounded).ok()?;
    let notes = sections
        .iter()
        .filter_map(|section| section.notes(endian, &bounded).ok()?);
    for mut notes in notes {
        while let Ok(Some(note)) = notes.next() {
            if note.name() == ELF_NOTE_GNU && note.n_type(endian) == NT_GNU_BUILD_ID {
                let bytes = note.desc().iter();
                return Some(bytes.map(|byte| format!("{byte:02x}")).collect());
            }
        }
    }
    None
}

/// Returns the CRC-32 of a file.
fn crc_of(file: &File) -> Option<u32> {
    /// Largest file whose CRC is worth its time, in bytes.
    const LARGEST: u64 = 512 << 20;
    if file.metadata().ok()?.len() > LARGEST {
        return None;
    }
    let mut reader = BufReader::with_capacity(1 << 16, file).take(LARGEST);
    let mut hasher = crc32fast::Hasher::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match reader.read(&mut buffer).ok()? {
            0 => return Some(hasher.finalize()),
            read => hasher.update(&buffer[..read]),
        }
    }
}

#[cfg(test)]
mod tests;
