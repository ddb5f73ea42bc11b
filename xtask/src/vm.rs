//! `cargo xtask test --vm`: the tests of counts on other kernels, each booted in a virtual machine.

mod initramfs;
mod kernels;
mod programs;
mod table;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};

use crate::setup::{self, Need};
use crate::{build, process};
use kernels::Kernel;
use table::Column;

/// Time limit of one kernel in seconds, boot included.
const PATIENCE: &str = "300";
/// Tests that run on each kernel: exact counts, with all checks.
const TESTS: &str = "counts::";

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
    KONTRAST_TEST_PREBUILT=1 RUST_BACKTRACE=0 kernel-tests "$TESTS" --test-threads=2 2>&1
fi
echo @end
poweroff -f
"#;

/// Boots the kernels whose release begins with one of `wanted`, or all known ones, and writes the
/// table of docs/kernels.md as soon as each known kernel was tried.
pub fn run(wanted: &[String]) -> Result<ExitCode> {
    let kernels = kernels::known(wanted)?;
    setup::ensure(&[Need::Ebpf, Need::Machines])?;
    build::kernel_side()?;
    let (programs, folder) = programs::build()?;
    let init = INIT.replace("$TESTS", TESTS);
    let init = init.replace("$FOLDER", &folder.display().to_string());
    let disk = initramfs::pack(&programs, &init)?;
    let mut columns = Vec::new();
    for kernel in kernels {
        eprintln!("\n── Linux {} (two or three minutes) …", kernel.name);
        columns.push(try_kernel(&kernel, &disk)?);
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

fn try_kernel(kernel: &Kernel, disk: &Path) -> Result<Column> {
    let image = kernel.fetch()?;
    let output = boot(&image, disk)?;
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
fn boot(image: &Path, disk: &Path) -> Result<String> {
    let mut qemu = Command::new("timeout");
    qemu.args([PATIENCE, "qemu-system-x86_64", "-nodefaults", "-no-reboot"])
        .args(["-display", "none", "-serial", "stdio", "-m", "1536"])
        // Emulation: KVM inside a virtual machine may start and then fail. One CPU, whose clock
        // counts instructions, a nanosecond each: a busy host then changes no time that is
        // measured inside. With several, a CPU may run an instruction that another has just
        // changed, as kernels do when they enable a tracepoint, and the kernel crashes.
        .args(["-smp", "1", "-accel", "tcg,thread=single"])
        .args(["-icount", "shift=0,sleep=off"])
        .args(["-append", "console=ttyS0 quiet panic=-1"])
        .arg("-kernel")
        .arg(image)
        .arg("-initrd")
        .arg(disk)
        .stdin(std::process::Stdio::null());
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
