//! A program of Java that allocates, with each of HotSpot's collectors.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::log::JAVA;
use super::{process, project};

/// Collectors: the end of an arm's name, and the option that chooses it.
const COLLECTORS: [(&str, &str); 4] = [
    ("serial", "-XX:+UseSerialGC"),
    ("parallel", "-XX:+UseParallelGC"),
    ("g1", "-XX:+UseG1GC"),
    ("z", "-XX:+UseZGC"),
];
/// Folder of the recording in that of its round, which has the log and the program as well.
pub const RECORDING: &str = "recording";
/// Seconds that the program runs longer than it is recorded.
const LONGER: u16 = 30;

/// Returns the option of an arm's collector.
///
/// # Errors
/// There is no such collector.
fn option(arm: &str) -> Result<&'static str> {
    let name = arm.strip_prefix(JAVA).unwrap_or_default();
    let mut collectors = COLLECTORS.iter();
    match collectors.find(|(collector, _)| *collector == name) {
        Some((_, option)) => Ok(option),
        None => {
            let names = COLLECTORS
                .map(|(name, _)| format!("{JAVA}{name}"))
                .join(", ");
            bail!("there is no arm {arm}; choose {names}")
        }
    }
}

/// Returns the command that records the program from its start, and writes its log.
///
/// # Errors
/// The program cannot be compiled.
pub fn recorder(arm: &str, folder: &Path, seconds: u16) -> Result<Command> {
    std::fs::create_dir_all(folder)?;
    let classes = folder.join("classes");
    let source = project::root().join("suite/src/bench/gc/java/Allocate.java");
    let mut compiler = Command::new("javac");
    compiler.arg("-d").arg(&classes).arg(source);
    let status = compiler
        .status()
        .context("cannot start javac; install default-jdk-headless")?;
    if !status.success() {
        bail!("{} failed ({status})", process::shown(&compiler));
    }
    let mut command = process::in_root(project::binary("kontrast"));
    command
        .args(["record", "--arm", arm])
        .args(["--duration", &format!("{seconds}s")])
        .arg("--out")
        .arg(folder.join(RECORDING))
        .args(["--", "java", option(arm)?, "-Xmx256m"])
        .arg(format!(
            "-Xlog:gc*,safepoint:file={}:none",
            folder.join("target.log").display()
        ))
        .arg("-cp")
        .arg(&classes)
        .args(["Allocate", &(seconds + LONGER).to_string()]);
    Ok(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejects_collectors_that_there_are_not() {
        assert_eq!(option("java-g1").unwrap(), "-XX:+UseG1GC");
        let error = option("java-none").unwrap_err().to_string();
        assert!(error.contains("choose java-serial"), "{error}");
    }
}
