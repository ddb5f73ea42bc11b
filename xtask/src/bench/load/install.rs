//! Finds the tools people know, or installs them into `.cache/tools`.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::process::{self, Tool};
use crate::project;

const OHA: Tool = Tool("oha");
const OHA_VERSION: &str = "1.16.0";
const K6: Tool = Tool("k6");
const K6_SSE: Tool = Tool("k6-sse");
const K6_MODULE: &str = "go.k6.io/k6@v1.4.0";
const SSE_MODULE: &str = "github.com/phymbert/xk6-sse@v0.1.12";

/// k6 with the extension, as k6's own builder writes it.
const K6_SSE_MAIN: &str = "package main\n\n\
    import (\n\t\"go.k6.io/k6/cmd\"\n\n\t_ \"github.com/phymbert/xk6-sse\"\n)\n\n\
    func main() { cmd.Execute() }\n";

/// oha, installed if it `may` be.
///
/// # Errors
/// It cannot be built.
pub fn oha(may: bool) -> Result<PathBuf> {
    find_or(OHA, may, || {
        quietly(&mut process::cargo_install("oha", OHA_VERSION))
    })
}

/// k6, installed if it `may` be.
///
/// # Errors
/// It cannot be built.
pub fn k6(may: bool) -> Result<PathBuf> {
    find_or(K6, may, || quietly(go().args(["install", K6_MODULE])))
}

/// k6 with xk6-sse, installed if it `may` be.
///
/// # Errors
/// It cannot be built: the extension is not to be had from every Go module proxy.
pub fn k6_sse(may: bool) -> Result<PathBuf> {
    find_or(K6_SSE, may, || {
        let folder = project::cache("bench-k6-sse");
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("go.mod"), "module k6sse\n\ngo 1.24\n")?;
        fs::write(folder.join("main.go"), K6_SSE_MAIN)?;
        let mut get = go();
        quietly(
            get.current_dir(&folder)
                .args(["get", K6_MODULE, SSE_MODULE]),
        )?;
        let mut build = go();
        let program = project::cache("tools/bin").join(K6_SSE.0);
        quietly(
            build
                .current_dir(&folder)
                .arg("build")
                .arg("-o")
                .arg(program),
        )
    })
}

fn find_or(tool: Tool, may: bool, install: impl FnOnce() -> Result<()>) -> Result<PathBuf> {
    if let Some(path) = tool.find() {
        return Ok(path);
    }
    ensure!(may, "it is not there, and --no-install was given");
    eprintln!("building {} (a few minutes) …", tool.0);
    install()?;
    tool.find().context("installed, but not found")
}

/// Go, with everything it makes in `.cache/`.
fn go() -> Command {
    let mut go = Command::new("go");
    go.env("GOPATH", project::cache("go"))
        .env("GOBIN", project::cache("tools/bin"))
        .env("GOFLAGS", "-modcacherw");
    go
}

/// Its last words, if it fails.
fn quietly(command: &mut Command) -> Result<()> {
    let shown = process::shown(command);
    let output = command
        .output()
        .with_context(|| format!("cannot start {shown}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let last = said.lines().rfind(|line| !line.trim().is_empty());
        bail!(
            "`{shown}` failed: {}",
            last.unwrap_or("it does not say why").trim()
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_words_are_told() {
        let mut shell = Command::new("sh");
        let error = quietly(shell.args(["-c", "echo first >&2; echo not available >&2; exit 1"]));
        assert!(
            error
                .unwrap_err()
                .to_string()
                .ends_with("failed: not available")
        );
        assert!(quietly(&mut Command::new("no-such-program")).is_err());
    }
}
