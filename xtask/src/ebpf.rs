//! The toolchain that compiles the eBPF programs: two routes to the same object.

use std::env::consts::ARCH;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::process::{self, Tool};
use crate::project;

/// The target of the kernel side: eBPF, little endian.
const TARGET: &str = "bpfel-unknown-none";
/// Debian's rustc, whose packages include the core library for BPF.
const SYSTEM_RUSTC: &str = "/usr/bin/rustc";
const SYSTEM_CARGO: &str = "/usr/bin/cargo";
const SYSTEM_CLIPPY: &str = "/usr/bin/cargo-clippy";

/// Variables of cargo and rustup that select the toolchain of the host side.
const HOST_SIDE: &[&str] = &[
    "CARGO_BUILD_",
    "CARGO_ENCODED_",
    "CARGO_MANIFEST_",
    "CARGO_PKG_",
    "CARGO_TARGET_",
    "LD_LIBRARY_PATH",
    "RUSTC",
    "RUSTDOC",
    "RUSTFLAGS",
    "RUSTUP_TOOLCHAIN",
];
/// The linker of the object: set-up builds it, or the user has one.
pub const LINKER: Tool = Tool("bpf-linker");

/// A compiler and a linker for eBPF on this machine.
pub struct Toolchain {
    compiler: Compiler,
    linker: PathBuf,
}

impl Toolchain {
    /// Finds a compiler and a linker without installing any.
    pub fn find() -> Option<Self> {
        Some(Self {
            compiler: Compiler::find()?,
            linker: LINKER.find()?,
        })
    }

    /// Returns one line that describes the toolchain.
    pub fn describe(&self) -> String {
        let compiler = match self.compiler {
            Compiler::Nightly => "rustup nightly with rust-src".to_owned(),
            Compiler::System => format!("{SYSTEM_RUSTC} with its BPF core library"),
        };
        format!("{compiler}, {}", project::short(&self.linker))
    }

    /// Returns a cargo that builds the eBPF package for kernels of an architecture; `verb` is
    /// `build` or `clippy`.
    fn cargo(&self, verb: &str, arch: &str) -> Command {
        let linker = format!("-Clinker={}", self.linker.display());
        // Its own architecture says nothing of the kernel's: the crate aya-ebpf names the cfg.
        let kernel = format!("--cfg=bpf_target_arch=\"{arch}\"");
        // v3 (Linux 5.1) has 32-bit arithmetic and more jumps. rustc passes it to the linker.
        let flags = [
            "-Cdebuginfo=2",
            "-Clink-arg=--btf",
            "-Ctarget-cpu=v3",
            &kernel,
            "--check-cfg=cfg(bpf_target_arch, values(any()))",
            &linker,
        ];
        let mut command = self.compiler.cargo(verb);
        command
            .current_dir(project::root())
            .args(["--package", "profiler-ebpf", "--release"])
            .args(["--target", TARGET, "--target-dir"])
            .arg(output_of(arch))
            .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"));
        command
    }
}

/// Compiles the eBPF programs to `.cache/ebpf/kontrast-ebpf`, where `profiler` embeds them from.
pub fn build(toolchain: &Toolchain) -> Result<()> {
    build_for(toolchain, ARCH, &project::cache("ebpf/kontrast-ebpf"))
}

/// Compiles the eBPF programs for kernels of arm64. Only numbers of system calls and the registers
/// of some contexts differ.
pub fn build_for_aarch64(toolchain: &Toolchain) -> Result<()> {
    build_for(toolchain, "aarch64", &object_of_aarch64())
}

/// Returns the path of the eBPF programs for kernels of arm64.
pub fn object_of_aarch64() -> PathBuf {
    project::cache("ebpf/kontrast-ebpf-aarch64")
}

fn build_for(toolchain: &Toolchain, arch: &str, object: &Path) -> Result<()> {
    process::run(&mut toolchain.cargo("build", arch))?;
    let built = output_of(arch).join(TARGET).join("release/kontrast-ebpf");
    copy_if_changed(&built, object)
}

/// Returns the folder of cargo's output.
fn output_of(arch: &str) -> PathBuf {
    match arch {
        ARCH => project::cache("ebpf-target"),
        other => project::cache(&format!("ebpf-target-{other}")),
    }
}

