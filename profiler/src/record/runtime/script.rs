//! The program that a command starts: looked up on PATH, and the interpreter of a script.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Longest first line that the kernel reads (`BINPRM_BUF_SIZE`).
const LONGEST: usize = 256;
/// Interpreters that may themselves be scripts, as the kernel allows.
const DEEPEST: usize = 4;

/// Returns the file that a command starts, as `execvp` finds it. `path`: the value of PATH.
pub fn program_of(command: &str, path: &std::ffi::OsStr) -> Option<PathBuf> {
    if command.contains('/') {
        return Some(PathBuf::from(command));
    }
    let folders = std::env::split_paths(path);
    let files = folders.map(|folder| folder.join(command));
    files.into_iter().find(|file| is_program(file))
}

fn is_program(file: &Path) -> bool {
    const EXECUTABLE: u32 = 0o111;
    let metadata = file.metadata();
    metadata.is_ok_and(|found| found.is_file() && found.permissions().mode() & EXECUTABLE != 0)
}

/// Returns the interpreter of a script; the file itself if it is no script.
pub fn interpreter_of(file: &Path) -> PathBuf {
    let mut file = file.to_owned();
    for _ in 0..DEEPEST {
        match first_line(&file).and_then(|line| named_by(&line)) {
            Some(interpreter) => file = interpreter,
            None => break,
        }
    }
    file
}

fn first_line(file: &Path) -> Option<String> {
    let mut start = Vec::new();
    let file = File::open(file).ok().filter(|file| {
        let metadata = file.metadata();
        metadata.is_ok_and(|found| found.is_file())
    })?;
    file.take(LONGEST as u64).read_to_end(&mut start).ok()?;
    let line = start
        .strip_prefix(b"#!")?
        .split(|byte| *byte == b'\n')
        .next()?;
    String::from_utf8(line.to_vec()).ok()
}

/// Returns the interpreter that the first line of a script names, through `env` as well.
fn named_by(line: &str) -> Option<PathBuf> {
    let mut words = line.split_ascii_whitespace();
    let interpreter = PathBuf::from(words.next()?);
    if interpreter.file_name()? != "env" {
        return Some(interpreter);
    }
    let is_assignment_or_option = |word: &&str| word.starts_with('-') || word.contains('=');
    let command = words.find(|word| !is_assignment_or_option(word))?;
    program_of(command, &std::env::var_os("PATH")?)
}
