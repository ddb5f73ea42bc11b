//! Load generators that `bench load` compares with, installed into `.cache/tools`.

use std::fs;
use std::process::Command;

use anyhow::Result;

use crate::process::{self, Tool};
use crate::project;

const OHA_VERSION: &str = "1.16.0";
const K6_MODULE: &str = "go.k6.io/k6@v1.4.0";
const SSE_MODULE: &str = "github.com/phymbert/xk6-sse@v0.1.12";

/// k6 with the extension, as k6's own builder writes it.
const K6_SSE_MAIN: &str = "package main\n\n\
    import (\n\t\"go.k6.io/k6/cmd\"\n\n\t_ \"github.com/phymbert/xk6-sse\"\n)\n\n\
    func main() { cmd.Execute() }\n";

/// A load generator, and how it is installed.
type Step = (Tool, fn() -> Result<()>);

const TOOLS: [Step; 3] = [
    (Tool("oha"), install_oha),
    (Tool("k6"), install_k6),
    (Tool("k6-sse"), install_k6_sse),
];

/// Finds the load generators, and installs missing ones if `install` allows it. One that cannot be
/// installed is reported and left out of the benchmark.
pub fn ensure(install: bool) {
    for (tool, step) in TOOLS {
        if tool.find().is_none() && install {
            eprintln!("building {} (a few minutes) …", tool.0);
            if let Err(error) = step() {
                eprintln!("  {}: {error:#}", tool.0);
            }
        }
    }
}

fn install_oha() -> Result<()> {
    process::run_quietly(&mut process::cargo_install("oha", OHA_VERSION))
}

fn install_k6() -> Result<()> {
    process::run_quietly(go().args(["install", K6_MODULE]))
}

/// Builds k6 with xk6-sse. Not every Go module proxy has the extension.
fn install_k6_sse() -> Result<()> {
    let folder = project::cache("bench-k6-sse");
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("go.mod"), "module k6sse\n\ngo 1.24\n")?;
    fs::write(folder.join("main.go"), K6_SSE_MAIN)?;
    let mut get = go();
    get.current_dir(&folder)
        .args(["get", K6_MODULE, SSE_MODULE]);
    process::run_quietly(&mut get)?;
    let program = project::cache("tools/bin/k6-sse");
    let mut build = go();
    build
        .current_dir(&folder)
        .args(["build", "-o"])
        .arg(program);
    process::run_quietly(&mut build)
}

/// Returns the go command, with all that it writes in `.cache/`.
fn go() -> Command {
    let mut go = Command::new("go");
    go.env("GOPATH", project::cache("go"))
        .env("GOBIN", project::cache("tools/bin"))
        .env("GOFLAGS", "-modcacherw");
    go
}
