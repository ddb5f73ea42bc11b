//! `cargo xtask build`: the kernel side first, since the binary embeds it.

use anyhow::{Context, Result};

use crate::{ebpf, process};

/// Builds the eBPF programs, then the binaries, in release.
pub fn everything() -> Result<()> {
    kernel_side()?;
    cargo_build(&["--workspace", "--exclude=profiler-ebpf", "--exclude=xtask"])
}

/// Builds the eBPF programs where `profiler` embeds them from.
pub fn kernel_side() -> Result<()> {
    let toolchain = ebpf::Toolchain::find()
        .context("there is no eBPF toolchain; `cargo xtask setup` finds or installs one")?;
    ebpf::build(&toolchain)
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
