//! The owner of a call stack: the package of its innermost function that has one.
//!
//! The standard library of a language is no package: its time belongs to the package that called
//! it. A stack without any package belongs to the runtime, or to the library of its innermost
//! function.

use recording::Recording;
use recording::comparison::PackageKind;
use recording::stacks::{APPLICATION, StackFrame};
use recording::vocabulary::{CodePlace, RegionClass, Runtime};
use std::collections::BTreeSet;

/// Longest name that is kept, in characters. Names come from the observed process.
const LONGEST: usize = 80;

/// Crates that come with the Rust compiler.
const RUST_STANDARD: [&str; 9] = [
    "std",
    "core",
    "alloc",
    "proc_macro",
    "test",
    "compiler_builtins",
    "std_detect",
    "hashbrown",
    "__rustc",
];

/// First elements of the import paths of Go's standard library (`go list std`).
const GO_STANDARD: [&str; 51] = [
    "archive",
    "bufio",
    "builtin",
    "bytes",
    "cmp",
    "compress",
    "container",
    "context",
    "crypto",
    "database",
    "debug",
    "embed",
    "encoding",
    "errors",
    "expvar",
    "flag",
    "fmt",
    "go",
    "hash",
    "html",
    "image",
    "index",
    "internal",
    "io",
    "iter",
    "log",
    "maps",
    "math",
    "mime",
    "net",
    "os",
    "path",
    "plugin",
    "reflect",
    "regexp",
    "runtime",
    "slices",
    "sort",
    "strconv",
    "strings",
    "structs",
    "sync",
    "syscall",
    "testing",
    "text",
    "time",
    "unicode",
    "unique",
    "unsafe",
    "vendor",
    "weak",
];

/// Beginnings of the names of files that belong to the C library.
const LIBC: [&str; 9] = [
    "libc.so",
    "libc-",
    "libc.musl",
    "ld-linux",
    "ld-musl",
    "libpthread",
    "libm.so",
    "libm-",
    "ld.so",
];

/// The owner of a stack.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Owner {
    /// Its kind.
    pub(super) kind: PackageKind,
    /// The package, or words.
    pub(super) name: String,
}

impl Owner {
    pub(super) fn new(kind: PackageKind, name: &str) -> Self {
        Owner {
            kind,
            name: name.chars().take(LONGEST).collect(),
        }
    }

    /// Returns whether the owner is a package or the program.
    pub(super) fn is_package(&self) -> bool {
        matches!(self.kind, PackageKind::Package | PackageKind::Application)
    }
}

/// Decides on the owners of the stacks of one recording.
pub(super) struct Owners<'a> {
    recording: &'a Recording,
    /// Owner of each frame that has one.
    frames: Vec<Option<Owner>>,
}

impl<'a> Owners<'a> {
    pub(super) fn of(recording: &'a Recording) -> Self {
        let frames = recording.stacks.frames.iter();
        Owners {
            recording,
            frames: frames.map(|frame| of_frame(recording, frame)).collect(),
        }
    }

    /// Returns the package of each frame that has one.
    pub(super) fn names(&self) -> Vec<Option<String>> {
        let names = self.frames.iter();
        let name = |owner: &Option<Owner>| owner.as_ref().map(|owner| owner.name.clone());
        names.map(name).collect()
    }

    /// Returns the owner of a stack.
    pub(super) fn own(&self, node: Option<usize>) -> Owner {
        let found = self.packages(node).next().cloned();
        found.unwrap_or_else(|| self.without_package(node))
    }

    /// Returns the owner by functions in files alone, as a recording without symbols of compiled
    /// code has it.
    pub(super) fn own_by_files(&self, node: Option<usize>) -> Option<&Owner> {
        let mut frames = self.recording.stacks.frame_indexes(node);
        frames.find_map(|frame| {
            let found = self.recording.stacks.frames.get(frame)?;
            let owner = self.frames.get(frame)?.as_ref();
            owner.filter(|_| !is_compiled(found))
        })
    }

    /// Returns the packages on a stack, each once.
    pub(super) fn all(&self, node: Option<usize>) -> BTreeSet<&Owner> {
        self.packages(node).collect()
    }

    /// Returns whether compiled or interpreted code has packages.
    pub(super) fn knows_compiled_code(&self) -> bool {
        let frames = self.recording.stacks.frames.iter().zip(&self.frames);
        let mut compiled = frames.filter(|(frame, _)| is_compiled(frame));
        compiled.any(|(_, owner)| owner.is_some())
    }

