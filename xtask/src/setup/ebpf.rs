//! The eBPF toolchain: a compiler with a core library for BPF, and a linker of its LLVM.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::{apt, begin};
use crate::ebpf::{Compiler, LINKER, Toolchain};
use crate::process;

/// Debian's compiler, with the core library for BPF built.
const DEBIAN: [&str; 3] = ["rustc-web", "cargo-web", "libstd-rust-web-dev-bpf"];
/// Later versions need a later rustc than the workspace.
const LINKER_VERSION: &str = "0.13.0";

/// Finds or installs compiler and linker, and describes them.
///
/// # Errors
/// Fails if neither route works here.
pub fn ensure() -> Result<String> {
    let compiler = match Compiler::find() {
        Some(compiler) => compiler,
        None => install_compiler()?,
    };
    if LINKER.find().is_none() {
        install_linker(&compiler)?;
    }
    let toolchain = Toolchain::find().context("installed, but still not found")?;
    Ok(toolchain.describe())
}

/// Finds or installs clippy of the same compiler.
///
/// # Errors
/// Fails without a compiler, or if its clippy cannot be installed.
pub fn clippy() -> Result<String> {
    let compiler = Compiler::find().context("no compiler for eBPF")?;
    if !compiler.has_clippy() {
        begin("eBPF clippy", "installing");
        match compiler {
            Compiler::System => apt::install(&["rust-web-clippy"])?,
            Compiler::Nightly => process::run(Command::new("rustup").args([
                "component",
                "add",
                "clippy",
                "--toolchain=nightly",
            ]))?,
        }
    }
    if !compiler.has_clippy() {
        bail!("installed, but still not found");
    }
    Ok("of the same compiler".to_owned())
}

/// Installs Debian's packages, which need no compilation of a core library, or else rustup's
/// nightly.
fn install_compiler() -> Result<Compiler> {
    if apt::may_install().is_ok() && DEBIAN.iter().all(|package| apt::offers(package)) {
        begin(
            "eBPF toolchain",
            "installing Debian's rustc and its BPF core library",
        );
        apt::install(&DEBIAN)?;
    } else if process::which("rustup").is_some() {
        begin(
            "eBPF toolchain",
            "installing rustup's nightly with rust-src",
        );
        let nightly = [
            "toolchain",
            "install",
            "nightly",
            "--profile=minimal",
            "--component=rust-src",
        ];
        process::run(Command::new("rustup").args(nightly))?;
    }
    Compiler::find().with_context(|| {
        format!(
            "no compiler for eBPF; with rustup: rustup toolchain install nightly --component \
             rust-src; on Debian: sudo apt-get install -y {}",
            DEBIAN.join(" ")
        )
    })
}

/// Builds the linker against the compiler's LLVM: it must read the compiler's bitcode.
fn install_linker(compiler: &Compiler) -> Result<()> {
    let major = compiler
        .llvm_major()
        .context("the compiler does not say which LLVM it uses")?;
    let remedy = format!(
        "cargo install bpf-linker --version {LINKER_VERSION} (it wants LLVM {major}), or cargo binstall bpf-linker"
    );
    let prefix = llvm(&major).with_context(|| remedy.clone())?;
    begin("eBPF toolchain", "building bpf-linker (a minute or three)");
    let mut install = process::cargo_install("bpf-linker", LINKER_VERSION);
    install
        .args([
            "--no-default-features",
            "--features",
            &format!("llvm-{major}"),
        ])
        .env("LLVM_PREFIX", prefix);
    process::run(&mut install).context(remedy)
}

/// Finds or installs the libraries of this LLVM, as Debian places them.
fn llvm(major: &str) -> Result<PathBuf> {
    let prefix = PathBuf::from(format!("/usr/lib/llvm-{major}"));
    let there = || prefix.join("bin/llvm-config").is_file();
    if !there() {
        begin("eBPF toolchain", &format!("installing LLVM {major}"));
        apt::install(&[
            &format!("llvm-{major}-dev"),
            &format!("libpolly-{major}-dev"),
        ])?;
    }
    if !there() {
        bail!("LLVM {major} is not at {}", prefix.display());
    }
    Ok(prefix)
}
