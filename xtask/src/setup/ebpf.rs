//! The eBPF toolchain: a compiler with a core library for BPF, and a linker of its LLVM.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::{apt, find_or_install};
use crate::ebpf::{Compiler, LINKER, Toolchain};
use crate::process;

const NAME: &str = "eBPF toolchain";
/// Arguments of rustup for a compiler that can build the core library.
const NIGHTLY: &str = "toolchain install nightly --profile=minimal --component=rust-src";
/// Debian's compiler, with the core library for BPF built.
const DEBIAN: [&str; 3] = ["rustc-web", "cargo-web", "libstd-rust-web-dev-bpf"];
/// Later versions need a later rustc than the workspace.
const LINKER_VERSION: &str = "0.13.0";

/// Finds or installs compiler and linker, and describes them.
pub fn ensure() -> Result<String> {
    let compiler = compiler()?;
    if LINKER.find().is_none() {
        install_linker(compiler)?;
    }
    let toolchain = Toolchain::find().context("installed, but still not found")?;
    Ok(toolchain.describe())
}

/// Finds or installs clippy of the same compiler.
pub fn clippy() -> Result<String> {
    let compiler = Compiler::find().context("no compiler for eBPF")?;
    let find = || {
        compiler
            .has_clippy()
            .then(|| "of the same compiler".to_owned())
    };
    find_or_install("eBPF clippy", "installing", find, || match compiler {
        Compiler::System => apt::install(&["rust-web-clippy"]),
        Compiler::Nightly => rustup("component add clippy --toolchain=nightly"),
    })
}

fn rustup(arguments: &str) -> Result<()> {
    process::run(Command::new("rustup").args(arguments.split(' ')))
}

/// Finds a compiler, or installs Debian's packages, which need no compilation of a core library, or
/// else rustup's nightly.
fn compiler() -> Result<Compiler> {
    let action = "installing a compiler with the core library for BPF";
    find_or_install(NAME, action, Compiler::find, || {
        if apt::may_install().is_ok() && DEBIAN.iter().all(|package| apt::offers(package)) {
            return apt::install(&DEBIAN);
        }
        if process::which("rustup").is_some() {
            return rustup(NIGHTLY);
        }
        bail!(
            "no compiler for eBPF; with rustup: rustup {NIGHTLY}; on Debian: sudo apt-get install \
             -y {}",
            DEBIAN.join(" ")
        )
    })
}

/// Builds the linker against the compiler's LLVM: it must read the compiler's bitcode.
fn install_linker(compiler: Compiler) -> Result<()> {
    let major = compiler
        .llvm_major()
        .context("the compiler does not say which LLVM it uses")?;
    let remedy = format!(
        "cargo install bpf-linker --version {LINKER_VERSION} (it wants LLVM {major}), or cargo \
         binstall bpf-linker"
    );
    let prefix = llvm(&major).with_context(|| remedy.clone())?;
    let find = || LINKER.find();
    find_or_install(
        NAME,
        "building bpf-linker (a minute or three)",
        find,
        || {
            let mut install = process::cargo_install("bpf-linker", LINKER_VERSION);
            install.args(["--no-default-features", "--features"]);
            install
                .arg(format!("llvm-{major}"))
                .env("LLVM_PREFIX", prefix);
            process::run(&mut install).context(remedy)
        },
    )?;
    Ok(())
}

/// Finds or installs the libraries of this LLVM, as Debian places them.
fn llvm(major: &str) -> Result<PathBuf> {
    let prefix = PathBuf::from(format!("/usr/lib/llvm-{major}"));
    let find = || {
        prefix
            .join("bin/llvm-config")
            .is_file()
            .then(|| prefix.clone())
    };
    let packages = ["llvm", "libpolly"].map(|name| format!("{name}-{major}-dev"));
    find_or_install(NAME, &format!("installing LLVM {major}"), find, || {
        apt::install(&packages.each_ref().map(String::as_str))
    })
    .with_context(|| format!("LLVM {major} is not at {}", prefix.display()))
}
