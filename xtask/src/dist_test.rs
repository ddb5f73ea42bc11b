//! `cargo xtask test --dist`: installs the package into a new Debian, and records something there.

use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use crate::setup::{self, Need};
use crate::tally::{Counts, Tally};
use crate::{dist, process, project};

/// Runs in a new mount namespace, so that nothing stays mounted. `$1` is the root of the new
/// Debian, `$2` the user and group or nothing, `$3` a script, which has nothing of this machine but
/// its kernel.
const INSIDE: &str = r#"
set -e
mount -t proc proc "$1/proc"
mount -t sysfs sysfs "$1/sys"
mount -t tmpfs tmpfs "$1/tmp"
exec chroot ${2:+--userspec="$2"} "$1" sh -ec "$3"
"#;

/// Records a command, reports it, and looks for its system call in the recording.
const RECORD: &str = "cd /tmp; kontrast record --out out -- sleep 0.2; \
                      kontrast report out --format text > report; \
                      grep -q '\"clock_nanosleep\"' out/recording.json";
const ROOT: &str = "";
/// A user without privileges.
const USER: &str = "65534:65534";
/// The capabilities that docs/install.md grants.
const CAPABILITIES: &str = "cap_bpf,cap_perfmon,cap_sys_ptrace+ep";

/// Packs, installs and tests.
pub fn run() -> Result<ExitCode> {
    setup::ensure(&[Need::Debootstrap])?;
    let packages = dist::dist()?;
    let deb = packages.deb.context("this test needs dpkg-deb")?;
    let root = project::target().join("packages/debian");
    remove(&root)?;
    eprintln!(
        "making a new Debian in {} (a minute or two) …",
        project::short(&root)
    );
    let place = root
        .to_str()
        .context("the path of the checkout is no text")?;
    let make = ["--variant=minbase", "stable", place];
    process::run_quietly(&mut process::as_root("debootstrap", &make))?;
    let mut tally = Tally::default();
    tally.step("install", || install(&deb, &root));
    tally.step("help", || has_help(&root));
    tally.step("record as root", || check(&mut inside(&root, ROOT, RECORD)));
    tally.step("refuse a user", || refuses_a_user(&root));
    tally.step("setcap", || records_with_setcap(&root));
    let end = tally.close();
    remove(&root)?;
    Ok(end)
}

fn remove(root: &Path) -> Result<()> {
    if !root.exists() {
        return Ok(());
    }
    let mut remove = process::as_root("rm", &["--recursive", "--one-file-system"]);
    process::run(remove.arg(root))
}

/// Returns a command that runs a script in the new Debian.
fn inside(root: &Path, user: &str, script: &str) -> Command {
    let mut command = process::as_root("unshare", &["--mount", "sh", "-c", INSIDE, "sh"]);
    command.arg(root).args([user, script]);
    command
}

/// Counts a command that succeeds.
fn check(command: &mut Command) -> Result<Counts> {
    process::run(command).map(|()| Counts::ONE)
}

fn install(deb: &Path, root: &Path) -> Result<Counts> {
    let mut copy = process::as_root("cp", &[]);
    process::run(copy.arg(deb).arg(root.join("kontrast.deb")))?;
    check(&mut inside(root, ROOT, "dpkg --install /kontrast.deb"))
}

/// Looks for files that users find by other programs.
fn has_help(root: &Path) -> Result<Counts> {
    let files = "/usr/share/man/man1/kontrast-record.1 \
                 /usr/share/bash-completion/completions/kontrast /usr/libexec/kontrast/loadgen";
    let script = format!("kontrast --version; for file in {files}; do test -s $file; done");
    check(&mut inside(root, ROOT, &script))
}

/// A user without capabilities gets the remedy.
fn refuses_a_user(root: &Path) -> Result<Counts> {
    let script = "cd /tmp; ! kontrast record -- true 2> message; grep -q setcap message";
    check(&mut inside(root, USER, script))
}

/// The remedy serves: `setcap` on the installed program.
fn records_with_setcap(root: &Path) -> Result<Counts> {
    let mut setcap = process::as_root("setcap", &[CAPABILITIES]);
    process::run(setcap.arg(root.join("usr/bin/kontrast")))?;
    check(&mut inside(root, USER, RECORD))
}
