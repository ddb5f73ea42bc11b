//! Programs for tests.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// A shell script that can be run, in `dir`.
///
/// Another process makes it executable: a file that this process has open for writing could not be run while any
/// of its threads is starting a child, which holds everything open for a moment.
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
