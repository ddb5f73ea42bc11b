//! Debian's packages, where installing them needs no password.

use std::process::Command;
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, bail};
use nix::unistd::geteuid;

use crate::process;

/// How long another apt may hold the lock.
const LOCK_PATIENCE: Duration = Duration::from_secs(600);
/// Between two attempts to get the lock.
const LOCK_POLL: Duration = Duration::from_secs(2);

/// Installs packages. If it cannot, the error has the command to type.
pub fn install(packages: &[&str]) -> Result<()> {
    let installed = may_install().and_then(|()| {
        update();
        let arguments = ["install", "-y", "-qq", "--no-install-recommends"];
        apt_get(&[&arguments, packages].concat())
    });
    installed.map_err(|error| {
        anyhow!(
            "{error:#}; to do it yourself: sudo apt-get install -y {}",
            packages.join(" ")
        )
    })
}

/// Checks that apt-get works here without a password.
pub fn may_install() -> Result<()> {
    if process::which("apt-get").is_none() {
        bail!("no apt-get here");
    }
    if geteuid().is_root() || process::output(Command::new("sudo").args(["-n", "true"])).is_some() {
        return Ok(());
    }
    bail!("not root, and sudo would ask for a password");
}

/// Whether the package lists contain this package.
pub fn offers(package: &str) -> bool {
    update();
    process::output(Command::new("apt-cache").args(["policy", package]))
        .is_some_and(|text| text.contains("Candidate:") && !text.contains("Candidate: (none)"))
}

/// Refreshes the package lists, once. Old lists may suffice, so a failure is only reported.
fn update() {
    static ONCE: OnceLock<()> = OnceLock::new();
    ONCE.get_or_init(|| {
        if let Err(error) = apt_get(&["update", "-qq"]) {
            eprintln!("  apt-get update: {error:#}; going on with the lists there are");
        }
    });
}

fn apt_get(arguments: &[&str]) -> Result<()> {
    let words = [
        "LC_ALL=C",
        "DEBIAN_FRONTEND=noninteractive",
        "apt-get",
        "-o",
        "DPkg::Lock::Timeout=60",
    ];
    let begun = Instant::now();
    loop {
        let done = process::run_quietly(process::as_root("env", &words).args(arguments));
        let Err(error) = done else { return Ok(()) };
        // apt waits for dpkg's lock, but not for those of lists and archives.
        let text = error.to_string();
        let locked = text.contains("Unable to lock") || text.contains("Unable to acquire");
        if !locked || begun.elapsed() > LOCK_PATIENCE {
            return Err(error);
        }
        thread::sleep(LOCK_POLL);
    }
}
