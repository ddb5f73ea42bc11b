//! Programs for tests.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Writes a shell script that can be run, in `dir`.
///
/// Another process makes it executable. A file that this process has open for writing cannot be run
/// while any of its threads starts a child, which inherits the open file until its exec.
pub fn program(dir: &Path, script: &str) -> PathBuf {
    let (text, program) = (dir.join("script"), dir.join("program"));
    fs::write(&text, format!("#!/bin/sh\n{script}\n")).unwrap();
    let install = Command::new("install")
        .arg("-m755")
        .args([&text, &program])
        .status();
    assert!(install.unwrap().success());
    program
}
