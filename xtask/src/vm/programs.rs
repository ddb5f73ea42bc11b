//! Programs for virtual machines: the recorder, its tests, the program that they record, and the
//! libraries of all three.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde::Deserialize;

use super::machine::Machine;
use crate::{process, project};

/// A line that cargo prints for each compiled part.
#[derive(Deserialize)]
struct Message {
    executable: Option<PathBuf>,
    target: Option<Target>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

/// Where the tests are in the machine.
const TESTS: &str = "/bin/kernel-tests";

/// Each file with its path in the machine, and the folder in which the tests look for the recorder.
pub type Packed = (Vec<(PathBuf, PathBuf)>, PathBuf);

/// Builds the programs in release, which emulation runs in a third of the time.
pub fn build(machine: Machine) -> Result<Packed> {
    let (cargo, folder) = machine.cargo()?;
    let some = ["--release", "--package=kontrast", "--package=profiler"];
    let tests = build_all(cargo(), &some)?;
    collect(machine, folder, &tests)
}

/// Builds the programs with the features that `cargo xtask test` builds them with, which needs them
/// too.
pub fn of_tests() -> Result<Packed> {
    let all = ["--workspace", "--exclude=profiler-ebpf"];
    let tests = build_all(process::cargo(), &all)?;
    collect(Machine::X86, project::target().join("debug"), &tests)
}

fn collect(machine: Machine, folder: PathBuf, tests: &Path) -> Result<Packed> {
    let (kontrast, known) = (folder.join("kontrast"), folder.join("kontrast-known"));
    // Tests compare names of the known program's functions.
    let programs = [
        (kontrast.as_path(), kontrast.as_path(), "--strip-all"),
        (known.as_path(), known.as_path(), "--strip-debug"),
        (tests, Path::new(TESTS), "--strip-all"),
    ];
    let (mut files, mut libraries) = (Vec::new(), BTreeSet::new());
    for (program, place, symbols) in programs {
        if machine == Machine::X86 {
            libraries.extend(libraries_of(program)?);
        }
        files.push((stripped(machine, program, symbols)?, place.to_owned()));
    }
    files.extend(libraries.into_iter().map(|path| (path.clone(), path)));
    Ok((files, folder))
}

/// Builds the programs and the kernel tests, and returns the path of the tests. One command: two
/// would build crates of both with different features.
fn build_all(mut cargo: Command, packages: &[&str]) -> Result<PathBuf> {
    cargo.arg("build").args(packages);
    cargo.args(["--bin=kontrast", "--bin=kontrast-known", "--test=kernel"]);
    cargo.arg("--message-format=json-render-diagnostics");
    cargo.stderr(std::process::Stdio::inherit());
    let messages = process::output(&mut cargo).context("the programs do not build")?;
    let tests = messages.lines().filter_map(executable).next_back();
    tests.context("cargo names no program of the kernel tests")
}

/// Copies a program without the symbols that `strip` removes by an option. They are most of it, and
/// the machine keeps it in memory.
fn stripped(machine: Machine, program: &Path, symbols: &str) -> Result<PathBuf> {
    let folder = machine.cache("programs");
    let copy = folder.join(program.file_name().context("a program has a name")?);
    std::fs::create_dir_all(&folder).context("cannot create a folder for programs")?;
    let mut strip = Command::new(machine.strip());
    strip.arg(symbols).arg("-o").arg(&copy).arg(program);
    process::run(&mut strip).context("this needs `strip` (package binutils)")?;
    Ok(copy)
}

/// Returns the shared libraries of a program, with the dynamic linker.
fn libraries_of(program: &Path) -> Result<Vec<PathBuf>> {
    let listed = process::output(Command::new("ldd").arg(program));
    let listed = listed.with_context(|| format!("ldd does not know {}", program.display()))?;
    Ok(listed.lines().filter_map(library).collect())
}

/// Returns the path in a line of `ldd`. The kernel's own library has none.
fn library(line: &str) -> Option<PathBuf> {
    let mut words = line.split_whitespace();
    words.find(|word| word.starts_with('/')).map(PathBuf::from)
}

/// Returns the program of the kernel tests, if a message is about it.
fn executable(line: &str) -> Option<PathBuf> {
    let message: Message = serde_json::from_str(line).ok()?;
    message
        .executable
        .filter(|_| message.target.is_some_and(|target| target.name == "kernel"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_libraries_of_a_program() {
        let found = |line| library(line).map(|path| path.display().to_string());
        let named = found("\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f)");
        assert_eq!(named.as_deref(), Some("/lib/x86_64-linux-gnu/libc.so.6"));
        let linker = found("\t/lib64/ld-linux-x86-64.so.2 (0x00007f)");
        assert_eq!(linker.as_deref(), Some("/lib64/ld-linux-x86-64.so.2"));
        assert_eq!(found("\tlinux-vdso.so.1 (0x00007ffd)"), None);
    }

    #[test]
    fn finds_the_tests_among_cargos_messages() {
        let other = r#"{"reason":"compiler-artifact","target":{"name":"kontrast-known"},"executable":"/a"}"#;
        let tests =
            r#"{"reason":"compiler-artifact","target":{"name":"kernel"},"executable":"/b"}"#;
        assert_eq!(executable(other), None);
        assert_eq!(executable(tests), Some("/b".into()));
        assert_eq!(
            executable(r#"{"reason":"build-finished","success":true}"#),
            None
        );
    }
}
