//! The package that a function belongs to, by its name or the path of its file.
//!
//! Names and paths come from the observed process: a package is short and has the characters of
//! package names only.

mod path;

use super::image::Image;
use crate::record::symbols::java_class;
use object::{Object, ObjectSection, ReadRef};
use recording::stacks::APPLICATION;
use std::path::Path;

/// Longest name of a package, in characters.
const LONGEST: usize = 120;
/// Hosts whose Go modules have three elements: host, owner, name.
const OWNED: [&str; 5] = [
    "github.com",
    "gitlab.com",
    "bitbucket.org",
    "codeberg.org",
    "golang.org",
];
/// Begins names of Python functions, as the perf trampoline of CPython writes them:
/// `py::QUALNAME:PATH`.
pub const PYTHON: &str = "py::";

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
    let file = file.map(|path| path.to_string_lossy()).unwrap_or_default();
    let of_file = || path::package(&file).filter(|_| is_extension(&file));
    let installed = path::package(function).or_else(of_file);
    let named = || match language {
        Language::Go => go_module(function).map(str::to_owned),
        Language::Rust => rust_crate(function).map(str::to_owned),
        Language::Other => {
            java_library(function).or_else(|| is_program(function).then(|| APPLICATION.to_owned()))
        }
    };
    let package = installed.or_else(named).unwrap_or_default();
    package.chars().take(LONGEST).collect()
}

/// Returns whether a file is a native extension of a package. Package managers install whole
/// runtimes as well, whose code belongs to no package.
fn is_extension(file: &str) -> bool {
    let name = file.rsplit('/').next().unwrap_or(file);
    name.ends_with(".so") || name.ends_with(".node") || name.contains(".so.")
}

/// Returns whether a name of compiled or interpreted code has a file, which is of no package: the
/// program's own.
fn is_program(function: &str) -> bool {
    if let Some(python) = function.strip_prefix(PYTHON) {
        let file = python.rsplit_once(':').map_or("", |(_, file)| file);
        return !file.is_empty() && !is_python_library(file);
    }
    let of_runtime = ["node:", "internal/", "internal:", "ext:", "deno:", "bun:"];
    let is_own =
        |file: &str| !file.is_empty() && !of_runtime.iter().any(|begin| file.starts_with(begin));
    if let Some(compiled) = function.strip_prefix("JSC-") {
        // `JSC-FTL: answer#EqY6qN server.ts`.
        let hash = compiled.rsplit_once('#').map_or("", |(_, hash)| hash);
        return hash.split_once(' ').is_some_and(|(_, file)| is_own(file));
    }
    let javascript = ["JS:", "LazyCompile:", "Function:", "Script:", "Eval:"];
    if !javascript.iter().any(|begin| function.starts_with(begin)) {
        return false;
    }
    // `JS:*answer server.ts:12:3`: the last word is a place in a file.
    let place = function.rsplit(' ').next().unwrap_or_default();
    let mut parts = place.rsplitn(3, ':');
    let mut number = || {
        let part = parts.next().unwrap_or_default();
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    let is_place = number() && number();
    let file = parts.next().unwrap_or_default();
    is_place && is_own(file)
}

/// Returns whether a path is of Python's standard library, or of code that is in no file.
fn is_python_library(file: &str) -> bool {
    let folders = ["lib/python3", "lib64/python3", "lib/python2"];
    let in_folder = folders.iter().any(|folder| {
        let found = file.find(folder);
        found.is_some_and(|at| at == 0 || file[..at].ends_with('/'))
    });
    let in_archive = file.split('/').any(|step| {
        let number = step
            .strip_prefix("python")
            .and_then(|rest| rest.strip_suffix(".zip"));
        number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
    });
    file.starts_with('<') || in_folder || in_archive
}

/// Returns the library of a method of Java by the path of its class: `org.springframework` of
/// `void org.springframework.web.Servlet.service(java.lang.Object)`, as `jcmd Compiler.perfmap`
/// writes it, or of `Lorg/springframework/web/Servlet;::service`, as agents do.
fn java_library(function: &str) -> Option<String> {
    /// Owners whose libraries have one more element.
    const LARGE: [&str; 5] = [
        "com.google",
        "org.apache",
        "com.fasterxml",
        "io.grpc",
        "org.eclipse",
    ];
    const STANDARD: [&str; 4] = ["java.", "javax.", "jdk.", "sun."];
    let class = java_class::of(function)?.replace('/', ".");
    let elements: Vec<&str> = class.split('.').collect();
    let is_name = |element: &&str| {
        let mut letters = element.chars();
        let begins = letters.next().is_some_and(char::is_alphabetic);
        begins && letters.all(|letter| letter.is_alphanumeric() || "_$".contains(letter))
    };
    let (_, packages) = elements.split_last()?;
    if packages.len() < 2 || !packages.iter().all(is_name) {
        return None;
    }
    let is_standard =
        STANDARD.iter().any(|begin| class.starts_with(begin)) || class.starts_with("com.sun.");
    let kept = match LARGE.contains(&packages[..2].join(".").as_str()) {
        true => 3.min(packages.len()),
        false => 2,
    };
    (!is_standard).then(|| packages[..kept].join("."))
}

/// Returns the module of a function of Go, otherwise the package of the standard library.
fn go_module(function: &str) -> Option<&str> {
    let name = function.split('[').next()?;
    let last = name.rfind('/').map_or(0, |at| at + 1);
    go_module_of(&name[..last + name[last..].find('.')?])
}

/// Returns the module of an import path.
fn go_module_of(path: &str) -> Option<&str> {
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
mod tests;
