//! `cargo xtask build`: the kernel side first, since the binary embeds it.

use std::process::Command;

use anyhow::{Context, Result};

use crate::{ebpf, process, project};

/// Packages without a program that a user runs. `tidy` alone needs `syn` and its parser of all of
/// Rust in release.
const WITHOUT_BINARY: [&str; 3] = [
    "--exclude=profiler-ebpf",
    "--exclude=tidy",
    "--exclude=xtask",
];

/// Builds the eBPF programs, then the binaries, in release.
pub fn everything() -> Result<()> {
    kernel_side()?;
    cargo_build(&[&["--workspace"], WITHOUT_BINARY.as_slice()].concat())
}

/// Builds the eBPF programs, and the programs of a comparison, in release: a part of
/// [`everything`], with the same features.
pub fn programs_of_run(with_suite: bool) -> Result<()> {
    kernel_side()?;
    let mut packages = vec!["--package=kontrast", "--package=loadgen", "--package=stub"];
    packages.extend(with_suite.then_some("--package=suite"));
    cargo_build(&packages)
}

/// Builds the eBPF programs where `profiler` embeds them from.
pub fn kernel_side() -> Result<()> {
    ebpf::build(&toolchain()?)
}

fn toolchain() -> Result<ebpf::Toolchain> {
    ebpf::Toolchain::find()
        .context("there is no eBPF toolchain; `cargo xtask setup` finds or installs one")
}

/// Builds the eBPF programs for arm64.
pub fn kernel_side_of_aarch64() -> Result<()> {
    ebpf::build_for_aarch64(&toolchain()?)
}

/// Returns a cargo that builds static programs for arm64, with the eBPF programs of that kernel.
pub fn cargo_of_aarch64() -> Command {
    const LINKER: &str = "CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER";
    const FLAGS: &str = "CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUSTFLAGS";
    let mut cargo = process::cargo();
    cargo
        .env("KONTRAST_BPF_OBJECT", ebpf::object_of_aarch64())
        .env("CARGO_BUILD_TARGET", project::AARCH64)
        .env(LINKER, "aarch64-linux-gnu-gcc")
        .env(FLAGS, "-Ctarget-feature=+crt-static");
    cargo
}

/// Builds the binaries of one package, in release.
pub fn binary(package: &str) -> Result<()> {
    cargo_build(&["--package", package])
}

/// Builds the programs that `bench load` measures, in release.
pub fn load_floor() -> Result<()> {
    cargo_build(&["--package=stub", "--package=loadgen"])?;
    cargo_build(&["--package=loadgen", "--example=floor"])
}

fn cargo_build(arguments: &[&str]) -> Result<()> {
    process::run(
        process::cargo()
            .args(["build", "--release"])
            .args(arguments),
    )
}