    fn packages(&self, node: Option<usize>) -> impl Iterator<Item = &Owner> {
        let frames = self.recording.stacks.frame_indexes(node);
        frames.filter_map(|frame| self.frames.get(frame)?.as_ref())
    }

    /// Returns words for a stack on which no function has a package.
    fn without_package(&self, node: Option<usize>) -> Owner {
        let target = &self.recording.target;
        let stacks = &self.recording.stacks;
        let mut frames = stacks.frames_of(node);
        let in_user = |frame: &&StackFrame| matches!(frame.place, CodePlace::Region(_));
        let runtime = Owner::new(PackageKind::Runtime, runtime(target.runtime));
        let Some(innermost) = frames.find(in_user) else {
            return runtime;
        };
        let is_standard = !innermost.package.is_empty();
        if is_compiled(innermost) && !is_standard && runs_compiled_code(target.runtime) {
            let words = format!("{} without a known package", target.runtime.language());
            return Owner::new(PackageKind::Unknown, &words);
        }
        let module = innermost.module.and_then(|index| stacks.modules.get(index));
        let file = module.map_or("", |module| module.file.as_str());
        match library(file) {
            Some(name) => Owner::new(PackageKind::Library, name),
            None => runtime,
        }
    }
}

fn of_frame(recording: &Recording, frame: &StackFrame) -> Option<Owner> {
    let runtime = recording.target.runtime;
    if frame.package.is_empty() || is_standard(runtime, frame) {
        return None;
    }
    let program = match runtime {
        Runtime::Go => "main".to_owned(),
        Runtime::Rust => executable(recording).replace('-', "_"),
        _ => String::new(),
    };
    let is_program = frame.package == APPLICATION || frame.package == program;
    Some(match is_program {
        true => Owner::new(PackageKind::Application, PackageKind::Application.label()),
        false => Owner::new(PackageKind::Package, &frame.package),
    })
}

/// Returns whether a function belongs to the standard library of its language.
fn is_standard(runtime: Runtime, frame: &StackFrame) -> bool {
    let package = frame.package.as_str();
    let first = package.split('/').next().unwrap_or_default();
    match runtime {
        Runtime::Go => GO_STANDARD.contains(&first),
        // Modules of the JDK.
        Runtime::Java => package.starts_with("java.") || package.starts_with("jdk."),
        // Namespaces of engines that are linked into a program of Rust.
        Runtime::Deno if package == "v8" => true,
        _ => frame.function.contains("::") && RUST_STANDARD.contains(&package),
    }
}

fn executable(recording: &Recording) -> &str {
    let path = recording.target.cmdline.first().map_or("", String::as_str);
    path.rsplit('/').next().unwrap_or_default()
}

fn is_compiled(frame: &StackFrame) -> bool {
    frame.place == CodePlace::Region(RegionClass::JitCode)
}

fn runs_compiled_code(runtime: Runtime) -> bool {
    use Runtime::{Bun, Deno, Dotnet, Java, Node, Php, Python, Ruby};
    matches!(
        runtime,
        Bun | Deno | Dotnet | Java | Node | Php | Python | Ruby
    )
}

/// Returns words for a runtime with its standard library.
fn runtime(runtime: Runtime) -> &'static str {
    match runtime {
        Runtime::Go => "Go runtime and standard library",
        Runtime::Bun => "JavaScriptCore and Bun",
        Runtime::Node => "V8 and Node.js",
        Runtime::Deno => "V8 and Deno",
        Runtime::Python => "CPython and its standard library",
        Runtime::Rust => "Rust standard library",
        Runtime::Java => "JVM and class library",
        Runtime::Ruby => "Ruby and its standard library",
        Runtime::Php => "PHP and its extensions",
        Runtime::Dotnet => ".NET runtime",
        Runtime::Beam => "Erlang virtual machine",
        Runtime::C | Runtime::Cpp | Runtime::Unknown => "the program",
    }
}

/// Returns the name of a shared library of the system, without its version; `None` for a file that
/// belongs to the program or its runtime.
fn library(file: &str) -> Option<&str> {
    if LIBC.iter().any(|begin| file.starts_with(begin)) {
        return Some("libc");
    }
    let is_runtime = [
        "libpython",
        "libjvm",
        "libnode",
        "libruby",
        "libphp",
        "libcoreclr",
    ];
    let is_shared = file.starts_with("lib") && file.contains(".so");
    if !is_shared || is_runtime.iter().any(|begin| file.starts_with(begin)) {
        return None;
    }
    file.split(".so").next()
}

#[cfg(test)]
mod tests;
