//! Tools of the tests and the benchmarks.

use std::process::Command;

use anyhow::{Context, Result};

use super::{Step, apt, begin};
use crate::process::{self, Tool};
use crate::project;

/// Licences, sources and duplicates of dependencies.
pub const CARGO_DENY: Tool = Tool("cargo-deny");
const CARGO_DENY_VERSION: &str = "0.20.2";
/// Browsers; one of them renders the report in its test.
const BROWSERS: &[&str] = &["chromium", "chromium-browser", "google-chrome"];

/// Returns the steps for the programs that `cargo xtask test` uses.
pub fn for_tests() -> Vec<Step> {
    vec![
        Step::new("rustfmt, clippy", linters),
        Step::new("eBPF clippy", super::ebpf::clippy),
        Step::new("cargo-deny", cargo_deny),
        program("browser", BROWSERS, "chromium"),
        program("pidstat", &["pidstat"], "sysstat"),
        redis(),
        Step::new("postgres", super::postgres::ensure),
    ]
}

/// Returns the step for Redis, which `--bus redis` starts.
pub fn redis() -> Step {
    program("Redis", &["redis-server"], "redis-server")
}

/// Returns the steps for the tools that `bench overhead` compares with.
pub fn for_bench() -> Vec<Step> {
    vec![
        program("bpftrace", &["bpftrace"], "bpftrace"),
        program("libbpf-tools", &["runqlat"], "libbpf-tools"),
        Step::new("tracefs", tracefs),
    ]
}

/// Returns a step that finds one of these programs, or installs Debian's package.
fn program(what: &'static str, names: &'static [&str], package: &'static str) -> Step {
    Step::new(what, move || {
        let find = || names.iter().find_map(|name| process::which(name));
        if find().is_none() {
            begin(what, &format!("installing {package} with apt-get"));
            apt::install(&[package])?;
        }
        let path = find().context("installed, but not on PATH")?;
        Ok(project::short(&path))
    })
}

/// Mounts tracefs: bpftrace reads the fields of tracepoints there, and containers often lack it.
fn tracefs() -> Result<String> {
    let place = "/sys/kernel/tracing";
    let mounted = || std::fs::read_dir(place).is_ok_and(|mut entries| entries.next().is_some());
    if !mounted() {
        let mount = ["mount", "-t", "tracefs", "tracefs", place];
        let by_hand = || format!("to do it yourself: sudo {}", mount.join(" "));
        process::run(&mut process::as_root(mount[0], &mount[1..])).with_context(by_hand)?;
    }
    Ok(place.to_owned())
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
        // A debug build halves the time, and a check takes a second even so.
        process::run(process::cargo_install("cargo-deny", CARGO_DENY_VERSION).arg("--debug"))?;
    }
    let path = CARGO_DENY.find().context("installed, but not found")?;
    Ok(project::short(&path))
}
