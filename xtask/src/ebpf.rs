//! The toolchain that compiles the eBPF programs: two routes to the same object.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::{process, project};

/// Kernel side target: eBPF, little endian.
const TARGET: &str = "bpfel-unknown-none";
/// Where Debian puts the rustc that comes with a BPF core library.
const SYSTEM_RUSTC: &str = "/usr/bin/rustc";
const SYSTEM_CARGO: &str = "/usr/bin/cargo";

/// A way to compile for eBPF that works on this machine.
pub struct Toolchain {
    compiler: Compiler,
    linker: PathBuf,
}

enum Compiler {
    /// rustup's nightly with rust-src: compiles the core library itself.
    Nightly,
    /// A system rustc whose packages include the core library for BPF.
    System,
}

impl Toolchain {
    /// Looks for a compiler and a linker; starts no installation.
    pub fn find() -> Option<Self> {
        Some(Self {
            compiler: find_compiler()?,
            linker: find_linker()?,
        })
    }

    /// One line about what serves.
    pub fn describe(&self) -> String {
        let compiler = match self.compiler {
            Compiler::Nightly => "rustup nightly with rust-src".to_owned(),
            Compiler::System => format!("{SYSTEM_RUSTC} with its BPF core library"),
        };
        format!("{compiler}, {}", self.linker.display())
    }

    /// A cargo that knows the target; the caller says what to do with which package.
    pub fn cargo(&self, verb: &str) -> Command {
        let mut command = match self.compiler {
            Compiler::Nightly => Command::new("cargo"),
            Compiler::System => Command::new(SYSTEM_CARGO),
        };
        // What the outer cargo and rustup set points to the toolchain of the host side.
        process::forget(
            &mut command,
            &[
                "CARGO_BUILD_",
                "CARGO_ENCODED_",
                "CARGO_MANIFEST_",
                "CARGO_PKG_",
                "CARGO_TARGET_",
                "LD_LIBRARY_PATH",
                "RUSTC",
                "RUSTFLAGS",
                "RUSTUP_TOOLCHAIN",
            ],
        );
        match self.compiler {
            Compiler::Nightly => {
                command.env("RUSTUP_TOOLCHAIN", "nightly");
                command.args([verb, "-Zbuild-std=core"]);
            }
            Compiler::System => {
                command
                    .env("RUSTC", SYSTEM_RUSTC)
                    .env("RUSTC_BOOTSTRAP", "1");
                command.arg(verb);
            }
        }
        command
            .current_dir(project::root())
            .args(["--release", "--target", TARGET, "--target-dir"])
            .arg(project::cache("ebpf-target"))
            .env("CARGO_ENCODED_RUSTFLAGS", self.flags());
        command
    }

    /// Separated as `CARGO_ENCODED_RUSTFLAGS` wants it, so that paths may hold spaces.
    fn flags(&self) -> String {
        [
            "-Cdebuginfo=2".to_owned(),
            "-Clink-arg=--btf".to_owned(),
            // v3 (Linux 5.1) has 32-bit arithmetic and more jumps; rustc tells the linker too.
            "-Ctarget-cpu=v3".to_owned(),
            format!("-Clinker={}", self.linker.display()),
        ]
        .join("\x1f")
    }
}

/// Compiles the eBPF programs to `.cache/ebpf/kontrast-ebpf`, where `profiler` embeds them from.
///
/// # Errors
/// The compiler fails, or the object cannot be copied.
pub fn build(toolchain: &Toolchain) -> Result<()> {
    process::run(
        toolchain
            .cargo("build")
            .args(["--quiet", "--package", "profiler-ebpf"]),
    )?;
    let built = project::cache("ebpf-target")
        .join(TARGET)
        .join("release/kontrast-ebpf");
    copy_if_changed(&built, &project::cache("ebpf").join("kontrast-ebpf"))
}

/// An unchanged object keeps its time stamp, so that `profiler` is not built again.
fn copy_if_changed(from: &Path, to: &Path) -> Result<()> {
    let new = fs::read(from).with_context(|| format!("cannot read {}", from.display()))?;
    if fs::read(to).is_ok_and(|old| old == new) {
        return Ok(());
    }
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
    }
    fs::write(to, new).with_context(|| format!("cannot write {}", to.display()))
}

fn find_compiler() -> Option<Compiler> {
    if nightly_has_source() {
        return Some(Compiler::Nightly);
    }
    system_has_core().then_some(Compiler::System)
}

fn nightly_has_source() -> bool {
    let sysroot = process::output(
        Command::new("rustup").args(["run", "nightly", "rustc", "--print", "sysroot"]),
    );
    sysroot.is_some_and(|root| {
        Path::new(&root)
            .join("lib/rustlib/src/rust/library/core")
            .is_dir()
    })
}

fn system_has_core() -> bool {
    if !Path::new(SYSTEM_CARGO).is_file() {
        return false;
    }
    let libraries = process::output(Command::new(SYSTEM_RUSTC).args([
        "--print",
        "target-libdir",
        "--target",
        TARGET,
    ]));
    libraries.is_some_and(|folder| Path::new(&folder).is_dir())
}

fn find_linker() -> Option<PathBuf> {
    let own = project::cache("tools/bin/bpf-linker");
    if own.is_file() {
        return Some(own);
    }
    process::which("bpf-linker")
}
