//! Small programs for tests, built by the C compiler that Rust links with.

use super::bounded::Bounded;
use super::image::Image;
use object::{Object, ObjectSymbol};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

const PROGRAM: &str = "
#ifdef OTHER
__attribute__((noinline)) int more(int number) { return number * 3 + 1; }
#endif
__attribute__((noinline)) int known_work(int number) {
    for (int i = 0; i < 100; i++) number = number * 31 + i;
    return number;
}
int main(int count, char **arguments) {
#ifdef OTHER
    count = more(count);
#endif
    return known_work(count);
}
";

/// A program with the function `known_work`.
pub struct Built {
    /// Folder of all files.
    pub dir: TempDir,
    /// The program with its symbols.
    pub path: PathBuf,
    /// Build id in hexadecimal digits.
    pub build_id: String,
    /// Address of the function.
    pub known_work: u64,
}

impl Built {
    /// Builds the program with these flags of the compiler, and its debug file.
    pub fn with(flags: &[&str]) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let (source, path) = (dir.path().join("known.c"), dir.path().join("known"));
        std::fs::write(&source, PROGRAM).expect("written");
        let fixed = ["-g", "-O1", "-fno-omit-frame-pointer", "-o"];
        run("cc", &[flags, &fixed].concat(), &[&path, &source]);
        let bounded = Bounded::new(File::open(&path).expect("built"));
        let build_id = Image::parse(&bounded).expect("an ELF file").build_id();
        let known_work = address_of_symbol(&path, "known_work").expect("it has the function");
        let debug = dir.path().join("known.debug");
        run("objcopy", &["--only-keep-debug"], &[&path, &debug]);
        Built {
            dir,
            path,
            build_id,
            known_work,
        }
    }

    /// Returns the path of its debug file.
    pub fn debug_file(&self) -> PathBuf {
        self.dir.path().join("known.debug")
    }

    /// Returns the path of a copy without symbols.
    pub fn stripped(&self) -> PathBuf {
        let stripped = self.dir.path().join("stripped");
        run("objcopy", &["--strip-all"], &[&self.path, &stripped]);
        stripped
    }

    /// Returns the path of a copy without symbols that names its debug file.
    pub fn stripped_with_link(&self) -> PathBuf {
        let (stripped, linked) = (self.stripped(), self.dir.path().join("linked"));
        let link = format!("--add-gnu-debuglink={}", self.debug_file().display());
        run("objcopy", &[&link], &[&stripped, &linked]);
        linked
    }
}

/// Returns the address of a symbol in the full table.
pub fn address_of_symbol(path: &Path, name: &str) -> Option<u64> {
    let bounded = Bounded::new(File::open(path).expect("it is there"));
    let image = Image::parse(&bounded).expect("an ELF file");
    let mut symbols = image.elf().symbols();
    let symbol = symbols.find(|symbol| symbol.name() == Ok(name))?;
    Some(symbol.address())
}

/// Runs a program to its end.
pub fn run(program: &str, arguments: &[&str], files: &[&Path]) {
    let status = Command::new(program).args(arguments).args(files).status();
    assert!(
        status.is_ok_and(|status| status.success()),
        "{program} {arguments:?}"
    );
}