/// Lints the eBPF programs and denies warnings.
pub fn clippy(toolchain: &Toolchain) -> Result<()> {
    process::run(
        toolchain
            .cargo("clippy", ARCH)
            .args(["--", "-D", "warnings"]),
    )
}

/// Copies a file whose content differs. An unchanged object keeps its time stamp, so that
/// `profiler` is not built again.
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

/// A compiler that has, or can build, the core library for BPF.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compiler {
    /// A nightly of rustup with rust-src, which compiles the core library.
    Nightly,
    /// A system rustc whose packages include the core library for BPF.
    System,
}

impl Compiler {
    /// Finds a complete one.
    pub fn find() -> Option<Self> {
        [Self::Nightly, Self::System]
            .into_iter()
            .find(|compiler| compiler.is_complete())
    }

    fn is_complete(self) -> bool {
        let folder = match self {
            Self::Nightly => self
                .rustc(&["--print", "sysroot"])
                .map(|root| format!("{root}/lib/rustlib/src/rust/library/core")),
            Self::System => self.rustc(&["--print", "target-libdir", "--target", TARGET]),
        };
        folder.is_some_and(|folder| Path::new(&folder).is_dir())
    }

    /// Returns the major version of its LLVM, which the linker must match.
    pub fn llvm_major(self) -> Option<String> {
        llvm_major(&self.rustc(&["-vV"])?)
    }

    /// Whether it has a `clippy`.
    pub fn has_clippy(self) -> bool {
        match self {
            Self::Nightly => process::output(self.cargo("clippy").arg("--version")).is_some(),
            Self::System => Path::new(SYSTEM_CLIPPY).is_file(),
        }
    }

    fn cargo(self, verb: &str) -> Command {
        // Called by name, cargo would start rustup's clippy, which belongs to another compiler.
        let program = match (self, verb) {
            (Self::Nightly, _) => "cargo",
            (Self::System, "clippy") => SYSTEM_CLIPPY,
            (Self::System, _) => SYSTEM_CARGO,
        };
        let mut command = Command::new(program);
        process::forget(&mut command, HOST_SIDE);
        match self {
            Self::Nightly => command
                .env("RUSTUP_TOOLCHAIN", "nightly")
                .args([verb, "-Zbuild-std=core"]),
            Self::System => command
                .env("CARGO", SYSTEM_CARGO)
                .env("RUSTC", SYSTEM_RUSTC)
                .env("RUSTC_BOOTSTRAP", "1")
                .arg(verb),
        };
        command
    }

    fn rustc(self, arguments: &[&str]) -> Option<String> {
        let mut command = match self {
            Self::Nightly => {
                let mut rustup = Command::new("rustup");
                rustup.args(["run", "nightly", "rustc"]);
                rustup
            }
            Self::System => Command::new(SYSTEM_RUSTC),
        };
        process::forget(&mut command, HOST_SIDE);
        process::output(command.args(arguments))
    }
}

fn llvm_major(version: &str) -> Option<String> {
    let full = version
        .lines()
        .find_map(|line| line.strip_prefix("LLVM version: "))?;
    Some(full.split('.').next()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_llvm_version_of_the_compiler() {
        let version = "rustc 1.96.0\nhost: x86_64-unknown-linux-gnu\nLLVM version: 22.1.8\n";
        assert_eq!(llvm_major(version).as_deref(), Some("22"));
        assert_eq!(llvm_major("rustc 1.96.0"), None);
    }

    #[test]
    fn keeps_the_time_stamp_of_an_unchanged_object() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("deep/to"));
        fs::write(&from, "one").unwrap();
        copy_if_changed(&from, &to).unwrap();
        let before = fs::metadata(&to).unwrap().modified().unwrap();
        copy_if_changed(&from, &to).unwrap();
        assert_eq!(fs::metadata(&to).unwrap().modified().unwrap(), before);
        fs::write(&from, "two").unwrap();
        copy_if_changed(&from, &to).unwrap();
        assert_eq!(fs::read_to_string(&to).unwrap(), "two");
    }
}
