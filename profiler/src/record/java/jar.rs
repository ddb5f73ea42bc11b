//! Tables of contents of jar files, and of jar files inside of them.

use super::Search;
use rawzip::{CompressionMethod, Error, ReaderAt, ZipArchive, ZipLocator};
use std::cell::Cell;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Bytes of the buffer for entries of a table: the longest has three times 64 KiB.
const BUFFER: usize = 256 << 10;
/// Jar files inside of one that are read.
const MOST_INNER: usize = 4096;
/// Longest name of a package, in characters.
const LONGEST: usize = 100;
/// Folders that hold classes in jars of frameworks.
const FOLDERS: [&str; 2] = ["BOOT-INF/classes/", "WEB-INF/classes/"];
/// Classes for some versions of Java: `META-INF/versions/N/`.
const VERSIONS: &str = "META-INF/versions/";

/// A jar file, or the part of a file that is one.
struct Part<'a> {
    file: &'a File,
    place: Range<u64>,
    /// Bytes that may still be read.
    left: &'a Cell<u64>,
}

impl ReaderAt for Part<'_> {
    fn read_at(&self, into: &mut [u8], offset: u64) -> io::Result<usize> {
        let from = self.place.start.checked_add(offset);
        let from = from.filter(|from| *from < self.place.end);
        let Some(from) = from else {
            return Ok(0);
        };
        let most = usize::try_from(self.place.end - from).unwrap_or(usize::MAX);
        let length = into.len().min(most);
        let left = self.left.get().checked_sub(length as u64);
        let left = left.ok_or_else(|| io::Error::other("the archives are too large"))?;
        self.left.set(left);
        self.file.read_at(&mut into[..length], from)
    }
}

/// An inner jar file: its name, and its place in the outer one.
type Inner = (String, Range<u64>);

/// Looks for classes in a jar file, and in jar files that it holds without compression, as those of
/// Spring Boot do.
///
/// # Errors
/// It is no archive, or contradicts itself.
pub fn read(file: &File, path: &Path, search: &mut Search) -> Result<(), Error> {
    let length = file.metadata()?.len();
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let left = Cell::new(search.left.get());
    let part = |place| Part {
        file,
        place,
        left: &left,
    };
    let inner = read_part(part(0..length), &package(&name), search);
    search.left.set(left.get());
    for (name, place) in inner? {
        if search.is_done() {
            break;
        }
        // One that is damaged says nothing about the others.
        let _ = read_part(part(place), &package(&name), search);
    }
    search.left.set(left.get());
    Ok(())
}

/// Looks for classes in one archive, and returns the archives inside of it.
fn read_part(part: Part<'_>, package: &str, search: &mut Search) -> Result<Vec<Inner>, Error> {
    let mut buffer = vec![0; BUFFER];
    let length = part.place.end - part.place.start;
    let start = part.place.start;
    let locator = ZipLocator::new();
    let archive: ZipArchive<Part<'_>> = locator
        .locate_in_reader(part, &mut buffer, length)
        .map_err(|(_, error)| error)?;
    let mut inner = Vec::new();
    let mut entries = archive.entries(&mut buffer);
    while let Some(entry) = entries.next_entry()? {
        let path = entry.file_path();
        let Ok(path) = std::str::from_utf8(path.as_ref()) else {
            continue;
        };
        if let Some(class) = class_of(path) {
            search.hit(class, package);
        } else if path.ends_with(".jar")
            && entry.compression_method() == CompressionMethod::STORE
            && inner.len() < MOST_INNER
        {
            let (from, to) = archive
                .get_entry(entry.wayfinder())?
                .compressed_data_range();
            if from <= to && to <= length {
                inner.push((path.to_owned(), start + from..start + to));
            }
        }
    }
    Ok(inner)
}

/// Returns the class of an entry: `org/a/Servlet` of `BOOT-INF/classes/org/a/Servlet.class`.
fn class_of(path: &str) -> Option<&str> {
    let class = path.strip_suffix(".class")?;
    if let Some(rest) = class.strip_prefix(VERSIONS) {
        return Some(rest.split_once('/')?.1);
    }
    let inside = FOLDERS.iter().find_map(|folder| class.strip_prefix(folder));
    Some(inside.unwrap_or(class))
}

/// Returns the name of a jar file without folder and version: `jackson-core` of
/// `lib/jackson-core-2.17.0.jar`.
fn package(path: &str) -> String {
    let file = path.rsplit('/').next().unwrap_or(path);
    let mut name = file.rsplit_once('.').map_or(file, |(name, _)| name);
    while let Some(version) = version(name) {
        name = &name[..version];
    }
    let is_name = |letter: char| letter.is_alphanumeric() || "_-.+~".contains(letter);
    let letters = name.chars().take(LONGEST);
    let shown = letters.map(|letter| if is_name(letter) { letter } else { '_' });
    shown.collect()
}

/// Returns the place of the version that ends a name; of `guava-31.1-jre` that of `-31.1-jre`.
fn version(name: &str) -> Option<usize> {
    /// Words behind a version.
    const AFTER: [&str; 8] = [
        "jre", "android", "RELEASE", "Final", "GA", "SNAPSHOT", "sources", "all",
    ];
    let dashes = name.match_indices('-');
    let versions = dashes.filter(|(at, _)| {
        let rest = &name[at + 1..];
        let mut words = rest.split('-');
        let first = words.next().unwrap_or_default();
        *at > 0
            && first.starts_with(|first: char| first.is_ascii_digit())
            && words.all(|word| AFTER.contains(&word) || is_platform(word))
    });
    versions.map(|(at, _)| at).next_back()
}

/// Returns whether a word of a file name is of a platform: `linux`, `x86_64`.
fn is_platform(word: &str) -> bool {
    ["linux", "osx", "windows", "x86_64", "aarch_64", "native"].contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removes_folders_and_versions_from_names() {
        for (path, expected) in [
            ("/srv/lib/jackson-core-2.17.0.jar", "jackson-core"),
            ("BOOT-INF/lib/spring-web-6.1.2.jar", "spring-web"),
            ("log4j-1.2-api-2.17.1.jar", "log4j-1.2-api"),
            ("guava-31.1-jre.jar", "guava"),
            ("netty-epoll-4.1.1.Final-linux-x86_64.jar", "netty-epoll"),
            ("app-1.0-20240101.123456-1.jar", "app"),
            ("app.war", "app"),
            ("-1.jar", "-1"),
            ("evil\u{1b}[2J.jar", "evil__2J"),
            ("", ""),
        ] {
            assert_eq!(package(path), expected, "{path}");
        }
    }

    #[test]
    fn finds_classes_of_entries() {
        for (path, expected) in [
            ("org/a/B.class", Some("org/a/B")),
            ("BOOT-INF/classes/org/a/B.class", Some("org/a/B")),
            ("META-INF/versions/17/org/a/B.class", Some("org/a/B")),
            ("META-INF/versions/x.class", None),
            ("org/a/B.txt", None),
        ] {
            assert_eq!(class_of(path), expected, "{path}");
        }
    }
}
