//! The package that a function belongs to, by its name or the path of its file.

use super::image::Image;
use object::{Object, ObjectSection, ReadRef};
use std::path::Path;

/// Folders that hold one folder or file for each package.
const FOLDERS: [&str; 3] = ["site-packages/", "dist-packages/", "node_modules/"];
/// Hosts whose Go modules have three elements: host, owner, name.
const OWNED: [&str; 5] = [
    "github.com",
    "gitlab.com",
    "bitbucket.org",
    "codeberg.org",
    "golang.org",
];

/// The language that names the functions of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// Go: names begin with the import path.
    Go,
    /// Rust: names begin with the crate. Libraries of C++ in the file have a namespace there.
    Rust,
    /// Any other.
    #[default]
    Other,
}

impl Language {
    /// Returns the language of a file, by its sections.
    pub fn of<'a, R: ReadRef<'a>>(image: &Image<'a, R>) -> Self {
        /// Longest list of compilers that is looked at, in bytes.
        const LONGEST: u64 = 64 << 10;
        if image.is_go() {
            return Language::Go;
        }
        let comment = image.elf().section_by_name(".comment");
        let comment = comment.filter(|section| section.size() <= LONGEST);
        let compilers = comment
            .and_then(|section| section.data().ok())
            .unwrap_or_default();
        match compilers.windows(5).any(|word| word == b"rustc") {
            true => Language::Rust,
            false => Language::Other,
        }
    }
}

/// Returns the package of a function; empty where neither its name nor the path of its file has
/// one.
pub fn package(function: &str, file: Option<&Path>, language: Language) -> String {
    let path = file.map(|path| path.to_string_lossy()).unwrap_or_default();
    let installed = in_folder(function).or_else(|| in_folder(&path));
    let named = || match language {
        Language::Go => go_module(function),
        Language::Rust => rust_crate(function),
        Language::Other => None,
    };
    installed.or_else(named).unwrap_or_default().to_owned()
}

/// Returns the package that a path lies in: the name after the last folder of packages.
fn in_folder(path: &str) -> Option<&str> {
    let after = FOLDERS.iter().filter_map(|folder| {
        let at = path.rfind(folder)?;
        Some(&path[at + folder.len()..])
    });
    // The innermost folder: packages have packages.
    let rest = after.min_by_key(|rest| rest.len())?;
    let elements = if rest.starts_with('@') { 2 } else { 1 };
    let end = rest.match_indices('/').nth(elements - 1);
    let name = match end {
        Some((end, _)) => &rest[..end],
        // A module of one file, such as `orjson.cpython-312-x86_64-linux-gnu.so`.
        None => rest.split('.').next()?,
    };
    let is_name = |letter: char| letter.is_alphanumeric() || "@/_-.".contains(letter);
    (!name.is_empty() && name.chars().all(is_name)).then_some(name)
}

/// Returns the module of a function of Go, otherwise the package of the standard library.
fn go_module(function: &str) -> Option<&str> {
    let name = function.split('[').next()?;
    let last = name.rfind('/').map_or(0, |at| at + 1);
    let path = &name[..last + name[last..].find('.')?];
    let elements: Vec<&str> = path.split('/').collect();
    let host = elements.first()?;
    let kept = match host.contains('.') {
        false => return Some(path).filter(|path| !path.is_empty()),
        true if OWNED.contains(host) => 3,
        true => 2,
    };
    let length: usize = elements
        .iter()
        .take(kept)
        .map(|element| element.len() + 1)
        .sum();
    path.get(..length.checked_sub(1)?)
}

/// Returns the crate of a function of Rust: `alloc` of `<alloc::vec::Vec<T> as Drop>::drop`.
fn rust_crate(function: &str) -> Option<&str> {
    let name = function.trim_start_matches(['<', '&', '*', '(', '[']);
    let name = ["dyn ", "mut ", "const "]
        .iter()
        .fold(name, |name, word| name.strip_prefix(word).unwrap_or(name));
    let (first, _) = name.split_once("::")?;
    let is_name = |letter: char| letter.is_alphanumeric() || letter == '_';
    (!first.is_empty() && first.chars().all(is_name)).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn finds_packages_in_paths() {
        let native = "/opt/venv/lib/python3.12/site-packages/pydantic_core/_pydantic_core.so";
        let orjson = "/usr/lib/python3/dist-packages/orjson.cpython-312-x86_64-linux-gnu.so";
        let nested = "JS:*parse /srv/node_modules/a/node_modules/@scope/zod/lib/types.js:1:2";
        for (function, file, expected) in [
            ("", native, "pydantic_core"),
            ("", orjson, "orjson"),
            (
                "py::validate:/venv/site-packages/pydantic/main.py",
                "",
                "pydantic",
            ),
            (nested, "", "@scope/zod"),
            (
                "JS:~get node_modules/hono/dist/router.js:1:13",
                "/usr/bin/node",
                "hono",
            ),
            ("main", "/usr/bin/node", ""),
            ("", "/x/site-packages/", ""),
            ("", "/x/node_modules/\u{1b}[2J/x", ""),
        ] {
            let found = package(function, Some(Path::new(file)), Language::Other);
            assert_eq!(found, expected, "{function} {file}");
        }
    }

    #[test]
    fn finds_modules_of_go_and_crates_of_rust() {
        for (function, expected) in [
            (
                "github.com/go-chi/chi/v5.(*Mux).ServeHTTP",
                "github.com/go-chi/chi",
            ),
            (
                "golang.org/x/net/http2.(*Framer).ReadFrame",
                "golang.org/x/net",
            ),
            ("gopkg.in/yaml.v3.Unmarshal", "gopkg.in/yaml"),
            ("net/http.(*conn).serve", "net/http"),
            ("runtime.mallocgc", "runtime"),
            ("main.total[...]", "main"),
            ("slices.Sort[github.com/a/b.T]", "slices"),
            ("_start", ""),
        ] {
            assert_eq!(
                package(function, None, Language::Go),
                expected,
                "{function}"
            );
        }
        for (function, expected) in [
            ("tokio::runtime::task::raw::poll", "tokio"),
            (
                "<alloc::vec::Vec<T> as core::ops::drop::Drop>::drop",
                "alloc",
            ),
            (
                "<&mut hyper::proto::h1::Conn as core::fmt::Debug>::fmt",
                "hyper",
            ),
            ("v8::internal::Heap::CollectGarbage", "v8"),
            ("memcpy", ""),
        ] {
            assert_eq!(
                package(function, None, Language::Rust),
                expected,
                "{function}"
            );
        }
    }

    proptest! {
        #[test]
        fn accepts_any_name(function in ".*", path in ".*") {
            for language in [Language::Go, Language::Rust, Language::Other] {
                let _ = package(&function, Some(Path::new(&path)), language);
            }
        }
    }
}
