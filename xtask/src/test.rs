//! `cargo xtask test`: all checks of CI. A failed step does not keep later ones from running.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, bail};
use nix::unistd::geteuid;

use crate::setup::{self, CARGO_DENY, Need};
use crate::tally::{Counts, Tally};
use crate::vm::ci::Fetching;
use crate::vm::programs;
use crate::{build, ebpf, process, project, run};

/// A target whose runtime a test of the recorder starts. The tests of targets, which fetch each
/// runtime, come later.
const RECORDED_BY_TESTS: &str = "node";

/// Sets up, builds, checks and tests, and prints how many passed.
pub fn run(all: bool) -> Result<ExitCode> {
    let mut targets = run::targets();
    targets.push(RECORDED_BY_TESTS.to_owned());
    setup::ensure(&[Need::Ebpf, Need::Targets(targets), Need::Tests])?;
    build::kernel_side()?;
    let kernels = Fetching::begin();
    let mut tally = Tally::default();
    let format = ["fmt", "--all", "--check"];
    tally.step("format", || check(process::cargo().args(format)));
    let clippy = ["--all-targets", "--", "-D", "warnings"];
    tally.step("clippy", || check(&mut workspace("clippy", &clippy)));
    tally.step("clippy, eBPF", clippy_of_ebpf);
    tally.step("dependencies", dependencies);
    tally.step("tests", || tests(&mut all_tests(all)));
    tally.step("clients of the stub", clients_of_the_stub);
    tally.step("end to end", end_to_end);
    tally.step("kernels", || kernels.boot(programs::of_tests()?));
    Ok(tally.close())
}

/// Sets up, and checks every crate and its tests for arm64.
pub fn aarch64() -> Result<ExitCode> {
    setup::ensure(&[Need::Ebpf, Need::Aarch64])?;
    build::kernel_side()?;
    let check = ["--all-targets", "--target", project::AARCH64];
    process::run(&mut workspace("check", &check)).map(|()| ExitCode::SUCCESS)
}

/// Sets up and builds, then records programs that people run beside other tools.
pub fn real(out: Option<&Path>) -> Result<ExitCode> {
    setup::ensure(&[Need::Ebpf, Need::Tests, Need::Real])?;
    build::everything()?;
    let mut suite = process::in_root(project::binary("suite"));
    suite.arg("real");
    if let Some(out) = out {
        suite.arg("--out").arg(std::path::absolute(out)?);
    }
    process::run(&mut suite).map(|()| ExitCode::SUCCESS)
}

fn check(command: &mut Command) -> Result<Counts> {
    process::run(command).map(|()| Counts::ONE)
}

/// Returns a cargo command for every crate of the host side.
fn workspace(verb: &str, arguments: &[&str]) -> Command {
    let mut command = process::cargo();
    command
        .args([verb, "--workspace", "--exclude=profiler-ebpf"])
        .args(arguments);
    command
}

fn clippy_of_ebpf() -> Result<Counts> {
    let toolchain = ebpf::Toolchain::find().context("no eBPF toolchain")?;
    ebpf::clippy(&toolchain).map(|()| Counts::ONE)
}

/// Checks bans, licences and sources. Advisories need a database that is no package: `cargo deny
/// check` fetches it.
fn dependencies() -> Result<Counts> {
    let deny = CARGO_DENY.find().context("no cargo-deny")?;
    check(process::in_root(deny).args(["check", "bans", "licenses", "sources"]))
}

/// Runs the official clients against the stub. They are installed as their lock files say.
fn clients_of_the_stub() -> Result<Counts> {
    let install = project::root().join("stub/tests/clients/install.sh");
    process::run(&mut Command::new(install))?;
    let arguments = ["--test=it", "--no-fail-fast", "--", "--ignored", "clients"];
    tests(&mut workspace("test", &arguments))
}

/// Runs one comparison of three arms, with all programs.
fn end_to_end() -> Result<Counts> {
    let arguments = ["--test=end_to_end", "--", "--ignored"];
    tests(&mut workspace("test", &arguments))
}

/// Returns one cargo command for all tests: cargo compiles shared crates again for each selection
/// of crates. Tests that load eBPF programs are built as this user and run as root.
fn all_tests(all: bool) -> Command {
    let mut command = workspace("test", &["--no-fail-fast"]);
    if all {
        command.env("KONTRAST_TEST_ALL", "1");
    }
    if !geteuid().is_root() {
        let arch = std::env::consts::ARCH.to_uppercase();
        command.env(
            format!("CARGO_TARGET_{arch}_UNKNOWN_LINUX_GNU_RUNNER"),
            project::root().join("xtask/as_root.sh"),
        );
    }
    command
}

/// Passes cargo's output on, and adds up its result lines.
fn tests(command: &mut Command) -> Result<Counts> {
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}", process::shown(command)))?;
    let stdout = child.stdout.take().context("stdout was asked for")?;
    let mut counts = Counts::default();
    for line in BufReader::new(stdout).lines() {
        let line = line.context("cannot read what cargo prints")?;
        println!("{line}");
        counts.add_line(&line);
    }
    let status = child.wait().context("cannot wait for cargo")?;
    if !status.success() && counts.failed == 0 {
        bail!("{} failed ({status})", process::shown(command));
    }
    Ok(counts)
}

#[cfg(test)]
mod tests {
    #[test]
    fn keeps_all_rules() {
        let found = tidy::unexpected().unwrap();
        assert!(found.is_empty(), "\n{}", found.join("\n"));
    }
}
