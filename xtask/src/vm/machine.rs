//! Architectures of virtual machines, and how QEMU boots each.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::cache;
use crate::{build, process, project};

/// Seconds until a machine is ended that does not end by itself: many times as long as one takes
/// that has a CPU.
pub const PATIENCE: &str = "1500";

/// An architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Machine {
    /// 64-bit x86.
    X86,
    /// 64-bit Arm.
    Arm64,
}

impl Machine {
    /// Returns the architecture of a kernel by its name, `6.12-arm64`, and the release.
    pub fn of(kernel: &str) -> (Self, &str) {
        match kernel.strip_suffix("-arm64") {
            Some(release) => (Self::Arm64, release),
            None => (Self::X86, kernel),
        }
    }

    /// Returns Debian's name of the architecture.
    pub fn debian(self) -> &'static str {
        match self {
            Self::X86 => "amd64",
            Self::Arm64 => "arm64",
        }
    }

    /// Returns a path for the programs and packages of this architecture.
    pub fn cache(self, name: &str) -> PathBuf {
        match self {
            Self::X86 => cache(name),
            Self::Arm64 => cache("arm64").join(name),
        }
    }

    /// Builds the eBPF programs for this architecture, and returns a cargo command that embeds
    /// them, with the folder of its binaries. Programs for arm64 are static: this machine has no
    /// dynamic linker that lists their libraries.
    pub fn cargo(self) -> Result<(CargoCommand, PathBuf)> {
        match self {
            Self::X86 => {
                build::kernel_side()?;
                Ok((process::cargo, project::target().join("release")))
            }
            Self::Arm64 => {
                build::kernel_side_of_aarch64()?;
                let folder = project::target().join(project::AARCH64).join("release");
                Ok((build::cargo_of_aarch64, folder))
            }
        }
    }

    /// Returns the program that removes symbols.
    pub fn strip(self) -> &'static str {
        match self {
            Self::X86 => "strip",
            Self::Arm64 => "aarch64-linux-gnu-strip",
        }
    }

    /// Returns the command that boots a kernel. The machine ends by itself.
    ///
    /// Emulation: KVM inside a virtual machine may start and then fail. The clock counts
    /// instructions, a nanosecond each: a busy host then changes no time that is measured inside.
    /// The second CPU is offline until a test needs it: with several, a CPU may run an instruction
    /// that another has just changed, as kernels do when they enable a tracepoint, and the kernel
    /// crashes.
    pub fn qemu(self, image: &Path, disk: &Path) -> Command {
        let (program, model, console): (_, &[&str], _) = match self {
            Self::X86 => ("qemu-system-x86_64", &[], "ttyS0"),
            // A server's processor, with the atomic instructions that the kernel's compiler of eBPF
            // uses.
            Self::Arm64 => (
                "qemu-system-aarch64",
                &["-machine", "virt", "-cpu", "neoverse-n1"],
                "ttyAMA0",
            ),
        };
        let mut qemu = Command::new("timeout");
        qemu.args([PATIENCE, program, "-nodefaults", "-no-reboot"])
            .args(model)
            .args(["-display", "none", "-serial", "stdio", "-m", "1536"])
            .args(["-smp", "2", "-accel", "tcg,thread=single"])
            .args(["-icount", "shift=0,sleep=off", "-append"])
            .arg(format!("console={console} quiet panic=-1 maxcpus=1"))
            .arg("-kernel")
            .arg(image)
            .arg("-initrd")
            .arg(disk);
        qemu
    }
}

/// Returns a new cargo command.
pub type CargoCommand = fn() -> Command;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_architecture_from_a_kernels_name() {
        assert_eq!(Machine::of("6.12-arm64"), (Machine::Arm64, "6.12"));
        assert_eq!(Machine::of("6.12"), (Machine::X86, "6.12"));
    }
}
