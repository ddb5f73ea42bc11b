//! `cargo xtask test --vm`: the tests of counts on other kernels, each booted in a virtual machine.

mod apt;
mod initramfs;
mod kernels;
mod machine;
mod programs;
mod table;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};

use crate::process;
use crate::setup::{self, Need};
use kernels::Kernel;
use machine::Machine;
use table::Column;

/// Tests that run on each kernel: exact counts, with all checks, and a machine that changes.
const TESTS: &str = "counts:: machine::";

/// Script that the virtual machine starts first. `@…` lines divide its output for
/// [`Column::read`].
const INIT: &str = r#"#!/bin/busybox sh
export PATH=/bin
/bin/busybox --install -s /bin
mkdir -p /proc /sys /dev /tmp /etc
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mount -t cgroup2 cgroup /sys/fs/cgroup
ip link set lo up
ln -s "$FOLDER/kontrast" /bin/kontrast
echo 'root:x:0:0:::' > /etc/passwd
echo 'user:x:1000:1000:::' >> /etc/passwd
echo "@kernel $(uname -r)"
echo @doctor
kontrast doctor --json && CAN_RECORD=1
echo @doctor of uid 1000
su -s /bin/sh user -c 'kontrast doctor' 2>&1
echo @tests
if [ "$CAN_RECORD" ]; then
    KONTRAST_TEST_PREBUILT=1 RUST_BACKTRACE=0 kernel-tests $TESTS --include-ignored --test-threads=2 2>&1
fi
echo @end
poweroff -f
"#;

/// Boots the kernels whose release begins with one of `wanted`, or all known ones, and writes the
/// table of docs/kernels.md as soon as each known kernel was tried.
pub fn run(wanted: &[String]) -> Result<ExitCode> {
    let kernels = kernels::known(wanted)?;
    let mut columns = Vec::new();
    for machine in [Machine::X86, Machine::Arm64] {
        let of_machine = |kernel: &&Kernel| kernel.machine() == machine;
        let kernels: Vec<&Kernel> = kernels.iter().filter(of_machine).collect();
        if kernels.is_empty() {
            continue;
        }
        let disk = prepare(machine)?;
        for kernel in kernels {
            eprintln!("\n── Linux {} (three to eight minutes) …", kernel.name);
            columns.push(try_kernel(kernel, &disk)?);
        }
    }
    if let Some(all) = latest() {
        table::write(&all)?;
    }
    print!("{}", table::of(&columns));
    let (passed, failed) = columns.iter().fold((0, 0), |(p, f), column| {
        (p + column.passed, f + column.failed)
    });
    println!("{passed} passed, {failed} failed");
    let is_silent = |column: &Column| column.problem.is_none() && column.passed == 0;
    let is_bad = failed > 0 || columns.iter().any(is_silent);
    Ok(ExitCode::from(u8::from(is_bad)))
}

/// Sets up and builds what machines of an architecture run, and returns their file system.
fn prepare(machine: Machine) -> Result<PathBuf> {
    setup::ensure(match machine {
        Machine::X86 => &[Need::Ebpf, Need::Machines],
        Machine::Arm64 => &[Need::Ebpf, Need::Aarch64, Need::MachinesOfAarch64],
    })?;
    let (programs, folder) = programs::build(machine)?;
    let init = INIT.replace("$TESTS", TESTS);
    let init = init.replace("$FOLDER", &folder.display().to_string());
    initramfs::pack(machine, &programs, &init)
}

fn try_kernel(kernel: &Kernel, disk: &Path) -> Result<Column> {
    let image = kernel.fetch()?;
    let output = boot(kernel.machine().qemu(&image, disk))?;
    let log = kernel.log();
    std::fs::write(&log, &output).with_context(|| format!("cannot write {}", log.display()))?;
    let column = Column::read(&output)
        .with_context(|| format!("Linux {}: its output is in {}", kernel.name, log.display()))?;
    for test in &column.failures {
        eprintln!("failed: {test} ({})", log.display());
    }
    eprintln!(
        "Linux {}: {} passed, {} failed",
        column.release, column.passed, column.failed
    );
    Ok(column)
}

/// Returns the latest results of all known kernels, if each of them was tried.
fn latest() -> Option<Vec<Column>> {
    let all = kernels::known(&[]).ok()?;
    let column = |kernel: &Kernel| {
        let output = std::fs::read_to_string(kernel.log()).ok()?;
        Column::read(&output).ok()
    };
    all.iter().map(column).collect()
}

/// Boots, and returns all that the machine prints on its serial line.
fn boot(mut qemu: Command) -> Result<String> {
    qemu.stdin(std::process::Stdio::null());
    let output = qemu
        .output()
        .with_context(|| format!("cannot start {}", process::shown(&qemu)))?;
    let text = String::from_utf8_lossy(&output.stdout).replace('\r', "");
    if text.is_empty() {
        bail!("qemu: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(text)
}

/// Returns a path for images and programs of virtual machines.
fn cache(name: &str) -> PathBuf {
    crate::project::cache("vm").join(name)
}
