//! `cargo xtask test --vm`: the tests of counts on other kernels, each booted in a virtual machine.

mod apt;
pub mod ci;
mod column;
mod initramfs;
mod kernels;
mod machine;
pub mod programs;
mod table;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::thread;

use anyhow::{Context, Result, anyhow, bail};

use crate::setup::{self, Need};
use crate::{process, project};
use column::{Column, TIMED_OUT};
use kernels::{Files, Kernel};
use machine::{Machine, PATIENCE};

/// Tests that run on each kernel: exact counts, with all checks, a machine that changes, the probe
/// groups that those do not exercise, and call stacks.
const TESTS: &str = "counts:: machine:: block_io:: dns:: upstreams:: \
    selectors::records_processes_from stacks::keeps stacks::follows";
/// Machines that are emulated at once: each keeps one CPU busy.
const AT_ONCE: usize = 2;
/// Where the driver of loop devices is in the machine.
const DISK: &str = "/lib/loop.ko";

/// Exit code of `timeout` where the time is up.
const TIME_IS_UP: i32 = 124;

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
insmod $DISK
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

/// Boots the kernels whose release begins with one of `wanted`, or all known ones, and renews their
/// columns in the table of docs/kernels.md.
pub fn run(wanted: &[String]) -> Result<ExitCode> {
    let kernels = kernels::known(wanted)?;
    let mut columns = Vec::new();
    for machine in [Machine::X86, Machine::Arm64] {
        let of_machine = |kernel: &&Kernel| kernel.machine() == machine;
        let kernels: Vec<&Kernel> = kernels.iter().filter(of_machine).collect();
        if kernels.is_empty() {
            continue;
        }
        let programs = Programs::prepare(machine)?;
        for some in kernels.chunks(AT_ONCE) {
            let names: Vec<&str> = some.iter().map(|kernel| kernel.name.as_str()).collect();
            eprintln!("\n── Linux {} (four to twenty minutes) …", names.join(", "));
            let fetch = |kernel: &&Kernel| Ok((kernel.fetch()?, (*kernel).clone()));
            let fetched = some.iter().map(fetch).collect::<Result<Vec<_>>>()?;
            let names = some.iter().map(|kernel| kernel.name.clone());
            columns.extend(names.zip(programs.try_on_all(&fetched)?));
        }
    }
    let places = columns
        .iter()
        .map(|(name, column)| Some((kernels::place(name)?, column.clone())));
    table::renew(places.flatten())?;
    let columns: Vec<Column> = columns.into_iter().map(|(_, column)| column).collect();
    print!("{}", table::of(&columns));
    let (passed, failed) = columns.iter().fold((0, 0), |(p, f), column| {
        (p + column.passed, f + column.failed)
    });
    println!("{passed} passed, {failed} failed");
    let is_silent = |column: &Column| column.problem.is_none() && column.passed == 0;
    let is_bad = failed > 0 || columns.iter().any(is_silent);
    Ok(ExitCode::from(u8::from(is_bad)))
}

/// Programs of the machines of an architecture, and the script that starts first.
struct Programs {
    files: Vec<(PathBuf, PathBuf)>,
    init: String,
}

impl Programs {
    /// Sets up and builds.
    fn prepare(machine: Machine) -> Result<Self> {
        setup::ensure(match machine {
            Machine::X86 => &[Need::Ebpf, Need::Machines],
            Machine::Arm64 => &[Need::Ebpf, Need::Aarch64, Need::MachinesOfAarch64],
        })?;
        Ok(Self::with_init(TESTS, programs::build(machine)?))
    }

    /// Adds the script, which runs these tests.
    fn with_init(tests: &str, (files, folder): programs::Packed) -> Self {
        let init = INIT.replace("$TESTS", tests).replace("$DISK", DISK);
        let init = init.replace("$FOLDER", &folder.display().to_string());
        Programs { files, init }
    }

    /// Boots several kernels at once.
    fn try_on_all(&self, kernels: &[(Files, Kernel)]) -> Result<Vec<Column>> {
        thread::scope(|scope| {
            let boot = |(files, kernel)| scope.spawn(move || self.try_on(kernel, files));
            let pairs = kernels.iter().map(|(files, kernel)| (files, kernel));
            let machines: Vec<_> = pairs.map(boot).collect();
            let mut columns = machines.into_iter().map(|machine| machine.join());
            columns.try_fold(Vec::new(), |mut columns, column| {
                columns.push(column.map_err(|_| anyhow!("a machine's thread panicked"))??);
                Ok(columns)
            })
        })
    }

    /// Boots a kernel with them.
    fn try_on(&self, kernel: &Kernel, files: &Files) -> Result<Column> {
        let mut packed = self.files.clone();
        packed.push((files.disk.clone(), PathBuf::from(DISK)));
        let disk = cache(&kernel.name).join("initramfs");
        initramfs::pack(kernel.machine(), &packed, &self.init, &disk)?;
        let log = kernel.log();
        eprintln!("  its output: {}", project::short(&log));
        let output = boot(kernel.machine().qemu(&files.image, &disk), &log)?;
        fs::remove_file(&disk).context("cannot remove the machine's file system")?;
        let column = Column::read(&output).with_context(|| {
            format!("Linux {}: its output is in {}", kernel.name, log.display())
        })?;
        for test in &column.failures {
            eprintln!("failed: {test} ({})", log.display());
        }
        eprintln!(
            "Linux {}: {} passed, {} failed",
            column.release, column.passed, column.failed
        );
        Ok(column)
    }
}

/// Boots, and returns all that the machine prints on its serial line, which the log has meanwhile.
/// A last line says so if the machine ran out of time.
fn boot(mut qemu: Command, log: &Path) -> Result<String> {
    let cannot = || format!("cannot write {}", log.display());
    let file = File::create(log).with_context(cannot)?;
    qemu.stdin(Stdio::null()).stdout(file);
    let ended = qemu.status();
    let ended = ended.with_context(|| format!("cannot start {}", process::shown(&qemu)))?;
    let text = fs::read(log).with_context(|| format!("cannot read {}", log.display()))?;
    let mut text = String::from_utf8_lossy(&text).replace('\r', "");
    if ended.code() == Some(TIME_IS_UP) {
        text += &format!("\n{}{PATIENCE} s\n", TIMED_OUT);
    }
    if text.is_empty() {
        bail!("QEMU printed nothing: its error stands above");
    }
    fs::write(log, &text).with_context(cannot)?;
    Ok(text)
}

/// Returns a path for images and programs of virtual machines.
fn cache(name: &str) -> PathBuf {
    project::cache("vm").join(name)
}
