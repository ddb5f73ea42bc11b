//! Tools of the tests and the benchmarks.

use std::process::Command;

use anyhow::{Context, Result};

use super::{Found, apt, begin};
use crate::process::{self, Tool};
use crate::project;

/// Licences, sources and duplicates of dependencies.
pub const CARGO_DENY: Tool = Tool("cargo-deny");
const CARGO_DENY_VERSION: &str = "0.20.2";
/// Any of these draws the report for its test.
const BROWSERS: &[&str] = &["chromium", "chromium-browser", "google-chrome"];

/// What `cargo xtask test` checks with.
pub fn for_tests() -> Vec<Found> {
    vec![
        Found::new("rustfmt, clippy", linters()),
        Found::new("eBPF clippy", super::ebpf::clippy()),
        Found::new("cargo-deny", cargo_deny()),
        Found::new("browser", program(BROWSERS, "chromium")),
        Found::new("pidstat", program(&["pidstat"], "sysstat")),
    ]
}

/// What `cargo xtask bench overhead` compares with.
pub fn for_bench() -> Vec<Found> {
    vec![
        Found::new("bpftrace", program(&["bpftrace"], "bpftrace")),
        Found::new("libbpf-tools", program(&["runqlat"], "libbpf-tools")),
    ]
}

fn program(names: &[&str], package: &str) -> Result<String> {
    let find = || names.iter().find_map(|name| process::which(name));
    if find().is_none() {
        begin(package, "installing with apt-get");
        apt::install(&[package])?;
    }
    let path = find().context("installed, but not on PATH")?;
    Ok(project::short(&path))
}

fn linters() -> Result<String> {
    let version = |name| process::output(process::cargo().args([name, "--version"]));
    if version("fmt").is_none() || version("clippy").is_none() {
        begin("rustfmt, clippy", "adding with rustup");
        process::run(Command::new("rustup").args(["component", "add", "rustfmt", "clippy"]))
            .context("install the rustfmt and clippy of your Rust toolchain")?;
    }
    version("clippy").context("cargo clippy does not start")
}

fn cargo_deny() -> Result<String> {
    if CARGO_DENY.find().is_none() {
        begin("cargo-deny", "building (a few minutes)");
        // Checking takes a second even unoptimised, and building takes half the time.
        process::run(process::cargo_install("cargo-deny", CARGO_DENY_VERSION).arg("--debug"))?;
    }
    let path = CARGO_DENY.find().context("installed, but not found")?;
    Ok(project::short(&path))
}
