//! Runs other programs.

use std::convert::Infallible;
use std::env;
use std::ffi::OsStr;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use nix::unistd::geteuid;

use crate::project;

/// Prefixes of the variables that `cargo run` sets for the program it starts.
pub const SET_BY_CARGO: &[&str] = &["CARGO_MANIFEST_", "CARGO_PKG_"];

/// Runs a program to its end with this process's stdin, stdout and stderr.
///
/// # Errors
/// Fails if the program cannot be started, or does.
pub fn run(command: &mut Command) -> Result<()> {
    let status = command
        .status()
        .with_context(|| format!("cannot start {}", shown(command)))?;
    if !status.success() {
        bail!("{} failed ({status})", shown(command));
    }
    Ok(())
}

/// Runs a program whose output is shown only if it fails: its last line.
///
/// # Errors
/// Fails if the program cannot be started, or does.
pub fn run_quietly(command: &mut Command) -> Result<()> {
    let shown = shown(command);
    let output = command
        .output()
        .with_context(|| format!("cannot start {shown}"))?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        let last = stderr.lines().rfind(|line| !line.trim().is_empty());
        bail!("`{shown}` failed: {}", last.unwrap_or("no message").trim());
    }
    Ok(())
}

/// Replaces this process by `command`.
///
/// # Errors
/// Fails if the program cannot be started.
pub fn become_program(mut command: Command) -> Result<Infallible> {
    Err(command.exec()).with_context(|| format!("cannot start {}", shown(&command)))
}

/// Returns the trimmed standard output of a program; `None` if it cannot be started or fails.
pub fn output(command: &mut Command) -> Option<String> {
    let output = command.output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    output.status.success().then_some(text)
}

/// Returns the command as a user would type it.
pub fn shown(command: &Command) -> String {
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| word.to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Returns the path of a program on PATH, or in the folder for administrators' tools, which users'
/// PATH may lack.
pub fn which(program: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?)
        .chain([PathBuf::from("/usr/sbin")])
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
}

/// Returns a command that runs as root: directly for root, else through a sudo that asks no
/// password.
pub fn as_root(program: &str, arguments: &[&str]) -> Command {
    let path = which(program).unwrap_or_else(|| PathBuf::from(program));
    let mut command = if geteuid().is_root() {
        Command::new(path)
    } else {
        let mut sudo = Command::new("sudo");
        sudo.arg("-n").arg(path);
        sudo
    };
    command.args(arguments);
    command
}

/// A program in `.cache/tools`, or on PATH.
#[derive(Clone, Copy, Debug)]
pub struct Tool(pub &'static str);

impl Tool {
    /// Returns its path. One that set-up built comes first: its version fits.
    pub fn find(self) -> Option<PathBuf> {
        let own = project::cache("tools/bin").join(self.0);
        own.is_file().then_some(own).or_else(|| which(self.0))
    }
}

/// Returns a `cargo install` of one crate into `.cache/tools`, with the versions its authors
/// locked.
pub fn cargo_install(krate: &str, version: &str) -> Command {
    let mut command = cargo();
    let forgotten = ["CARGO_TARGET_", "CARGO_BUILD_", "RUSTFLAGS"];
    forget(&mut command, &forgotten);
    command.args(["install", "--quiet", "--locked", "--version", version]);
    command
        .arg(krate)
        .arg("--root")
        .arg(project::cache("tools"));
    command
}

/// Returns the cargo that runs this program, in the root of the repository.
pub fn cargo() -> Command {
    in_root(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Returns `kontrast run`, started in the root: it finds `targets/` there and writes to `results/`.
pub fn kontrast_run(kontrast: &Path) -> Command {
    let mut command = in_root(kontrast);
    command.arg("run");
    command
}

/// Returns a program of this workspace, started in the root of the repository.
pub fn in_root(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    forget(&mut command, SET_BY_CARGO);
    command.current_dir(project::root());
    command
}

/// Removes variables with these prefixes from the command's environment. Those that `cargo run`
/// sets for this program must not reach another cargo.
pub fn forget(command: &mut Command, prefixes: &[&str]) {
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if prefixes.iter().any(|prefix| text.starts_with(prefix)) {
            command.env_remove(&name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_the_last_line_of_a_failed_installation() {
        let mut shell = Command::new("sh");
        let error =
            run_quietly(shell.args(["-c", "echo first >&2; echo not available >&2; exit 1"]));
        let error = error.unwrap_err().to_string();
        assert!(error.ends_with("failed: not available"), "{error}");
        assert!(run_quietly(&mut Command::new("no-such-program")).is_err());
    }
}
