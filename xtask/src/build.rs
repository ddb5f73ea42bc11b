//! `cargo xtask build`: the kernel side first, since the binary embeds it.

use anyhow::{Context, Result};

use crate::{ebpf, process};

/// Builds the eBPF programs, then the binaries, in release.
///
/// # Errors
/// The eBPF toolchain is missing, or a build fails.
pub fn everything() -> Result<()> {
    kernel_side()?;
    binaries()
}

/// Builds the eBPF programs to where `profiler` embeds them from.
///
/// # Errors
/// The eBPF toolchain is missing, or the build fails.
pub fn kernel_side() -> Result<()> {
    let toolchain = ebpf::Toolchain::find()
        .context("no eBPF toolchain here; `cargo xtask setup` finds or installs one")?;
    ebpf::build(&toolchain)
}

fn binaries() -> Result<()> {
    process::run(process::cargo().args([
        "build",
        "--release",
        "--workspace",
        "--exclude=profiler-ebpf",
        "--exclude=xtask",
    ]))
}
